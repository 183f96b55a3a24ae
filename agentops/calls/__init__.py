"""Scripted calls: a caller that speaks and listens over the agent's WebSocket, and reports what it heard.

`script` checks what an author wrote, `preparing` makes it ready, `run` makes one call and `schedule` many, `folder`
keeps what was recorded; `model` is what they report. Nothing here reads YAML, talks HTTP or prints. Nothing is imported
here, so that whoever only checks a script does not load what calls.
"""
