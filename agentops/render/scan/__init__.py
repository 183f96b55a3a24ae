"""The findings of a client scan."""
