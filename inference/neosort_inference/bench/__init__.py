"""Measurements of the product on the simulated line: what a figure is worth and what it is made of."""
