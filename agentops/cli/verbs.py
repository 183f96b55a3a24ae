"""The table of verbs: where each is implemented and the line that describes it.

One table serves dispatch, the overview that `agentops --help` prints and shell completion, so they cannot disagree.
Plain data on purpose: printing the overview must not import anything.
"""

# section -> verb -> (module:attribute, summary). The attribute is a function, or a `typer.Typer` with verbs of its own.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Write": {
        "init": ("agentops.cli.init:init", "Start a project that validates, plans and applies at once."),
        "validate": ("agentops.cli.validate:validate", "Check every spec and report all problems with their places."),
        "lint": ("agentops.cli.lint:lint", "Look for what hurts a phone line although it is valid."),
        "fmt": ("agentops.cli.fmt:fmt", "Bring specs into the canonical order and style."),
        "render": ("agentops.cli.render:render", "Print the resolved document of each agent."),
        "schema": ("agentops.cli.schema:schema", "Print or write the JSON Schemas of the project's files."),
        "explain": ("agentops.cli.explain:explain", "Explain a diagnostic's code, with a bad and a good example."),
    },
    "Deploy": {
        "plan": ("agentops.cli.plan:plan", "Show what apply would change, why, and what it risks."),
        "apply": ("agentops.cli.apply:apply", "Make the platform match the specs, with calls and rollback."),
        "promote": ("agentops.cli.promote:promote", "Take to one environment what another one has tried."),
        "status": ("agentops.cli.status:status", "Show what serves now, since when and from which commit."),
        "drift": ("agentops.cli.drift:drift", "Show what was changed outside git."),
        "diff": ("agentops.cli.diff:diff", "Compare two revisions, two environments, or a spec and a revision."),
        "history": ("agentops.cli.history:history", "List the revisions of an agent: who, what, when, live or not."),
        "compare": ("agentops.cli.compare:compare", "Compare what callers met with under two revisions."),
        "watch": ("agentops.cli.watch:watch", "Hold callers' calls since a deploy against rules; restore what fails."),
        "rollback": ("agentops.cli.rollback:rollback", "Put an earlier revision back in service."),
        "webhook": (
            "agentops.cli.webhook:webhook",
            "Print the secret that a webhook is signed with.",
        ),
        "preview": ("agentops.cli.preview:preview", "Put up copies to call before anything goes live: up, down, gc."),
    },
    "Call": {
        "smoke": ("agentops.cli.smoke:smoke", "Call the agents by their scripts and report what was heard."),
        "bisect": ("agentops.cli.bisect:bisect", "Find the revision in which a call script began to fail."),
        "chat": ("agentops.cli.chat:chat", "Talk to an agent in text, from the terminal."),
        "talk": ("agentops.cli.talk:talk", "Open a local page to talk to an agent with a microphone."),
        "calls": ("agentops.cli.calls:calls", "The calls that callers had: list AGENT, show ID."),
        "record": ("agentops.cli.record:record", "Turn the record of a real call into a script to edit."),
        "campaign": ("agentops.cli.campaign:campaign", "Call many people from a reviewed file, with care."),
        "merge": ("agentops.cli.merge:merge", "Put the call reports of several shards together."),
    },
    "Move": {
        "import": ("agentops.cli.import_:imports", "Turn existing agents into specs: import elevenlabs SOURCE..."),
        "pull": ("agentops.cli.pull:pull", "Bring console edits into the specs and prompts that are there."),
        "forget": ("agentops.cli.forget:forget", "Stop managing an agent without touching it on the platform."),
        "scan-client": ("agentops.cli.scan_client:scan_client", "Say what replaces ElevenLabs calls in client code."),
    },
    "Run": {
        "emulator": ("agentops.cli.emulator:emulator", "Run the local Atoms: REST, calls, a web console."),
        "ci": ("agentops.cli.ci:ci", "What GitHub workflows call; see docs/github.md."),
        "doctor": ("agentops.cli.doctor:doctor", "Check the environment, the key, the platform and the extras."),
    },
}


def verbs() -> dict[str, tuple[str, str]]:
    """All verbs in the order of the table."""
    return {verb: entry for section in SECTIONS.values() for verb, entry in section.items()}


def overview() -> str:
    """What `agentops --help` prints."""
    width = max(len(verb) for verb in verbs()) + 2
    lines = [
        "Usage: agentops [-h | --version] VERB [OPTIONS]",
        "",
        "Voice agents as code: plan, apply, call, roll back.",
    ]
    for section, entries in SECTIONS.items():
        lines += ["", f"{section}:"]
        lines += [f"  {verb:<{width}}{summary}" for verb, (_, summary) in entries.items()]
    lines += ["", "`agentops help VERB` explains one verb; the README has a five-minute tour."]
    return "\n".join([*lines, "`agentops --install-completion` lets the Tab key of your shell complete all of this."])
