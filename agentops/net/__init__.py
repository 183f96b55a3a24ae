"""HTTP as the rest of agentops sees it: one client that paces, retries what may be retried, and types every failure."""

from agentops.net.answers import Answer
from agentops.net.client import Http, NetOptions, RetryPolicy, platform_origin

__all__ = ["Answer", "Http", "NetOptions", "RetryPolicy", "platform_origin"]
