"""Every constant that the line depends on: how it is measured, one procedure a file, and how it is kept."""
