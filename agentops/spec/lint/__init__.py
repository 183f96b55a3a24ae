"""Rules about what is valid and still hurts a phone line."""

from agentops.spec.lint.run import lint_errors, lint_project

__all__ = ["lint_errors", "lint_project"]
