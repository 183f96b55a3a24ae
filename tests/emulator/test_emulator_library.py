"""What a call has of the account's library: registered tools by reference, and files that have been processed."""

from __future__ import annotations

from datetime import timedelta

from emulated import START, Account

from agentops.emulator.behaviour.behaviours import Behaviour
from agentops.emulator.behaviour.dialogue import KNOWN, Dialogue
from agentops.emulator.rest.library import in_calls
from agentops.emulator.rest.versioning import versions

BEHAVIOUR = Behaviour.model_validate(
    {
        "turns": [
            {
                "name": "returns",
                "matches": "return",
                "replies": [
                    {"from_knowledge": "faq.pdf", "when": {"tool": "look_up"}, "say": "Thirty days."},
                    {"say": "I don't know."},
                ],
            }
        ]
    }
)


async def test_what_was_just_made_was_not_updated_since(account: Account) -> None:
    ticking = iter(range(10**6))
    account.clock._now = lambda: START + timedelta(seconds=next(ticking))  # each look at the clock is a second later
    definition = {"type": "client_tool", "name": "look_up", "description": "Look up."}
    await account.call("POST", "/tool", 201, json={"definition": definition})
    base = await account.call("POST", "/knowledgebase", 201, json={"name": "Returns"})
    media = {"media": ("faq.pdf", b"%PDF", "application/pdf")}
    await account.call("POST", f"/knowledgebase/{base}/items/upload-media", 201, files=media)
    await account.agent()
    kinds = ("tool", "knowledge_base", "knowledge_item", "agent", "revision")
    made = [each for kind in kinds for each in account.store.database.all(kind) if "updatedAt" in each]
    assert len(made) >= 4
    assert [each for each in made if each["createdAt"] != each["updatedAt"]] == []


async def test_a_reply_needs_the_file_and_the_tool_that_the_live_agent_refers_to(account: Account) -> None:
    store = account.store
    definition = {"type": "client_tool", "name": "look_up", "description": "Look up."}
    tool = await account.call("POST", "/tool", 201, json={"definition": definition})
    base = await account.call("POST", "/knowledgebase", 201, json={"name": "Returns"})
    media = {"media": ("faq.pdf", b"%PDF", "application/pdf")}
    await account.call("POST", f"/knowledgebase/{base}/items/upload-media", 201, files=media)
    agent_id = await account.agent()

    def answer() -> str:
        config = in_calls.with_library(store, versions.live_config(store, agent_id) or {})
        return Dialogue(BEHAVIOUR, config, {}).answer("Can I return it?").reply.say

    assert answer() == "I don't know."
    await account.publish(
        agent_id, globalKnowledgeBaseId=base, singlePromptConfig={"toolRefs": [tool["toolId"], "tool_gone"]}
    )
    assert answer() == "Thirty days."
    again = {"media": ("prices.pdf", b"%PDF", "application/pdf")}
    await account.call("POST", f"/knowledgebase/{base}/items/upload-media", 201, files=again)
    known = in_calls.with_library(store, versions.live_config(store, agent_id) or {})[KNOWN]
    assert known == ["faq.pdf"]  # the other one is still being processed
    assert in_calls.KNOWN == KNOWN
