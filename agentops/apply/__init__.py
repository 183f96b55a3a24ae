"""Executes a plan through a writer port: staged, verified, journalled, and restored where it went wrong."""
