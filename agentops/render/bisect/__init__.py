"""Where a call script began to fail, in the formats people and programs read."""
