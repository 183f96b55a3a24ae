"""GitHub Actions as a place to run in: reading what happened, and telling it back as comments, checks and issues.

`event` and `approval` are pure readings of what GitHub says; `github` holds the REST calls; `comment`, `issue`, `check`
and `revert` each keep one thing on GitHub up to date. Plans are made and applied elsewhere (`workflow`).
"""
