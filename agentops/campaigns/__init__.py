"""Outbound campaigns: their files, the people they call, when they may call, and what came of it.

Pure but for reading the campaign's own file. About people nothing leaves this package but counts and line numbers.
"""
