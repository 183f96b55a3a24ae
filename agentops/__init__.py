"""agentops keeps the voice agents of a Smallest AI Atoms account as code.

Follow one agent file from disk to live: `spec` reads and resolves it to a document, `remote` observes what the
platform serves, `plan` compares the two, `apply` carries the plan out, `calls` listens to the result.
`workflow` strings these together, `cli` talks to people, `render` turns results into text, Markdown, JSON and HTML.
"""

__version__ = "0.1.0"
