"""Executes a plan through a writer port: staged, verified, journalled, and restored where it went wrong."""

from agentops.apply.engine import apply_plan
from agentops.apply.model import ApplyOptions, ApplyResult, Hooks

__all__ = ["ApplyOptions", "ApplyResult", "Hooks", "apply_plan"]
