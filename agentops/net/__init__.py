"""HTTP as the rest of agentops sees it: one client that paces, retries what may be retried, and types every failure."""

from agentops.net.answers import Answer, error_of
from agentops.net.client import Dialect, Http, NetOptions, RetryPolicy, platform_origin
from agentops.net.library import Transport

__all__ = ["Answer", "Dialect", "Http", "NetOptions", "RetryPolicy", "Transport", "error_of", "platform_origin"]
