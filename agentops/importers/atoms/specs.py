"""One agent of an account as the files of a spec: its configuration, its prompts, references for its secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops.document import Document, ObservedAgent
from agentops.fields import METADATA
from agentops.importers.atoms.defaults import without_defaults
from agentops.importers.atoms.secret_references import SecretReferences
from agentops.importers.yaml_text import literal, to_yaml
from agentops.resources import Ref
from agentops.spec.layout import format_yaml
from agentops.spec.model.agent import AgentSpec

_LONG = 200  # a prompt with more characters gets a file of its own


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """One agent as project files.

    files:    project path -> text
    secrets:  name -> the place that refers to it; the values are not kept here
    """

    key: str
    name: str
    agent_id: str
    files: Mapping[str, str]
    secrets: Mapping[str, str]
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class SpecWriter:
    """Turns an observed agent into files.

    environment: the one from whose account it was read, in which the agent's id is bound
    left_out:    dotted paths of the config that the spec language refuses, found by validating
    passed:      dotted paths of fields that are newer than this release, and so are passed through
    notes:       id of a resource -> why it is not a reference, for a comment beside it
    """

    key: str
    environment: str
    keeps_defaults: bool = False
    left_out: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    notes: Mapping[str, str] = field(default_factory=dict)

    def write(self, observed: ObservedAgent) -> SpecFiles:
        """The agent's files. Raises nothing: an agent that was never published gets an empty prompt."""
        live = observed.live.document if observed.live and observed.live.document else {}
        references = SecretReferences(self.key)
        kept = references.stand_in((), live if self.keeps_defaults else without_defaults(live))
        config = references.restored(self.shaped(kept, "config"))
        files: dict[str, str] = {}
        prompt = config.setdefault("singlePromptConfig", {})
        self._prompt_file(prompt, "prompt", f"{self.key}.md", files, always=True)
        self._prompt_file(config, "globalPrompt", f"{self.key}-global.md", files)
        spec: Document = {"name": literal(observed.listing.name), **self._metadata(observed)}
        if observed.listing.workflow_type not in (None, "single_prompt"):
            spec["workflow_type"] = observed.listing.workflow_type
        spec["config"] = config
        spec["environments"] = {self.environment: {"agent_id": observed.agent_id}}
        header = "yaml-language-server: $schema=../schemas/agent.schema.json"
        path = f"agents/{self.key}.yaml"
        text = to_yaml(spec, dict(_noted(config, "config", self.notes)), header=header)
        files[path] = format_yaml(text, path, AgentSpec)
        outermost = (path for path in sorted(self.left_out) if not any(_is_below(path, o) for o in self.left_out))
        remarks = [f"{path}: left out, since a spec can't hold it as it is" for path in outermost]
        remarks += [f"config.{place}: copied, and looks like a secret; see to it" for place in references.doubtful]
        secrets = {name: f"config.{place}" for name, place in references.secrets.items()}
        return SpecFiles(self.key, observed.listing.name, observed.agent_id, files, secrets, tuple(remarks))

    def _metadata(self, observed: ObservedAgent) -> Document:
        found = {}
        for name, value in observed.listing.metadata.items():
            if name in METADATA and value not in (None, "", []):
                found[METADATA[name]] = literal_leaves(value)
        if not self.keeps_defaults and found.get("inbound") is True:
            del found["inbound"]
        if not self.keeps_defaults and found.get("visible_to_everyone") is False:
            del found["visible_to_everyone"]
        return found

    def _prompt_file(
        self, holder: Document, name: str, file: str, files: dict[str, str], *, always: bool = False
    ) -> None:
        text = holder.get(name)
        if not isinstance(text, str) or not (always or "\n" in text or len(text) > _LONG):
            return
        files[f"agents/prompts/{file}"] = text.replace("\r\n", "\n").replace("\r", "\n")
        holder[name] = f"${{{{ file('prompts/{file}') }}}}"

    def shaped(self, value: Any, path: str) -> Any:
        """`value` with expressions escaped, and without the fields that are passed through or left out."""
        if isinstance(value, dict):
            kept: Document = {}
            passed: Document = {}
            for name, inner in value.items():
                here = f"{path}.{name}"
                if _has_null_item(inner):
                    self.left_out.add(here)
                if here in self.left_out:
                    continue
                (passed if here in self.passed else kept)[name] = self.shaped(inner, here)
            return {**kept, "$passthrough": passed} if passed else kept
        if isinstance(value, list):
            items = ((f"{path}[{index}]", inner) for index, inner in enumerate(value))
            return [self.shaped(inner, here) for here, inner in items if here not in self.left_out]
        if isinstance(value, Ref):
            return value.reference
        return literal(value) if isinstance(value, str) else value


def _noted(value: Any, path: str, notes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The note of each id in `value`, by the dotted path of the key that holds it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}"
            held = [notes[each] for each in (inner if isinstance(inner, list) else [inner]) if _is_in(each, notes)]
            if held:
                yield here, "\n".join(held)
            yield from _noted(inner, here, notes)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _noted(inner, f"{path}[{index}]", notes)


def _is_in(value: Any, notes: Mapping[str, str]) -> bool:
    return isinstance(value, str) and value in notes


def _has_null_item(value: Any) -> bool:
    """Whether a list has a null in it, which no spec can hold. One under a name is found when the spec is read back."""
    return isinstance(value, list) and any(item is None or _has_null_item(item) for item in value)


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))


def literal_leaves(value: Any) -> Any:
    """`value` with every text in it escaped, so that nothing in it is read as an expression."""
    if isinstance(value, dict):
        return {name: literal_leaves(item) for name, item in value.items()}
    if isinstance(value, list):
        return [literal_leaves(item) for item in value]
    return literal(value) if isinstance(value, str) else value


_TOOL_ORDER = ("type", "name", "description", "url", "method", "headers", "queryParams", "requestBody", "timeout")


def in_tool_order(tool: Document) -> Document:
    """A tool with the fields first that say what it is."""
    first = {name: tool[name] for name in _TOOL_ORDER if name in tool}
    return {**first, **{name: value for name, value in tool.items() if name not in first}}
