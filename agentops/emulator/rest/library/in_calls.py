"""What a call has of the account's library: the tools that the live configuration refers to, and what it may know.

Read when the call begins: an edit of a tool reaches every agent at once; a reference to one that is gone is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentops.emulator.rest.library.knowledge import items_of, pages_of
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

KNOWN = "_knownFiles"  # as `behaviour.dialogue` calls it: names of files and pages that have been processed


def with_library(store: Store, config: Mapping[str, Any]) -> Body:
    """The live configuration with the tools and the knowledge that it refers to."""
    single = config.get("singlePromptConfig", {})
    definitions = {tool["toolId"]: tool["definition"] for tool in store.database.all("tool")}
    shared = [definitions[ref] for ref in single.get("toolRefs", ()) if ref in definitions]
    tools = single.get("tools", ())
    known: set[str] = set()
    for base in filter(None, [config.get("globalKnowledgeBaseId"), *(tool.get("knowledgeBaseId") for tool in tools)]):
        known |= {item["fileName"] for item in items_of(store, base) if item["processingStatus"] == "completed"}
        known |= {page["url"] for page in pages_of(store, base) if page["status"] == "completed"}
    made = {**config, KNOWN: sorted(known)}
    if shared:
        made["singlePromptConfig"] = {**single, "tools": [*tools, *shared]}
    return made
