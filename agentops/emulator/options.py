"""How an emulator is started, and the choices it makes where no source knows the platform.

Values only. Nothing here decides what a choice means; the module that behaves differently does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentops.emulator.faults import Fault

if TYPE_CHECKING:
    from agentops.emulator.behaviour.language_model import LanguageModel

Api: TypeAlias = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class Choices:
    """One option per fact that no source states. The first of each is the default; `shuffled` picks at random.

    Each option lists what it may be in its metadata, so that the page on fidelity and `shuffled` read the same list.
    """

    conflict_body: str = field(default="lean", metadata={"options": ("lean", "rich")})
    nested_write: str = field(default="merge", metadata={"options": ("merge", "replace")})
    scanning_row: str = field(default="absent", metadata={"options": ("absent", "listed")})
    failed_publish_error: str = field(
        default="security_check_failed", metadata={"options": ("security_check_failed", "draft_rejected", "")}
    )
    draft_counter: str = field(default="restarts", metadata={"options": ("restarts", "continues")})
    active_version_id: str = field(default="live", metadata={"options": ("live", "null")})
    first_message_section: str = field(
        default="call_handling", metadata={"options": ("call_handling", "workflow_prompt", "llm")}
    )
    transcriber_section: str = field(default="language", metadata={"options": ("language", "voice", "audio")})
    knowledge_section: str = field(default="workflow_prompt", metadata={"options": ("workflow_prompt", "llm")})
    sample_rate_section: str = field(default="voice", metadata={"options": ("voice", "audio")})
    knowledge_name: str = field(
        default="globalKnowledgeBaseId", metadata={"options": ("globalKnowledgeBaseId", "globalKnowledgeBase")}
    )
    custom_llm_name: str = field(
        default="customLLMWebSocketUrl", metadata={"options": ("customLLMWebSocketUrl", "llmWebSocketUrl")}
    )
    tool_refs_name: str = field(default="toolRefs", metadata={"options": ("toolRefs", "toolReferences")})
    talking_events: str = field(default="underscore", metadata={"options": ("underscore", "dotted")})
    mirrors: str = field(default="live", metadata={"options": ("live", "creation")})
    scan_scope: str = field(default="everything", metadata={"options": ("everything", "prompts")})
    control_characters: str = field(default="escaped", metadata={"options": ("escaped", "raw")})
    created_data: str = field(default="string", metadata={"options": ("string", "object")})
    duplicate_name: str = field(default="kept", metadata={"options": ("kept", "renamed")})
    retired_status: str = field(default="409", metadata={"options": ("409", "404")})
    wrong_key_status: str = field(default="401", metadata={"options": ("401", "500")})
    create_config: str = field(default="kept", metadata={"options": ("kept", "ignored")})

    @classmethod
    def shuffled(cls, seed: int) -> Choices:
        """Every choice at random; the same seed gives the same choices."""
        pick = random.Random(f"choices {seed}")
        return cls(**{each.name: pick.choice(each.metadata["options"]) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """How one emulator runs.

    api:            "v2" is today's platform; "v1" the one before branches existed
    data:           the SQLite file; None keeps everything in memory
    reset:          forgets what the file holds
    keys:           accepted API keys; empty: any that starts with `sk_`
    scan_delay_s:   how long a security scan takes
    scan_fails_on:  a scan fails when a prompt or first message holds one of these words (any case)
    scan_errors_on: the same for a scan that breaks instead of judging
    analytics_delay_s: how long after its end a call's analytics appear
    late_listing_s: how long a new revision is missing from lists after it was committed
    behaviours:     behaviour files for the realtime side, by path
    faults:         what to break from the start
    seed_file:      what to fill a new account with
    seed:           makes ids and choices repeatable; None: random ids
    client_tools:   offers the unconfirmed client tools on the WebSocket
    language_model: answers callers instead of the behaviour files' turns
    allow_tool_calls: `api_call` tools really perform their HTTP requests
    rate_limit:     requests a second that are answered; None: all
    """

    api: Api = "v2"
    host: str = "127.0.0.1"
    port: int = 0
    data: Path | None = None
    reset: bool = False
    keys: tuple[str, ...] = ()
    scan_delay_s: float = 0.02
    scan_fails_on: tuple[str, ...] = ("jailbreak-me",)
    scan_errors_on: tuple[str, ...] = ("crash-the-scan",)
    analytics_delay_s: float = 0.0
    late_listing_s: float = 0.0
    choices: Choices = Choices()
    behaviours: tuple[Path, ...] = ()
    faults: tuple[Fault, ...] = ()
    seed_file: Path | None = None
    seed: int | None = None
    client_tools: bool = False
    language_model: LanguageModel | None = None
    allow_tool_calls: bool = False
    rate_limit: float | None = None
