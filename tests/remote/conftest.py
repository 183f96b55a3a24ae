"""The tests against a real account are there only for who brings a key."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("AGENTOPS_LIVE_API_KEY") else ["test_remote_live.py"]
