"""Two sides of agents compared."""
