"""Executes a plan through a writer port: staged, verified, journalled, and restored where it went wrong.

Start at `apply.engine`; `apply.model` has the options, events and results.
"""
