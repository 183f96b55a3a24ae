"""HTTP as the rest of agentops sees it: one client that paces, retries what may be retried, and types every failure."""

from agentops.net.answers import Answer, error_of
from agentops.net.client import Dialect, Http, NetOptions, RetryPolicy, Transport, platform_origin

__all__ = ["Answer", "Dialect", "Http", "NetOptions", "RetryPolicy", "Transport", "error_of", "platform_origin"]
