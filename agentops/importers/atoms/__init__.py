"""Agents of an Atoms account become specs, and console edits come back into specs that are there."""
