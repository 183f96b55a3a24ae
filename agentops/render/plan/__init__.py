"""A plan and its field changes."""
