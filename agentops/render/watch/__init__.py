"""The result of watching an environment, in the formats people and programs read."""
