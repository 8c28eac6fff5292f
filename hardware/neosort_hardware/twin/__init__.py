"""The simulated belt: one world behind all simulated devices."""
