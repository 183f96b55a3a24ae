"""Converts one ElevenLabs agent into a spec: runs the parts in order. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agentops.credentials import secret_name
from agentops.importers.elevenlabs import analysis, brain, built_in, platform, speech, toolbox, widget, workflow_graph
from agentops.importers.elevenlabs.conversion import AGENT, PROMPT, Conversion
from agentops.importers.elevenlabs.paths import leaves_of
from agentops.importers.elevenlabs.placeholders import Placeholders
from agentops.importers.elevenlabs.reading import SourceAgent
from agentops.importers.elevenlabs.scripts import greeting_script, test_scripts
from agentops.importers.elevenlabs.secret_stand_ins import SecretExtractor, has_stand_in, stand_in_for
from agentops.importers.elevenlabs.source import Source
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade

UNKNOWN_VALUE = "unknown"


def convert(
    agent: SourceAgent,
    key: str,
    answers: Mapping[str, Any],
    proposals: VoiceProposals,
    *,
    with_widget: bool = False,
    with_playbooks: bool = False,
    shares: bool = True,
) -> Conversion:
    """The whole conversion of one agent. The order of the steps matters where a comment says so."""
    extractor = SecretExtractor(key)  # first of all, so that no later step can put a secret into a file or a message
    source = Source(extractor.extract(agent.tree))
    placeholders = Placeholders(brain.defined_names(source.tree), secrets=_secret_variables(key, source.tree))
    conversion = Conversion(key, source, placeholders, answers, exposed=tuple(extractor.exposed), shares=shares)
    for repair in agent.repairs:
        conversion.remark(Grade.APPROXIMATED, "EL021", (), repair)
    brain.convert_identity(conversion)
    brain.convert_model(conversion)  # with the timezone, by which {{system__time_utc}} is rewritten in every text
    toolbox.convert_tools(conversion)
    built_in.convert_built_in(conversion)  # adds tools, whose names must differ from those of the toolbox
    speech.convert_language(conversion)
    speech.convert_voice(conversion, proposals)  # voices are proposed for the languages
    speech.convert_conversation(conversion)
    speech.convert_turns(conversion)  # reminders must fit into the longest call, and voicemail needs quiet
    analysis.convert_analysis(conversion)
    platform.convert_platform(conversion)
    widget.convert_widget(conversion, is_ported=with_widget)
    workflow_graph.convert_workflow(conversion, as_playbooks=with_playbooks)
    brain.convert_prompt(conversion)  # the steps above add sections to the prompt, and rename tools that it mentions
    brain.convert_variables(conversion)
    _keep_unknown(conversion)
    _report_variables(conversion)
    conversion.settle_stand_ins()
    greeting = greeting_script(conversion)
    conversion.scripts = {**({f"{key}-greeting": greeting} if greeting else {}), **test_scripts(conversion)}
    if with_playbooks:
        workflow_graph.as_playbooks(conversion)
    return conversion


def _keep_unknown(conversion: Conversion) -> None:
    """Gives system variables without a counterpart a value, since a call would read their braces aloud."""
    kept = str(conversion.config)
    names = [name for name in sorted(conversion.placeholders.unknown) if f"{{{{{name}}}}}" in kept]
    if names:
        defaults = conversion.config.get("defaultVariables", {})
        conversion.put("defaultVariables", {**dict.fromkeys(names, UNKNOWN_VALUE), **defaults})


def _secret_variables(key: str, tree: dict[str, Any]) -> dict[str, str]:
    """Stand-ins for the variables that ElevenLabs keeps from the model, wherever they are defined or used."""
    texts = [value for _, value in leaves_of(tree) if isinstance(value, str)]
    names = {name for name in brain.defined_names(tree) if name.startswith("secret__")}
    names |= {name for text in texts for name in re.findall(r"secret__\w+", text)}
    given = Source(tree).objects(*AGENT, "dynamic_variables", "dynamic_variable_placeholders")
    return {
        name: str(given[name])
        if has_stand_in(given.get(name))
        else stand_in_for(secret_name(key, name.removeprefix("secret__")))
        for name in sorted(names)
    }


def _report_variables(conversion: Conversion) -> None:
    """Reports what became of the placeholders in the texts that were kept."""
    placeholders, place = conversion.placeholders, (*AGENT, "dynamic_variables")
    kept = str(conversion.config)
    for name, change in sorted(placeholders.replaced.items()):
        if change.text in kept:
            grade = Grade.APPROXIMATED if change.differs else Grade.EXACT
            why = f"{{{{{name}}}}} became {change.text}" + (f": {change.differs}" if change.differs else "")
            conversion.remark(grade, "EL007", (*PROMPT, "prompt"), why, change.todo)
    for old, new in sorted(placeholders.renamed.items()):
        if new in kept:
            why = f"{{{{{old}}}}} became {{{{{new}}}}}: the platform fills {old} itself and drops other values for it"
            conversion.remark(Grade.APPROXIMATED, "EL007", place, why, "Send the new name from your client.")
    for name in sorted(placeholders.unknown):
        if f"{{{{{name}}}}}" in kept:
            why = f"{{{{{name}}}}} has no counterpart; it says {UNKNOWN_VALUE!r} unless a call sends it"
            conversion.remark(Grade.UNSUPPORTED, "EL007", (*PROMPT, "prompt"), why, "Reword the sentence that uses it.")
    defaults = conversion.config.get("defaultVariables", {})
    for name in sorted(placeholders.used - set(defaults) - _filled_by_tools(conversion)):
        why = f"{{{{{name}}}}} is used but has no default: a call that does not send it would read it aloud"
        conversion.remark(Grade.APPROXIMATED, "EL007", place, why, f"Give {name} a default under defaultVariables.")


def _filled_by_tools(conversion: Conversion) -> set[str]:
    filled = {p["name"] for tool in conversion.tools for p in tool.get("llmParameters", ())}
    filled |= {v["variableName"] for tool in conversion.tools for v in tool.get("responseVariables", ())}
    before = conversion.config.get("preCallAPI", {}).get("responseVariables", ())
    return filled | {variable["variableName"] for variable in before}
