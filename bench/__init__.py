"""Measurements: each module has a `main()` that measures one thing and prints what it found."""
