"""Use cases: each wires the platform's port to the pure core and returns a value. Nothing here prints."""
