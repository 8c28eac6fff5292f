"""What is learned from: belt windows, recordings of the line, labelled stores, and the synthetic generator."""
