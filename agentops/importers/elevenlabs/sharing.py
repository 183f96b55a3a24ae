"""Tools of the workspace, which agents name by id, become files that the agents refer to. Pure.

A tool that is written out in one agent stays there, and so does one whose address is still to be chosen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import CHOICES_FILE, Conversion
from agentops.importers.elevenlabs.toolbox import TOOLS
from agentops.importers.fidelity import Grade
from agentops.importers.yaml_text import to_yaml
from agentops.resources import Address, Kind, Ref
from agentops.spec.layout import format_yaml
from agentops.spec.model.resources import ToolSpec
from agentops.spec.slug import slug

_SECRET = re.compile(r"secrets\.([A-Z][A-Z0-9_]*)")
_MOST_KEY = 60


@dataclass(slots=True)
class SharedTools:
    """The tools that were put into files so far, by their ids on ElevenLabs."""

    files: dict[str, str] = field(default_factory=dict)
    _made: dict[str, tuple[Address, Document]] = field(default_factory=dict)

    def take(self, conversion: Conversion) -> dict[str, str]:
        """Puts references in place of the agent's shared tools. Returns the agent's names of their secrets, each with
        the name in the shared file."""
        renamed: dict[str, str] = {}
        for name, tool_id in conversion.shared_ids.items():
            holders = _holders(conversion.config)
            found = next((tool for holder in holders for tool in holder.get("tools", ()) if tool["name"] == name), None)
            if found is None:
                continue
            if (address := self._address(tool_id, found)) is None:
                why = f"{name} is shared, and stays in the agent: it differs from the one that others have, or is open"
                conversion.remark(Grade.APPROXIMATED, "EL006", TOOLS, why)
                continue
            for holder in holders:
                holder["tools"] = [tool for tool in holder.get("tools", ()) if tool["name"] != name]
                holder.setdefault("toolRefs", []).append(Ref(Kind.TOOL, address.key).reference)
            first = self._made[tool_id][1]
            renamed |= dict(zip(_secrets(found), _secrets(first), strict=True))
            conversion.shared[address.file] = {"definition": found}
            at = ("config", "singlePromptConfig", "tools", name)
            conversion.source.ledger.moved = {at: (address.file, "definition"), **conversion.source.ledger.moved}
        return {own: shared for own, shared in renamed.items() if own != shared}

    def _address(self, tool_id: str, tool: Document) -> Address | None:
        """The file of the tool, written when it is the first of its id; None if the tool can't be shared."""
        if tool_id in self._made:
            address, first = self._made[tool_id]
            return address if _without_names(first) == _without_names(tool) else None
        taken = {each["name"] for _, each in self._made.values()}
        key = slug(tool["name"], "_", limit=_MOST_KEY).lstrip("_0123456789")
        address = Address(Kind.TOOL, key or "tool")
        if tool["name"] in taken or address.file in self.files or CHOICES_FILE in str(tool):
            return None
        self._made[tool_id] = address, tool
        header = (
            "yaml-language-server: $schema=../schemas/tool.schema.json\n"
            f"Imported from ElevenLabs ({tool_id}), where agents share it."
        )
        self.files[address.file] = format_yaml(to_yaml({"definition": tool}, header=header), address.file, ToolSpec)
        return address


def _holders(config: Document) -> list[Document]:
    """The objects that have tools: the one prompt, or each playbook."""
    if "singlePromptConfig" in config:
        return [config["singlePromptConfig"]]
    return [each for each in config["playbooks"]["playbooks"] if each.get("tools")]


def _secrets(tool: Any) -> list[str]:
    return _SECRET.findall(str(tool))


def _without_names(tool: Any) -> str:
    """The tool without the names of its secrets, which begin with the agent's key and so always differ."""
    return _SECRET.sub("secrets.", str(tool))
