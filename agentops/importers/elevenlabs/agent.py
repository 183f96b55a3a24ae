"""Converts one ElevenLabs agent into a spec: runs the parts in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentops.importers.elevenlabs import analysis, brain, built_in, platform, speech, stages, toolbox, widget
from agentops.importers.elevenlabs.account import Source
from agentops.importers.elevenlabs.conversion import AGENT, Conversion
from agentops.importers.elevenlabs.placeholders import Placeholders
from agentops.importers.elevenlabs.reading import SourceAgent
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade


def convert(
    agent: SourceAgent, key: str, answers: Mapping[str, Any], proposals: VoiceProposals, *, with_widget: bool = False
) -> Conversion:
    """The whole conversion of one agent."""
    source = Source(agent.tree)
    conversion = Conversion(key, source, Placeholders(brain.defined_names(agent.tree)), answers)
    for repair in agent.repairs:
        conversion.remark(Grade.APPROXIMATED, "EL021", (), repair)
    brain.convert_identity(conversion)
    brain.convert_model(conversion)
    toolbox.convert_tools(conversion)
    built_in.convert_built_in(conversion)
    speech.convert_language(conversion)
    speech.convert_voice(conversion, proposals)
    speech.convert_turns(conversion)
    speech.convert_conversation(conversion)
    analysis.convert_analysis(conversion)
    platform.convert_platform(conversion)
    widget.convert_widget(conversion, is_ported=with_widget)
    stages.convert_workflow(conversion)
    brain.convert_prompt(conversion)
    brain.convert_variables(conversion)
    _report_variables(conversion)
    return conversion


def _report_variables(conversion: Conversion) -> None:
    words, place = conversion.words, (*AGENT, "dynamic_variables")
    for name, (replacement, differs) in sorted(words.replaced.items()):
        grade = Grade.APPROXIMATED if differs else Grade.EXACT
        why = f"{{{{{name}}}}} became {replacement}" + (f": {differs}" if differs else "")
        conversion.remark(grade, "EL007", place, why)
    for old, new in sorted(words.renamed.items()):
        why = f"{{{{{old}}}}} became {{{{{new}}}}}: the platform fills {old} itself and drops other values for it"
        conversion.remark(Grade.APPROXIMATED, "EL007", place, why, "Send the new name from your client.")
    for name in sorted(words.unknown):
        why = f"{{{{{name}}}}} has no counterpart and is still in the text"
        conversion.remark(Grade.UNSUPPORTED, "EL007", place, why, "Reword the sentence that uses it.")
    defaults = conversion.config.get("defaultVariables", {})
    for name in sorted(words.used - set(defaults) - _filled_by_tools(conversion)):
        why = f"{{{{{name}}}}} is used but has no default: a call that does not send it would read it aloud"
        conversion.remark(Grade.APPROXIMATED, "EL007", place, why, f"Give {name} a default under defaultVariables.")


def _filled_by_tools(conversion: Conversion) -> set[str]:
    filled = {p["name"] for tool in conversion.tools for p in tool.get("llmParameters", ())}
    filled |= {v["variableName"] for tool in conversion.tools for v in tool.get("responseVariables", ())}
    before = conversion.config.get("preCallAPI", {}).get("responseVariables", ())
    return filled | {variable["variableName"] for variable in before}
