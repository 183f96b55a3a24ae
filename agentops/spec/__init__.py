"""The spec language: from a folder of YAML and Markdown to the agents it describes in one environment."""

from agentops.spec.project import Project, find_root, load_project
from agentops.spec.scope import GitFacts

__all__ = ["GitFacts", "Project", "find_root", "load_project"]
