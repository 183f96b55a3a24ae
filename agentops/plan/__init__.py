"""Compares what the project wants with what the platform serves. Pure: no YAML, no HTTP, no clock."""
