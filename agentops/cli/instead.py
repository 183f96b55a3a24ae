"""What to type instead of what was typed: words of other tools, what a release took away, typing errors."""

from __future__ import annotations

import shlex
from pathlib import Path

from agentops.cli.verbs import verbs
from agentops.closest import closest
from agentops.errors import AgentopsError

# A word of other tools -> the verb of ours that does it.
SYNONYMS = {
    **dict.fromkeys(("login", "auth", "whoami"), "doctor"),
    **dict.fromkeys(("new", "create"), "init"),
    **dict.fromkeys(("deploy", "push", "publish", "release", "up"), "apply"),
    **dict.fromkeys(("destroy", "delete", "remove", "rm"), "forget"),
    **dict.fromkeys(("undo", "revert"), "rollback"),
    **dict.fromkeys(("sync", "fetch"), "pull"),
    **dict.fromkeys(("list", "ls", "ps", "show"), "status"),
    **dict.fromkeys(("test", "call", "run"), "smoke"),
    **dict.fromkeys(("start", "serve", "dev"), "emulator"),
    **dict.fromkeys(("docs", "man"), "help"),
    "check": "validate",
    "format": "fmt",
    "log": "history",
    "logs": "calls",
}

# What is no option of ours, by verb and word: why, and what to use. "" stands for every verb.
_NO_OPTION = {
    ("plan", "--shard"): (
        "plans are no longer made in shards, because the rate limit is the account's: run `agentops plan` without it"
    ),
    ("merge", "plans"): (
        "plans are no longer made in shards, so there are none to merge: `agentops plan --out FILE` saves the whole"
    ),
    ("plan", "--dry-run"): "`plan` has no --dry-run because it is one: it writes nothing to the platform",
    ("apply", "--dry-run"): "apply has no --dry-run: `agentops plan` is the dry run of it",
    ("rollback", "--dry-run"): "rollback has no --dry-run: without `--yes` it shows what it would do and asks, or ends",
    ("apply", "--force"): (
        "there is no --force: each refusal names the `--ack CODE` that allows it, and console edits go by "
        "`--overwrite-drift`"
    ),
    ("apply", "--auto-approve"): "apply has no --auto-approve: `--yes` applies without asking",
    ("", "--target"): "there is no --target: `--agent KEY` narrows it to an agent, `-e NAME` names the environment",
    ("", "--json"): "there is no --json: `--format json` prints JSON",
    ("", "--quiet"): "there is no --quiet: data goes to stdout and messages to stderr: `2>/dev/null` leaves the data",
}


def removed_or_foreign(arguments: list[str], option: str) -> str | None:
    """What to use, where a command line was refused for what is no longer there or only in other tools.

    option: the one that was refused, if it was one; else it may be the word in the place of a verb's own verb. The
    parser knows: the same word may be the name of a file, or an option's value.
    """
    verb = arguments[0]
    word = option or (arguments[1] if len(arguments) > 1 else "")
    return _NO_OPTION.get((verb, word)) or _NO_OPTION.get(("", word))


def meant_verb(name: str) -> str | None:
    """The verb that was most likely meant."""
    if name in SYNONYMS:
        return SYNONYMS[name]
    return closest(name, verbs(), cutoff=0.6)


def meant_option(word: str, options: list[str]) -> str | None:
    """The option that `word` was probably meant to be. The cutoff keeps `--dry-run` from being taken for `--prune`."""
    return closest(word, options, cutoff=0.75)


def place_of(word: str, verb: str, start: Path) -> str | None:
    """Where a word belongs that a verb has no argument for: an environment after -e, an agent after --agent."""
    # Start-up time: this reads projects, and only a misplaced word gets here.
    from agentops.cli.completion import agent_keys, environment_names

    try:
        if word in environment_names(start):
            return f"agentops {verb} -e {shlex.quote(word)}"
        if word in agent_keys(start):
            return f"agentops {verb} --agent {shlex.quote(word)}"
    except AgentopsError:
        return None
    return None
