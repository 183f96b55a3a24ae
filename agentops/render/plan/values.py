"""One value of a field as a short text, and the words for actions, drift and who changed a field."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from agentops.document import CLEARED, Secret
from agentops.plan.concealment import MARK
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, FieldChange, Operation, Plan
from agentops.plan.plan_json import value_data
from agentops.render.plan.parts import left_behind
from agentops.render.plan.word_diff import DiffPiece, Fold, is_similar
from agentops.render.style import plural
from agentops.render.visible import all_visible, on_one_line
from agentops.resources import Ref

SYMBOLS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.GO_LIVE: ">",
    Action.RESTORE: "<",
    Action.ARCHIVE: "-",
    Action.CALL: "?",
    Action.UNCHANGED: "=",
}

ACTION_WORDS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.GO_LIVE: "go live",
    Action.RESTORE: "restore",
    Action.ARCHIVE: "archive",
    Action.CALL: "call again",
    Action.UNCHANGED: "unchanged",
}

FIELD_SYMBOLS = {Operation.ADD: "+", Operation.REMOVE: "-", Operation.REPLACE: "~"}

DRIFT_WORDS = {
    Drift.NONE: "no drift",
    Drift.EDITED: "edited outside git",
    Drift.ROLLED_BACK: "rolled back",
    Drift.RESTORED: "restored in the console",
    Drift.FOREIGN: "deployed from elsewhere",
    Drift.UNMANAGED: "never deployed from here",
    Drift.RENAMED: "renamed in the console",
    Drift.ARCHIVED: "archived in the console",
    Drift.BRANCH_SWITCHED: "another branch was made live",
}

CHANGED_BY_WORDS = {
    ChangedBy.GIT: "git",
    ChangedBy.CONSOLE: "console",
    ChangedBy.BOTH: "git and console",
}


def agent_counts(plan: Plan) -> str:
    """`1 to create, 2 unchanged`; "" for a plan without agents."""
    counts = Counter(change.action for change in plan.changes)
    return ", ".join(
        f"{counts[action]} unchanged" if action is Action.UNCHANGED else f"{counts[action]} to {ACTION_WORDS[action]}"
        for action in Action
        if counts[action]
    )


_PROMPTS = ("prompt", "globalPrompt")
_LONG = 160  # characters
SHOWN_WHOLE = 2_000  # characters that a text may have which is shown whole, inside of what is new or gone
_SENTENCE = 3  # words, or values of a list


def is_long(name: str | int, value: Any) -> bool:
    """Whether a value is a text of which one side alone says little: a prompt, or anything of many words."""
    return isinstance(value, str) and (name in _PROMPTS or "\n" in value or len(value) > _LONG)


def as_texts(name: str | int, before: Any, after: Any) -> tuple[str, str] | None:
    """Both sides as texts, where the words that differ say more than two values do: long texts, versions of one
    sentence, and lists of plain values, an item on each line."""
    if isinstance(before, str) and isinstance(after, str):
        is_sentence = min(len(before.split()), len(after.split())) >= _SENTENCE
        is_text = is_long(name, before) or is_long(name, after) or (is_sentence and is_similar(before, after))
        return (before, after) if is_text else None
    if isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) + len(after) > _SENTENCE:
        return "\n".join(map(value_text, before)), "\n".join(map(value_text, after))
    return None


def value_text(value: Any) -> str:
    """A value on one line: texts in quotes, secrets by reference, objects as JSON."""
    if value is None:
        return "(not set)"
    if value is CLEARED:
        return "(emptied)"
    if isinstance(value, Secret):
        return _secret_text(value)
    if isinstance(value, Ref):
        return str(value)
    return json.dumps(_readable(value), ensure_ascii=False)


def has_another_value(before: Any, after: Any) -> bool:
    """Whether all that can be said is that the value of a secret differs from what the platform holds."""
    if not (isinstance(before, Secret) and isinstance(after, Secret) and after.names):
        return False
    return before.reference in (MARK, after.reference)


def _secret_text(secret: Secret) -> str:
    shown = on_one_line(secret.reference)
    return f"secret {shown}" if secret.names else shown


def size_text(text: str) -> str:
    """How long a text is that is not shown."""
    return f"{plural(len(text.splitlines()), 'line')}, {plural(len(text.split()), 'word')}"


def has_lines(before: str, after: str) -> bool:
    """Whether one of two texts has more than one line."""
    return "\n" in before.rstrip("\n") or "\n" in after.rstrip("\n")


def words_text(before: str, after: str) -> str:
    """How much longer or shorter a text gets."""
    more = len(after.split()) - len(before.split())
    return f"{plural(abs(more), 'word')} {'more' if more > 0 else 'less'}" if more else "as many words as before"


def left_text(change: FieldChange) -> str:
    """What an item does not take along to its new key, in one sentence; empty for none."""
    left = []
    for part in left_behind(change):
        is_too_long = isinstance(part.before, str) and len(part.before) > SHOWN_WHOLE
        shown = f"(a text of {size_text(part.before)})" if is_too_long else value_text(part.before)
        left.append(f"{part.name} {shown}")
    return f"not taken along to the new name: {', '.join(left)}" if left else ""


def change_text(change: FieldChange) -> str | None:
    """Both values on one line; None where the words or the parts that differ say more."""
    before, after = change.before, change.after
    if any(isinstance(side, dict) for side in (before, after)) or as_texts(change.path[-1], before, after) is not None:
        return None
    if any(is_long(change.path[-1], side) for side in (before, after)):
        return None
    return f"{value_text(before)} -> {value_text(after)}"


def shown_plan(plan: Plan) -> Plan:
    """The plan for showing: drift that a refusal describes already is not described a second time."""
    refused = {change.key: [r.summary for r in plan.refusals if r.agent == change.key] for change in plan.changes}
    changes = tuple(
        replace(each, drift_detail="") if any(each.drift_detail in text for text in refused[each.key]) else each
        for each in plan.changes
    )
    return all_visible(replace(plan, changes=changes))


def create_text(change: AgentChange) -> str:
    """A new agent in one sentence."""
    prompt = next((each.after for each in change.fields if each.path == ("singlePromptConfig", "prompt")), None)
    tools = [str(each.path[2]) for each in change.fields if each.path[:2] == ("singlePromptConfig", "tools")]
    length = f"a prompt of {size_text(prompt)}" if isinstance(prompt, str) else "no prompt in its spec"
    named = f"{plural(len(tools), 'tool')}: {', '.join(tools)}" if tools else "no tools"
    facts = [length, named, plural(len(change.numbers), "phone number") if change.numbers else "no phone number"]
    if change.impact:
        words, tokens = change.impact.words_after, change.impact.tokens_after
        facts.append(f"the model reads {plural(words, 'word')} at the start of a call, about {tokens} tokens")
    return "; ".join(facts)


def calls_text(changes: Sequence[AgentChange]) -> str:
    """The calls of several agents together; empty where nobody is called."""
    calls = [change.calls for change in changes if change.calls]
    if calls and not any(each.called for each in calls):
        return f"no calls for {plural(len(calls), 'agent')}"
    called, scripts = sum(each.called for each in calls), sum(each.scripts for each in calls)
    minutes = sum(each.minutes for each in calls)
    counted = f"{called} of {plural(scripts, 'script')} called, about {minutes:.1f} minutes"
    return f"{counted} for {plural(len(calls), 'agent')}" if calls else ""


def fold_text(fold: Fold) -> str:
    """What is not shown of a diff."""
    if fold.words:
        size = f"{plural(fold.count, 'line')}, {plural(fold.words, 'word')}"
        return f"too long to be shown: {size} more, all of it with `--format json`"
    return plural(fold.count, "unchanged line")


def piece_text(piece: DiffPiece) -> str:
    """A piece of a line; of a long one how long it is."""
    if not piece.is_cut:
        return piece.text
    return f"{' ' if piece.text[:1].isspace() else ''}… {plural(len(piece.text.split()), 'word')} …"


def _readable(value: Any) -> Any:
    """JSON data in which a secret is its reference in words."""
    if isinstance(value, Secret):
        return _secret_text(value)
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value_data(value)


def uncalled_text(change: AgentChange) -> str:
    """What is known of the calls of what serves: where the calls ended otherwise, a journal or a report says how."""
    return f"has not passed its calls since revision {change.uncalled_since}; how they ended is not known here"


def apply_command(plan: Plan, agents: Iterable[str] = ()) -> str:
    """What applies exactly this plan. `agents`: the keys that it was made for, where it is not about all of them."""
    words = ["agentops", "apply", "-e", plan.environment]
    words += [word for key in agents for word in ("--agent", key)]
    words += ["--prune"] if plan.archives else []
    words += [word for code in plan.acknowledged for word in ("--ack", code)]
    return shlex.join([*words, "--digest", plan.digest])
