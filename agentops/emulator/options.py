"""How an emulator is started, and the switches: what it does where no source settles what the platform does.

Values only. Nothing here decides what a switch means; the module that behaves differently does.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from agentops.emulator.faults import Fault

if TYPE_CHECKING:
    from agentops.emulator.behaviour.language_model import LanguageModel

Api: TypeAlias = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class Switch:
    """One open question about the platform, as data.

    name:     of the field in `Choices`, and in `--switch NAME=VALUE`
    question: its row in docs/platform-assumptions.md
    allowed:  the answers, the default first
    source:   where the default comes from
    """

    name: str
    question: str
    allowed: tuple[str, ...]
    source: str

    @property
    def default(self) -> str:
        return self.allowed[0]


def _switch(question: str, *allowed: str, source: str) -> Any:
    return field(default=allowed[0], metadata={"question": question, "allowed": allowed, "source": source})


@dataclass(frozen=True, slots=True)
class Choices:
    """The answer to every open question: one field a switch. `SWITCHES` is the same as data."""

    conflict_body: Literal["lean", "rich"] = _switch(
        "does a conflict say which revisions and sections clash",
        *("lean", "rich"),
        source="answers of production; the development host gave the rich body",
    )
    single_prompt_write: Literal["merge", "replace"] = _switch(
        "does a write of singlePromptConfig with the prompt alone keep the tools",
        *("merge", "replace"),
        source="the vendor's MCP server 0.11.2 writes the prompt or the tools alone",
    )
    analytics_write: Literal["replace", "merge"] = _switch(
        "does a write of postCallAnalyticsConfig take away what it does not name",
        *("replace", "merge"),
        source="the vendor's MCP server 0.11.2 sends the summary prompt again with every change",
    )
    nested_write: Literal["merge", "replace"] = _switch(
        "is any other nested object merged or replaced by a write",
        *("merge", "replace"),
        source="guess; only the synthesizer has been seen to be merged",
    )
    unknown_keys: Literal["kept", "dropped"] = _switch(
        "is a configuration key that the schema does not name stored",
        *("kept", "dropped"),
        source="guess; clients send keys that the schema lacks and read them back",
    )
    transcriber_types: Literal["listed", "any"] = _switch(
        "which values transcriberType takes",
        *("listed", "any"),
        source="the vendor's MCP server 0.11.2 knows pulse and pulse-legacy",
    )
    fork_head: Literal["none", "source"] = _switch(
        "does a new branch have a head revision before its first commit",
        *("none", "source"),
        source="the published schema and the vendor's versioning probe",
    )
    number_move: Literal["moved", "refused"] = _switch(
        "what happens when an agent takes a number that another agent has",
        *("moved", "refused"),
        source="the vendor's MCP server 0.11.2; the page on phone numbers says refused",
    )
    config_revision: Literal["given", "absent"] = _switch(
        "does reading an agent give the draft revision that the next write may expect",
        *("given", "absent"),
        source="the vendor's MCP server 0.11.2 sends _configRevision back as expectedRevision",
    )
    scanning_row: Literal["absent", "listed"] = _switch(
        "is a scanning revision listed", *("absent", "listed"), source="the page on versioning"
    )
    failed_publish_error: Literal["security_check_failed", "draft_rejected", ""] = _switch(
        "what a publish of a draft that failed its scan answers",
        *("security_check_failed", "draft_rejected", ""),
        source="guess",
    )
    draft_counter: Literal["restarts", "continues"] = _switch(
        "does the draft counter start again after a publish", *("restarts", "continues"), source="guess"
    )
    active_version_id: Literal["live", "null"] = _switch(
        "is activeVersionId kept up to date on v2",
        *("live", "null"),
        source="the published schema; one report says it stays null",
    )
    first_message_section: Literal["call_handling", "workflow_prompt", "llm"] = _switch(
        "in which section the first message is stored", *("call_handling", "workflow_prompt", "llm"), source="guess"
    )
    transcriber_section: Literal["language", "voice", "audio"] = _switch(
        "in which section the transcriber is stored", *("language", "voice", "audio"), source="guess"
    )
    knowledge_section: Literal["workflow_prompt", "llm"] = _switch(
        "in which section the knowledge base is stored", *("workflow_prompt", "llm"), source="guess"
    )
    sample_rate_section: Literal["voice", "audio"] = _switch(
        "in which section the sample rate is stored", *("voice", "audio"), source="guess"
    )
    knowledge_name: Literal["globalKnowledgeBaseId", "globalKnowledgeBase"] = _switch(
        "under which name globalKnowledgeBaseId is read back",
        *("globalKnowledgeBaseId", "globalKnowledgeBase"),
        source="guess",
    )
    custom_llm_name: Literal["customLLMWebSocketUrl", "llmWebSocketUrl"] = _switch(
        "under which name customLLMWebSocketUrl is read back",
        *("customLLMWebSocketUrl", "llmWebSocketUrl"),
        source="guess",
    )
    tool_refs_name: Literal["toolRefs", "toolReferences"] = _switch(
        "under which name singlePromptConfig.toolRefs is read back", *("toolRefs", "toolReferences"), source="guess"
    )
    talking_events: Literal["underscore", "dotted"] = _switch(
        "how the socket spells the start and stop of the agent's voice",
        *("underscore", "dotted"),
        source="captured calls of 2026; a changelog has the dotted spelling",
    )
    mirrors: Literal["live", "creation"] = _switch(
        "do the fields beside _resolvedConfig follow what serves", *("live", "creation"), source="the published schema"
    )
    scan_scope: Literal["everything", "prompts"] = _switch(
        "does a change outside the prompts need a scan", *("everything", "prompts"), source="guess"
    )
    control_characters: Literal["escaped", "raw"] = _switch(
        "do JSON bodies hold unescaped control characters",
        *("escaped", "raw"),
        source="JSON itself; one report from production has raw line breaks",
    )
    created_data: Literal["string", "object"] = _switch(
        "does a create answer the id alone or an object",
        *("string", "object"),
        source="answers of production; clients accept both",
    )
    duplicate_name: Literal["kept", "renamed"] = _switch(
        "may two agents have one name",
        *("kept", "renamed"),
        source="the published schema; one report has the second renamed",
    )
    tool_name: Literal["shared", "refused"] = _switch(
        "may two tools of the registry have one name",
        *("shared", "refused"),
        source="guess; no source says that a name is taken once",
    )
    retired_status: Literal["409", "404"] = _switch(
        "what an operation of the older versioning answers",
        *("409", "404"),
        source="the migration guide; one report has an HTML 404",
    )
    wrong_key_status: Literal["401", "500"] = _switch(
        "is a wrong key 401 or 500", *("401", "500"), source="the published schema; one report has 500"
    )
    version_filter: Literal["honoured", "ignored"] = _switch(
        "does the list of conversations keep to `versionFilter`",
        *("honoured", "ignored"),
        source="the published schema; the dashboard's own list offers no such filter",
    )
    create_config: Literal["kept", "ignored"] = _switch(
        "is configuration that a create brings along kept",
        *("kept", "ignored"),
        source="the vendor's SDK; the published schema advises a draft",
    )

    @classmethod
    def shuffled(cls, seed: int) -> Choices:
        """Every switch at random; the same seed gives the same choices."""
        pick = random.Random(f"choices {seed}")
        chosen: dict[str, Any] = {switch.name: pick.choice(switch.allowed) for switch in SWITCHES}
        return cls(**chosen)

    def like(self, answers: Mapping[str, str]) -> Choices:
        """These choices with the answers that a probe of a real account found. Names that are no switch and values that
        a switch doesn't have are ignored."""
        known = {switch.name: switch.allowed for switch in SWITCHES}
        return self.set(f"{name}={value}" for name, value in answers.items() if value in known.get(name, ()))

    def set(self, settings: Iterable[str]) -> Choices:
        """These choices with `NAME=VALUE` settings over them. Raises ValueError that names what there is."""
        known = {switch.name: switch for switch in SWITCHES}
        chosen: dict[str, Any] = {}
        for setting in settings:
            name, _, value = setting.partition("=")
            if name not in known:
                raise ValueError(f"there is no switch {name!r}; there are {', '.join(known)}")
            if value not in known[name].allowed:
                raise ValueError(f"{name} is one of {', '.join(map(repr, known[name].allowed))}, not {value!r}")
            chosen[name] = value
        return replace(self, **chosen)


SWITCHES: tuple[Switch, ...] = tuple(Switch(each.name, **each.metadata) for each in fields(Choices))


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
    recordings_bytes: how much of the newest calls' audio is kept; 256 MiB are about 45 minutes
    late_listing_s: how long a new revision is missing from lists after it was committed
    behaviours:     behaviour files for the realtime side, by path
    faults:         what to break from the start
    seed_file:      what to fill a new account with
    seed:           makes ids and choices repeatable; None: random ids
    strict_voices:  refuses voices that are neither in the catalog nor clones of the account
    multi_agents:   the account may have agents of the type `multi_agents`
    client_tools:   offers client tools on the WebSocket
    language_model: answers callers instead of the behaviour files' turns
    allow_tool_calls: `api_call` tools really perform their HTTP requests
    rate_limit:     requests a second that are answered; None: all
    clock_speed:    how many seconds go by in one, for scans, schedules and people who phone in
    campaign_speed: how many seconds of a campaign go by in one: retries needn't be waited for
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
    recordings_bytes: int = 256 * 1024 * 1024
    choices: Choices = Choices()
    behaviours: tuple[Path, ...] = ()
    faults: tuple[Fault, ...] = ()
    seed_file: Path | None = None
    seed: int | None = None
    strict_voices: bool = False
    multi_agents: bool = False
    client_tools: bool = True
    language_model: LanguageModel | None = None
    allow_tool_calls: bool = False
    rate_limit: float | None = None
    campaign_speed: float = 1.0
    clock_speed: float = 1.0
