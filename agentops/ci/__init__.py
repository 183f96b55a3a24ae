"""GitHub Actions as a place to run in: reading what happened, and reporting back in comments and issues.

`event` and `approval` are pure readings of what GitHub says; `github` holds the REST calls; `comment`, `issue`,
`revert` and `pulling` each keep one thing on GitHub up to date. Plans are made and applied elsewhere (`workflow`).
"""
