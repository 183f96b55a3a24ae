"""The files of a project from converted agents: specs, prompts, calls, choices, settings. Pure: texts by path.

What happens to files that exist already is decided in `importers.files`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import CHOICES_FILE, Conversion
from agentops.importers.elevenlabs.secret_stand_ins import without_stand_ins
from agentops.importers.fidelity import OpenChoice
from agentops.importers.yaml_text import comment_lines, scalar, to_yaml
from agentops.spec.files import PROJECT_FILE
from agentops.spec.layout import format_yaml
from agentops.spec.lint.prompts import mentioned_tools
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.project import ProjectSpec

CHOOSE = "$choose"


def agent_files(conversion: Conversion, origin: str) -> dict[str, str]:
    """Spec, prompt, calls and side files of one agent, by path relative to the project."""
    key = conversion.key
    config: Document = copy.deepcopy(conversion.config)
    files: dict[str, str] = {}
    holder, name = (config["singlePromptConfig"], "prompt") if "singlePromptConfig" in config else (None, "")
    if holder is None:
        holder, name = config["playbooks"], "conversationGuide"
    prompt = holder.get(name, "")
    files[f"agents/prompts/{key}.md"] = prompt if prompt.endswith("\n") else f"{prompt}\n"
    holder[name] = f"${{{{ file('prompts/{key}.md') }}}}"
    if holder.get("tools") == []:
        del holder["tools"]
    for stem, script in conversion.scripts.items():
        header = "yaml-language-server: $schema=../../schemas/call.schema.json"
        files[f"agents/calls/{stem}.yaml"] = to_yaml(without_stand_ins(script), header=header)
    spec: Document = dict(conversion.metadata)
    if conversion.tags:
        spec["tags"] = conversion.tags
    if accepted := _accepted_warnings(conversion):
        spec["lint"] = accepted
    spec["config"] = config
    if conversion.scripts:
        spec["calls"] = [f"calls/{stem}.yaml" for stem in conversion.scripts]
    files[f"agents/{key}.yaml"] = _spec_text(conversion, spec, origin)
    if conversion.client_tools:
        declared = {"tools": without_stand_ins(conversion.client_tools)}
        files[conversion.client_tools_file] = json.dumps(declared, indent=2, ensure_ascii=False) + "\n"
    return {**files, **conversion.files}


def _accepted_warnings(conversion: Conversion) -> list[Document]:
    """Warnings of `lint` that the import itself would cause, accepted in the spec with the reason."""
    single = conversion.config.get("singlePromptConfig")
    if single is None:
        return []
    accepted: list[Document] = [
        {
            "rule": "slow-tool",
            "path": f"config.singlePromptConfig.tools[{index}].timeout",
            "reason": "ElevenLabs waits 20 s for a tool unless told otherwise, and so does this one.",
        }
        for index, tool in enumerate(single.get("tools", ()))
        if tool["name"] in conversion.default_waits
    ]
    declared = {tool["name"] for tool in conversion.client_tools}
    own = (
        {tool["name"] for tool in single.get("tools", ())}
        | conversion.shared_ids.keys()
        | conversion.config.get("defaultVariables", {}).keys()
    )
    unknown = set(mentioned_tools(single.get("prompt", ""))) - own
    if unknown and unknown <= declared:
        reason = f"Clients declare these tools in each session: {conversion.client_tools_file}."
        accepted.append(
            {"rule": "unknown-tool-mentioned", "path": "config.singlePromptConfig.prompt", "reason": reason}
        )
    return accepted


def _spec_text(conversion: Conversion, spec: Document, origin: str) -> str:
    header = (
        "yaml-language-server: $schema=../schemas/agent.schema.json\n"
        f"Imported from ElevenLabs ({origin}); report/report.md says what became of every field."
    )
    comments = {f"config.{path}": text for path, text in conversion.comments.items()}
    for choice in conversion.choices:
        if choice.name in ("model", "voice", "first_message", "language"):
            path = _CHOICE_PATHS[choice.name]
            comments[path] = f"Yours to choose, in agents/{CHOICES_FILE}."
    return format_yaml(to_yaml(spec, comments, header=header), f"agents/{conversion.key}.yaml", AgentSpec)


_CHOICE_PATHS = {
    "model": "config.slmModel",
    "voice": "config.synthesizer.voiceConfig.voiceId",
    "first_message": "config.firstMessage",
    "language": "config.language.default",
}


def choices_text(choices: Sequence[OpenChoice]) -> str:
    """The choices file: every decision with its proposals as comments; open ones hold `{$choose: question}`."""
    lines = [
        "# What a person must choose, per agent. Replace each {$choose: ...} by your answer; the comments above it are",
        "# proposals, best first. `agentops validate` lists what is still open, and `plan` refuses until nothing is.",
    ]
    if not choices:
        return "\n".join([*lines, "{}"]) + "\n"
    for agent in dict.fromkeys(choice.agent for choice in choices):
        lines += ["", f"{scalar(agent)}:"]
        for choice in (c for c in choices if c.agent == agent):
            lines += comment_lines(choice.question, 2)
            for value, reason in choice.proposals:
                lines += comment_lines(f"- {value}: {reason}", 2)
            answer = {CHOOSE: choice.question} if choice.is_open else choice.answer
            lines.append(f"  {choice.name}: {_answer(answer)}")
    return "\n".join(lines) + "\n"


def _answer(answer: Any) -> str:
    if isinstance(answer, dict) and CHOOSE in answer:
        return f"{{{CHOOSE}: {json.dumps(answer[CHOOSE], ensure_ascii=False)}}}"
    return scalar(answer)


def project_text(name: str, secrets: Sequence[str]) -> str:
    """`agentops.yaml` for a project that has none yet: the emulator, and one environment for the real account."""
    local: Document = {"target": "emulator"}
    if secrets:
        local["secrets"] = {secret: {"value": "demo-value"} for secret in secrets}
    data: Document = {
        "project": name,
        "default_environment": "local",
        "environments": {
            "local": local,
            "prod": {"api_key": "${{ secrets.SMALLEST_API_KEY }}", "protected": True},
        },
    }
    comments = {
        "environments.local": "The embedded emulator: no key, no network, nothing to start.",
        "environments.prod": "The real account; its secrets are environment variables of these names.",
    }
    text = to_yaml(data, comments, header="yaml-language-server: $schema=schemas/project.schema.json")
    return format_yaml(text, PROJECT_FILE, ProjectSpec)
