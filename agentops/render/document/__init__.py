"""Resolved agents and where their values come from."""
