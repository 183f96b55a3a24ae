"""What became of every value of an import."""
