"""The result of an apply."""
