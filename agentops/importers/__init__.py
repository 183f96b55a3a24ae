"""Brings agents in from elsewhere: from ElevenLabs exports, and from an Atoms account into specs.

Nothing here writes to a platform; files are written by `importers.files` only.
"""
