"""A long run on the simulated line with faults that come and go, and an account of every item in the end."""
