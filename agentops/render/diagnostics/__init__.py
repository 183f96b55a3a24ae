"""Diagnostics and their catalogue."""
