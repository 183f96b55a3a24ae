"""The checks before a write or a publish, the same in both generations.

What a publish then does is in `versions`.
"""

from __future__ import annotations

import re
from typing import Any

from agentops.emulator.rest.library import voices
from agentops.emulator.rest.versioning import configuration
from agentops.emulator.rest.versioning.configuration import Config
from agentops.emulator.rest.versioning.playbook_rules import playbook_problems
from agentops.emulator.rest.wire import ApiError
from agentops.emulator.store.state import Store

LABEL_LIMIT = 200
# "Letters, numbers, spaces and basic punctuation": reported from the live platform, as is that `+` and `/` fail.
LABEL = re.compile(r"[\w \-.,:;!?'\"()#&@]*", re.ASCII)


def check_write(store: Store, body: Any, unrecognised: str) -> Config:
    """The config fields of a draft write. Raises ApiError 400 when there are none or one is wrong, 403 for a gate."""
    if not isinstance(body, dict):
        raise ApiError(400, unrecognised)
    patch = configuration.recognised(body, store.options.choices)
    if not patch:
        raise ApiError(400, unrecognised)
    configuration.check(patch, store.options.choices, knows_voice=lambda voice_id: voices.accepts(store, voice_id))
    return patch


def check_publishable(config: Config, workflow_type: str) -> None:
    """Raises ApiError 400 without a first message or with playbooks that do not fit together; a draft accepts both."""
    if not str(config.get("firstMessage", "")).strip():
        raise ApiError(400, "A first message is required to publish this agent.")
    if workflow_type == "multi_agents" and (wrong := playbook_problems(config.get("playbooks"))):
        raise ApiError(400, *wrong)


def check_label(body: Any) -> str | None:
    """The label of a publish, or None. Raises ApiError 400; the text does not say which field it means."""
    label = body.get("label") if isinstance(body, dict) else None
    if label is None:
        return None
    if not isinstance(label, str):
        raise ApiError(400, "label: Expected string, received " + ("boolean" if isinstance(label, bool) else "number"))
    if len(label) > LABEL_LIMIT:
        raise ApiError(400, f"label: String must contain at most {LABEL_LIMIT} character(s)")
    if not LABEL.fullmatch(label):
        raise ApiError(400, "Only letters, numbers, spaces and basic punctuation are allowed")
    return label
