"""Running in GitHub Actions: reading the event, and reporting back in comments, issues and pull requests.

`event` and `approval` interpret what GitHub sends, without I/O; `github` has the REST requests; `comment`, `issue`,
`revert` and `pulling` each keep one thing on GitHub up to date. Plans are made and applied elsewhere (`workflow`).
"""
