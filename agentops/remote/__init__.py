"""The platform behind a port: one client, two versioning generations, read names mapped to write names."""

from agentops.remote.branches import Branches
from agentops.remote.connect import connect, detect
from agentops.remote.drafts import Drafts

__all__ = ["Branches", "Drafts", "connect", "detect"]
