"""HTTP as the rest of agentops sees it: one client that paces, retries what may be retried, and types every failure."""

from agentops.net.answers import Answer, error_of
from agentops.net.client import Dialect, Exchange, Http, NetOptions, RetryPolicy
from agentops.net.origin import platform_origin
from agentops.net.pace import Tiers
from agentops.net.transport import Transport, Upload

__all__ = [
    "Answer",
    "Dialect",
    "Exchange",
    "Http",
    "NetOptions",
    "RetryPolicy",
    "Tiers",
    "Transport",
    "Upload",
    "error_of",
    "platform_origin",
]
