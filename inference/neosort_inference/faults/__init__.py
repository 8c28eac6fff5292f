"""What can go wrong on a line, how it is noticed, and what the line does about it."""
