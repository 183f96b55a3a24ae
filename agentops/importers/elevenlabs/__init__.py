"""ElevenLabs agents become specs: reading their many shapes, converting field by field, and accounting for the rest.

Pure functions over parsed JSON, except `folder` (reads files) and `fetching` (asks the API).
"""
