"""What watching an environment came to, in the formats people and programs read."""
