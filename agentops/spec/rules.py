"""Rules between fields, which no single field's type can express: what the platform would refuse or ignore."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import CLEARED, Path
from agentops.fields import is_clearable
from agentops.spec.lint_target import FileTarget, LintTarget, Text
from agentops.spec.model.base import REALTIME_MODELS, Known
from agentops.spec.model.tools import ApiCall, ClientTool, ExtractVariables, Tool, TransferCall
from agentops.spec.placeholders import check_placeholders

Rule = Callable[[LintTarget], Iterator[Diagnostic]]
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_PROMPT: Path = ("config", "singlePromptConfig")


def check_rules(target: LintTarget, *, is_deploying: bool) -> list[Diagnostic]:
    """Everything the rules find. What may be missing while a spec is written is an error when it is deployed."""
    problems = [problem for rule in _RULES for problem in rule(target)]
    problems += _first_message(target, is_deploying=is_deploying)
    texts = target.texts_to_check()
    problems += _known_values(target, texts)
    return problems + check_placeholders(target, texts)


def check_sound_rules(target: LintTarget) -> list[Diagnostic]:
    """What the rules find in an agent without its wrong fields; what is missing is not reported."""
    problems = [problem for rule in _RULES for problem in rule(target)]
    return problems + list(_known_values(target, target.texts_to_check()))


def _first_message(target: LintTarget, *, is_deploying: bool) -> Iterator[Diagnostic]:
    config = target.config
    if config.firstMessage is None and target.value(("config", "firstMessage")) is None:
        hint = "add `firstMessage: ...`; a {{variable}} is enough"
        severity = _ERROR if is_deploying else _WARNING
        summary = "there is no first message; the platform publishes no agent without one"
        yield target.problem("first-message-missing", severity, ("config",), summary, hint)
    elif config.firstMessage is None or not config.firstMessage.strip():
        hint = "write what the agent says first; a {{variable}} is enough"
        summary = "the first message is empty; the platform publishes no agent without one"
        yield target.problem("first-message-missing", _ERROR, ("config", "firstMessage"), summary, hint)


def _languages(target: LintTarget) -> Iterator[Diagnostic]:
    language = target.config.language
    if language is None or language.supported is None:
        return
    path: Path = ("config", "language")
    supported = language.supported
    if language.default is not None and language.default not in supported:
        summary = f"the default language {language.default} is not among the supported ones"
        hint = f"add {language.default} to `supported`, or choose one of {', '.join(supported)}"
        yield target.problem("default-language", _ERROR, (*path, "default"), summary, hint)
    if "ta" in supported and len(supported) > 1:
        hint = "leave Tamil alone in the list, or make an agent of its own for it"
        summary = "Tamil (ta) can't be combined with other languages"
        yield target.problem("tamil-alone", _ERROR, (*path, "supported"), summary, hint)
    for index, each in _repeated(supported):
        yield _duplicate(target, (*path, "supported", index), "language", each)


def _transcriber(target: LintTarget) -> Iterator[Diagnostic]:
    language, transcriber = target.config.language, target.config.transcriberType
    named = {language.default, *(language.supported or ())} if language is not None else set()
    is_left_out = transcriber is None and target.value(("config", "transcriberType")) is not None
    if "north_indic" in named and transcriber != "pulse" and not is_left_out:
        actual = f"it is {transcriber}" if transcriber else "it is not set"
        summary = f"north_indic needs transcriberType: pulse, but {actual}"
        path: Path = ("config", "transcriberType") if transcriber else ("config", "language")
        yield target.problem("north-indic-transcriber", _ERROR, path, summary, "write `transcriberType: pulse`")


def _switching(target: LintTarget) -> Iterator[Diagnostic]:
    language = target.config.language
    switching = language.switching if language is not None else None
    if switching is None:
        return
    weak, strong = switching.weakSignalThreshold, switching.strongSignalThreshold
    if weak is not None and strong is not None and weak > strong:
        path: Path = ("config", "language", "switching", "weakSignalThreshold")
        summary = f"the weak threshold ({weak:g}) is above the strong one ({strong:g})"
        yield target.problem("thresholds-crossed", _ERROR, path, summary, "make the weak one the smaller of the two")


def _workflow_type(target: LintTarget) -> str | None:
    """The kind of agent; None where the spec names one that does not exist."""
    written = target.spec.workflow_type
    return written if written is not None or target.value(("workflow_type",)) is not None else "single_prompt"


def _models(target: LintTarget) -> Iterator[Diagnostic]:
    config, workflow = target.config, _workflow_type(target)
    if config.slmModel in REALTIME_MODELS and workflow not in (None, "single_prompt"):
        summary = f"{config.slmModel} works for single_prompt agents only, and this is {workflow}"
        hint = "choose another model, or make it a single_prompt agent"
        yield target.problem("realtime-single-prompt", _ERROR, ("config", "slmModel"), summary, hint)
    voice = config.synthesizer.voiceConfig if config.synthesizer is not None else None
    if voice is not None and voice.model in REALTIME_MODELS and config.slmModel not in (None, voice.model):
        summary = (
            f"the voice model {voice.model} speaks for the language model {voice.model}, not for {config.slmModel}"
        )
        path: Path = ("config", "synthesizer", "voiceConfig", "model")
        hint = f"write `slmModel: {voice.model}`, or choose a waves voice model"
        yield target.problem("realtime-voice", _ERROR, path, summary, hint)


def _workflow(target: LintTarget) -> Iterator[Diagnostic]:
    config, workflow = target.config, _workflow_type(target)
    if workflow is None:
        return
    if workflow == "workflow_graph":
        hint = "edit such agents in the console; here, write single_prompt or multi_agents"
        summary = "workflow_graph agents can't be kept as a spec: the platform takes no graph"
        yield target.problem("workflow-graph", _ERROR, ("workflow_type",), summary, hint)
    if config.playbooks is not None and workflow != "multi_agents":
        hint = "write `workflow_type: multi_agents` at the top of the spec"
        summary = f"playbooks are for multi_agents, and this is {workflow}"
        yield target.problem("workflow-mismatch", _ERROR, ("config", "playbooks"), summary, hint)
    if config.singlePromptConfig is not None and workflow != "single_prompt":
        hint = "write `workflow_type: single_prompt`, or move the prompt to where this kind of agent has it"
        summary = f"singlePromptConfig is for single_prompt agents, and this is {workflow}"
        yield target.problem("workflow-mismatch", _ERROR, _PROMPT, summary, hint)


def _tools(target: LintTarget) -> Iterator[Diagnostic]:
    single = target.config.singlePromptConfig
    tools = list(single.tools or ()) if single is not None else []
    for index, name in _repeated(tool.name for tool in tools):
        yield _duplicate(target, (*_PROMPT, "tools", index, "name"), "tool", name)
    for index, tool in enumerate(tools):
        yield from check_tool(target, (*_PROMPT, "tools", index), tool)


def check_tool(target: FileTarget, path: Path, tool: Tool) -> Iterator[Diagnostic]:
    """What is wrong in one tool, in an agent's own list or in a file of `tools/`."""
    match tool:
        case TransferCall():
            yield from _transfer(target, path, tool)
        case ApiCall():
            yield from _api_call(target, path, tool)
        case ClientTool():
            yield from _enums(target, path, "parameters", tool.parameters or ())
        case ExtractVariables():
            yield from _enums(target, path, "variablesExtractionSchema", tool.variablesExtractionSchema)
        case _:
            pass


def _playbooks(target: LintTarget) -> Iterator[Diagnostic]:
    """Ids are used once, and whatever refers to a playbook or a verification refers to one that is there."""
    playbooks = target.config.playbooks
    if playbooks is None:
        return
    base: Path = ("config", "playbooks")
    verified = [each.id for each in playbooks.verifications or ()]
    for name, ids in (("playbooks", [each.id for each in playbooks.playbooks or ()]), ("verifications", verified)):
        for index, repeated in _repeated(ids):
            yield _duplicate(target, (*base, name, index, "id"), name[:-1], repeated)
    references: list[tuple[Path, str, str, list[str]]] = []
    if playbooks.router is not None and playbooks.router.fallbackPlaybookId is not None:
        known = [each.id for each in playbooks.playbooks or ()]
        references.append(
            ((*base, "router", "fallbackPlaybookId"), "playbook", playbooks.router.fallbackPlaybookId, known)
        )
    for index, playbook in enumerate(playbooks.playbooks or ()):
        for position, wanted in enumerate(playbook.verificationIds or ()):
            here: Path = (*base, "playbooks", index, "verificationIds", position)
            references.append((here, "verification", wanted, verified))
    for path, what, wanted, known in references:
        # A list that is written but not here had a wrong item and was left out: what it holds is not known.
        is_left_out = not known and target.value((*base, f"{what}s")) is not None
        if wanted not in known and not is_left_out:
            near = closest(wanted, known, cutoff=0.6)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known) or 'none'}"
            yield target.problem("unknown-reference", _ERROR, path, f"there is no {what} with the id {wanted!r}", hint)


def _transfer(target: FileTarget, path: Path, tool: TransferCall) -> Iterator[Diagnostic]:
    option = tool.transferOption
    for name in ("privateHandoffOption", "publicHandoffOption"):
        handoff = getattr(option, name)
        here: Path = (*path, "transferOption", name)
        if handoff is not None and option.type == "cold_transfer":
            hint = "write `type: warm_transfer`, or remove it"
            summary = f"{name} has no effect in a cold transfer"
            yield target.problem("handoff-needs-warm", _ERROR, here, summary, hint)
        elif handoff is not None and not (handoff.prompt or "").strip():
            hint = "add `prompt:` with the sentence or the instruction"
            yield target.problem("handoff-empty", _ERROR, here, f"{name} says nothing", hint)


def _api_call(target: FileTarget, path: Path, tool: ApiCall) -> Iterator[Diagnostic]:
    if tool.headers is not None and tool.headersArray is not None:
        hint = "keep one of the two"
        summary = "the tool has both headers and headersArray"
        yield target.problem("conflicting-fields", _ERROR, (*path, "headersArray"), summary, hint)
    yield from _enums(target, path, "llmParameters", tool.llmParameters or ())
    for index, name in _repeated(each.variableName for each in tool.responseVariables or ()):
        yield _duplicate(target, (*path, "responseVariables", index, "variableName"), "response variable", name)


def _enums(target: FileTarget, path: Path, name: str, items: Sequence[Any]) -> Iterator[Diagnostic]:
    """Parameters and extracted variables: an enum names its values, and each name is used once."""
    for index, each in enumerate(items):
        here: Path = (*path, name, index)
        if each.type == "enum" and not each.values:
            hint = "add `values: [...]`"
            yield target.problem("enum-values", _ERROR, here, f"the enum {each.name} has no values", hint)
        if each.type != "enum" and each.values:
            hint = "write `type: enum`, or remove the values"
            summary = f"{each.name} has values, but its type is {each.type}"
            yield target.problem("enum-values", _ERROR, here, summary, hint)
    for index, repeated in _repeated(each.name for each in items):
        yield _duplicate(target, (*path, name, index, "name"), "name", repeated)


def _metrics(target: LintTarget) -> Iterator[Diagnostic]:
    analytics = target.config.postCallAnalyticsConfig
    base: Path = ("config", "postCallAnalyticsConfig", "dispositionMetrics")
    metrics = list(analytics.dispositionMetrics or ()) if analytics is not None else []
    for index, metric in enumerate(metrics):
        if metric.dispositionMetricType == "ENUM" and not metric.choices:
            summary = f"the ENUM metric {metric.identifier} has no choices"
            yield target.problem("metric-choices", _ERROR, (*base, index), summary, "add `choices: [...]`")
        if metric.dispositionMetricType != "ENUM" and metric.choices:
            summary = f"{metric.identifier} has choices, but its type is {metric.dispositionMetricType}"
            hint = "write `dispositionMetricType: ENUM`, or remove the choices"
            yield target.problem("metric-choices", _ERROR, (*base, index, "choices"), summary, hint)
    for index, identifier in _repeated(metric.identifier for metric in metrics):
        yield _duplicate(target, (*base, index, "identifier"), "metric", identifier)


def _pronunciations(target: LintTarget) -> Iterator[Diagnostic]:
    for index, word in _repeated(each.word.lower() for each in target.config.pronunciationDicts or ()):
        yield _duplicate(target, ("config", "pronunciationDicts", index, "word"), "word", word)


def _known_values(target: LintTarget, texts: Iterable[Text]) -> Iterator[Diagnostic]:
    """Values that the platform may know since this release was made: a warning, never an error."""
    for each in texts:
        if isinstance(each.marker, Known) and each.text not in each.marker.values:
            near = closest(each.text, (value for value in each.marker.values if value), cutoff=0.7)
            known = ", ".join(value or '""' for value in each.marker.values)
            hint = f"did you mean {near}?" if near else "if the platform has it by now, leave it as it is"
            summary = f"{each.text!r} is no {each.marker.what} that this release knows"
            yield target.problem("unknown-value", _WARNING, each.path, summary, hint, expected=f"one of {known}")


def _cleared(target: LintTarget) -> Iterator[Diagnostic]:
    """`$clear` where no value means empty: the platform rejects nulls, and a number or a switch is never empty."""
    if target.has_extras:
        yield from _cleared_below(target, target.tree.get("config"), ("config",))


def _cleared_below(target: LintTarget, value: Any, path: Path) -> Iterator[Diagnostic]:
    if value is CLEARED:
        if not is_clearable(path[1:]):
            summary = f"{path[-1]} can't be emptied: no value is known that means empty there"
            hint = "write the value you want; to stop managing the field, write null or leave it out"
            yield target.problem("cannot-clear", _ERROR, path, summary, hint)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _cleared_below(target, each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _cleared_below(target, each, (*path, index))


def _repeated(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The names that were there before, with their indexes."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index, name
        seen.add(name)


def _duplicate(target: FileTarget, path: Path, what: str, name: str) -> Diagnostic:
    hint = "give each one a name of its own, or remove one"
    return target.problem("duplicate-item", _ERROR, path, f"the {what} {name!r} is there twice", hint)


_RULES: tuple[Rule, ...] = (
    _languages,
    _transcriber,
    _switching,
    _models,
    _workflow,
    _tools,
    _playbooks,
    _metrics,
    _pronunciations,
    _cleared,
)
