"""Two revisions side by side, in the formats people and programs read."""
