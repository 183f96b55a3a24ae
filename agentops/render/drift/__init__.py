"""What was changed outside git."""
