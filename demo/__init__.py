"""A first look: `make demo`."""
