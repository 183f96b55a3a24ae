"""What the model is given: tools that exist, a way to end, no mistaken braces, a size that leaves room to think."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.closest import closest
from agentops.diagnostics import Severity
from agentops.spec.lint.registry import LintFinding, rule, rule_of, setting
from agentops.spec.lint_target import FileTarget, LintTarget
from agentops.spec.model.tools import ApiCall, EndCall, KnowledgeBaseSearch, TransferCall
from agentops.spec.placeholders import provided

_TOOLS = ("config", "singlePromptConfig", "tools")


@rule("no-way-to-end")
def _no_way_to_end(target: LintTarget) -> Iterator[LintFinding]:
    single = target.config.singlePromptConfig
    if single is None or single.tools is None or target.has_other_tools:
        return
    if not any(isinstance(tool, EndCall) for _, tool in target.tools):
        summary = "the agent has no end_call tool: it can't hang up, and calls end in silence or by a timeout"
        hint = "add {type: end_call, name: end_call, description: Ends the call after the goodbye.}"
        yield LintFinding(_TOOLS, summary, hint)


@rule("tool-never-mentioned")
def _never_mentioned(target: LintTarget) -> Iterator[LintFinding]:
    prompt = target.prompt
    if not prompt:
        return
    own = (((*path, "name"), tool) for path, tool in target.tools)
    for path, tool in (*own, *target.shared_tools):
        if tool.name not in prompt and tool.name.replace("_", " ") not in prompt.lower():
            hint = f"say in the prompt when to use `{tool.name}`, or remove the tool"
            yield LintFinding(path, f"the prompt never mentions the tool {tool.name}", hint)


_CODE = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\(\))?`|\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\(")
_USES = re.compile(r"\b(?:use|call|invoke|run)\s+(?:the\s+)?(?:tool\s+)?`?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`?", re.I)


def mentioned_tools(text: str) -> list[str]:
    """The names in a prompt that read as names of tools: in code marks, with brackets, or after "use" or "call"."""
    named = [m[1] or m[2] for m in _CODE.finditer(text)] + [m[1] for m in _USES.finditer(text)]
    return list(dict.fromkeys(named))


@rule("unknown-tool-mentioned")
def _unknown_tool(target: LintTarget) -> Iterator[LintFinding]:
    if target.has_other_tools:
        return
    names = [tool.name for _, tool in (*target.tools, *target.shared_tools)]
    if (playbooks := target.config.playbooks) is not None:
        names += [tool.name for playbook in playbooks.playbooks or () for tool in playbook.tools or ()]
        if (auth := playbooks.auth) is not None:
            names += [tool.name for tool in (*(auth.weakTools or ()), *(auth.strongTools or ()))]
    known = {*names, *provided(target)}
    for each in target.prompts:
        for name in mentioned_tools(each.text):
            if name not in known:
                near = closest(name, names, cutoff=0.6)
                hint = f"did you mean `{near}`?" if near else "add the tool, or take it out of the prompt"
                yield LintFinding(
                    each.path, f"the prompt mentions {name}, which is not a tool of this agent", hint, name
                )


_TRANSFER = re.compile(
    r"\b(?:transfer|hand over|put through|connect)\s+(?:the\s+|this\s+)?"
    r"(?:caller|customer|call|them|user|client)\b",
    re.I,
)


@rule("transfer-without-tool")
def _transfer_without_tool(target: LintTarget) -> Iterator[LintFinding]:
    if target.has_other_tools or any(isinstance(tool, TransferCall) for _, tool in target.tools):
        return
    for each in target.prompts:
        if found := _TRANSFER.search(each.text):
            hint = "add a transfer_call tool, or tell the agent what to do instead"
            summary = f"the prompt wants a transfer ({found[0]!r}), but there is no transfer_call tool"
            yield LintFinding(each.path, summary, hint, found[0])


@rule("prompt-too-long")
def _prompt_length(target: LintTarget) -> Iterator[LintFinding]:
    limit = setting(target, "prompt_tokens")
    for each in target.prompts:
        tokens = len(each.text) / 4  # the usual estimate for English
        if tokens > limit:
            summary = f"the prompt has about {tokens:,.0f} tokens (an estimate: characters / 4)"
            hint = f"keep it under {limit:,.0f}: every turn reads it again, which costs time before the first word"
            yield LintFinding(each.path, summary, hint)


@rule("prompt-empty", Severity.ERROR)
def _prompt_empty(target: LintTarget) -> Iterator[LintFinding]:
    for each in target.prompts:
        if not each.text.strip():
            yield LintFinding(each.path, "the prompt is empty", "say who the agent is and what it does")


@rule("two-prompts")
def _two_prompts(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    if config.globalPrompt and config.singlePromptConfig is not None and config.singlePromptConfig.prompt:
        hint = "keep singlePromptConfig.prompt for a single-prompt agent"
        summary = "both globalPrompt and singlePromptConfig.prompt are set, and only one is the system prompt"
        yield LintFinding(("config", "globalPrompt"), summary, hint)


_HALF = re.compile(
    r"(?<![{$])\{([a-z_][a-z0-9_]*)\}(?!\})|(?<!\$)\{\{[^{}\n]*(?:\}(?!\})|$)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.M
)


@rule("wrong-braces")
def _wrong_braces(target: LintTarget) -> Iterator[LintFinding]:
    names = provided(target)
    for each in target.texts:
        if "{" not in each.text or each.path[-1] in ("requestBody", "body"):  # braces are JSON there
            continue
        for found in _HALF.finditer(each.text):
            name = found[1] or found[2]
            if name is None or name in names:
                hint = f"write {{{{{name}}}}}" if name else "close it with two braces: {{name}}"
                yield LintFinding(
                    each.path, f"{found[0]!r} is not a variable and would be said as it is", hint, found[0]
                )
                break


@rule_of("vague-tool-description", FileTarget)
def _vague(target: FileTarget) -> Iterator[LintFinding]:
    for path, tool in target.tools:
        if len(tool.description.split()) < 3:
            summary = f"the description of {tool.name} does not say when to use it"
            yield LintFinding((*path, "description"), summary, "say in a sentence when the model should use the tool")


@rule("disabled-tool-mentioned")
def _disabled(target: LintTarget) -> Iterator[LintFinding]:
    single = target.config.singlePromptConfig
    for index, tool in enumerate((single.tools if single is not None else None) or ()):
        if tool.enabled is False and tool.name in target.prompt:
            hint = "switch the tool on, or take it out of the prompt"
            summary = f"the prompt mentions {tool.name}, which is switched off"
            yield LintFinding((*_TOOLS, index, "enabled"), summary, hint)


@rule("too-many-tools", Severity.NOTE)
def _too_many(target: LintTarget) -> Iterator[LintFinding]:
    limit = setting(target, "tool_count")
    count = len(target.tools) + len(target.shared_tools)
    if count > limit:
        summary = f"{count} tools are switched on"
        yield LintFinding(_TOOLS, summary, f"models choose badly among more than {limit:g}; split the job or the line")


@rule("silent-search", Severity.NOTE)
def _silent_search(target: LintTarget) -> Iterator[LintFinding]:
    for path, tool in target.tools:
        if isinstance(tool, KnowledgeBaseSearch) and not tool.fillerPhrases:
            hint = "add fillerPhrases, such as Let me look that up."
            yield LintFinding(path, f"{tool.name} searches in silence", hint)


@rule_of("slow-tool", FileTarget)
def _slow_tool(target: FileTarget) -> Iterator[LintFinding]:
    limit = setting(target, "tool_seconds")
    for path, tool in target.tools:
        if isinstance(tool, ApiCall) and tool.timeout is not None and tool.timeout > limit * 1000:
            summary = f"{tool.name} may leave the caller in silence for {tool.timeout / 1000:g} seconds"
            yield LintFinding(
                (*path, "timeout"), summary, f"make it at most {limit * 1000:.0f} ms and let the agent recover"
            )
