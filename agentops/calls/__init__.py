"""Scripted calls: a caller that speaks and listens over the agent's WebSocket, and reports what it heard.

`script` checks what an author wrote, `prepare` makes it ready, `run` makes one call and `schedule` many, `call_files`
keeps what was recorded; `report` holds what they report. Nothing here reads YAML, talks HTTP or prints. Nothing is
imported here, so that whoever only checks a script doesn't load what calls.
"""
