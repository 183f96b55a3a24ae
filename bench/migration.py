"""What an import of ElevenLabs files comes to, counted by means of its own: `python -m bench.migration PATH...`.

Every JSON file below the paths is imported into a project of its own, as a user would, with its choices answered. Files
that hold only tools or only tests are walked, too, inside an agent made for them. Code files are scanned as clients.
Without a path the exports are measured that the tests have. Nothing here trusts the report that it checks: what a
statement names is looked up again in the files that were written.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentops.diagnostics import Diagnostic, Severity
from agentops.errors import AgentopsError
from agentops.importers.elevenlabs.folder import SourceAgents, read_sources
from agentops.importers.elevenlabs.importing import Imported, ImportOptions, import_agents
from agentops.importers.elevenlabs.reading import NotAnAgentError, read_agent
from agentops.importers.elevenlabs.tool_shapes import read_loose_tools
from agentops.importers.fidelity import AgentFidelity, Grade
from agentops.importers.files import place_files, write_files
from agentops.importers.scan_client import CODE_ENDINGS, scan_files
from agentops.render.fidelity.json import fidelity_json
from agentops.spec import load_project
from agentops.spec.lint.run import lint_project
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain
from agentops.workflow.scripts import Choice, load_scripts
from bench import report

OWN = Path(__file__).parents[1] / "tests" / "importers"
_SECRET = re.compile(
    r"\b[sr]k[-_](?:live_|test_|proj-)?(?=\w*\d)\w{12,}|(?i:\bbearer\s+(?=[\w.-]*\d)[\w.-]{8,})|://[^\s/@:{}$]+:[^\s/@{}]+@"
    r"|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{20,}|\bghp_\w{20,}|\bxox[bp]-[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_BECAME = re.compile(r"^(?:goal )?\S.*? became (?P<what>.+?)(?: wherever |: |; |$)")
_FIXTURE = {"conversation_config": {"agent": {"first_message": "Good morning.", "prompt": {"prompt": "Help callers."}}}}
_ABSENCE = {"no-way-to-end": "end_call", "transfer-without-tool": "transfer_to_"}


@dataclass(slots=True)
class Measured:
    """Everything that is counted; lists hold one line for each thing that is wrong."""

    files: int = 0
    agents: int = 0
    tools: int = 0
    tests: int = 0
    refused: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    leaves: int = 0
    lost: list[str] = field(default_factory=list)
    statements: int = 0
    false: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    lint: list[str] = field(default_factory=list)
    lint_of_source: int = 0
    clients: int = 0
    findings: int = 0
    false_findings: list[str] = field(default_factory=list)


def measure(paths: list[Path]) -> Measured:
    measured = Measured()
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if (
                file.is_file()
                and file.suffix == ".json"
                and file.name not in ("agents.json", "tools.json", "tests.json")
            ):
                _measure_file(file, measured)
            elif file.is_file() and file.suffix in CODE_ENDINGS:
                _measure_client(file, measured)
    return measured


# ---- imports


def _measure_file(file: Path, measured: Measured) -> None:
    measured.files += 1
    try:
        found, raw = _found(file, measured)
        if not found.agents:
            measured.refused.append(f"{file}: {found.refused[0].reason if found.refused else 'nothing in it'}")
            return
        options = ImportOptions(voice="nyah", model="gpt-4o", with_widget=False)
        imported = import_agents(found, options, str(file))
        measured.agents += len(imported.report.agents)
        for source, agent in zip(found.agents, imported.report.agents, strict=True):
            _count_leaves(file, raw, source.tree, agent, measured)
            _check_statements(file, agent, imported, measured)
        _check_secrets(file, raw, imported, measured)
        _check_project(file, [source.tree for source in found.agents], imported, measured)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about this file
        measured.crashed.append(f"{file}: {type(error).__name__}: {error}")


def _found(file: Path, measured: Measured) -> tuple[SourceAgents, Any]:
    """What the file holds as agents; tools and tests alone are put into one."""
    found = read_sources([file])
    try:
        raw = json.loads(file.read_bytes().decode("utf-8-sig"), strict=False)
    except ValueError:
        return found, None
    if found.agents:
        return found, raw
    tree: Any = json.loads(json.dumps(_FIXTURE))
    tests: dict[str, Any] = {}
    if tools := read_loose_tools(raw):
        tree["conversation_config"]["agent"]["prompt"]["tools"] = tools
        measured.tools += len(tools)
    elif isinstance(raw, dict) and {"chat_history", "success_condition", "tool_call_parameters"} & raw.keys():
        identifier = str(raw.get("id") or "t")
        tests = {identifier: raw}
        tree["platform_settings"] = {"testing": {"attached_tests": [{"test_id": identifier}]}}
        measured.tests += 1
    else:
        return found, raw
    try:
        return SourceAgents(agents=[read_agent(tree, file.name, tests=tests, name=file.stem)]), raw
    except NotAnAgentError as refusal:
        return SourceAgents(refused=found.refused or []), refusal


def _leaves(tree: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Written again here, so that the account is not checked by its own counting."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, f"{place}\n{key}")
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from _leaves(value, f"{place}\n{index}")
    else:
        yield place, tree


def _count_leaves(file: Path, raw: Any, tree: Any, agent: AgentFidelity, measured: Measured) -> None:
    """Each leaf of what was read has its item, and each text of the file is in what was read."""
    leaves = [place for place, _ in _leaves(tree)]
    measured.leaves += len(leaves)
    items = [re.sub(r"\W+", "\n", item.source) for item in agent.items if item.is_leaf]
    missing = Counter(re.sub(r"\W+", "\n", place.strip()) for place in leaves) - Counter(i.strip() for i in items)
    measured.lost += [f"{file}: {place!r} has no item" for place in missing]
    kept = Counter(str(value) for _, value in _leaves(tree)) + Counter(
        part for place, _ in _leaves(tree) for part in place.split("\n")
    )
    kind_of_header = re.compile(r"request_headers\n\d+\ntype$")  # a list says in words what a map says by its shape
    texts = Counter(
        str(value)
        for place, value in _leaves(raw)
        if isinstance(value, str) and value and not kind_of_header.search(place)
    )
    if agent.origin.endswith(file.name):
        measured.lost += [f"{file}: the text {text[:60]!r} was not read" for text in texts if text not in kept]


def _check_statements(file: Path, agent: AgentFidelity, imported: Imported, measured: Measured) -> None:
    documents = _documents(agent.key, imported.files)
    everything = "\n".join(imported.files.values())
    for item in agent.items:
        if item.target is not None:
            measured.statements += 1
            found = _stands_at(documents, item.target)
            if found is None:
                measured.false.append(f"{file}: {item.source} -> {item.target}: nothing stands there")
            elif not _agrees(found, item.target_value):
                measured.false.append(
                    f"{file}: {item.source} -> {item.target} = {item.target_value!r}: it is {found!r}"
                )
            elif item.grade is Grade.EXACT and item.target_value is None and not _holds(found, item.value):
                measured.false.append(f"{file}: {item.source} is not in {item.target}")
        elif match := _BECAME.match(item.why):
            measured.statements += 1
            if match["what"].strip() not in everything:
                measured.false.append(f"{file}: {item.why}")
    for addition in agent.additions:
        measured.statements += 1
        found = _stands_at(documents, addition.target)
        if found is None or not _agrees(found, addition.value):
            measured.false.append(f"{file}: written {addition.target} = {addition.value!r}: it is {found!r}")


def _documents(key: str, files: dict[str, str]) -> dict[str, Any]:
    """The agent's spec, with the prompt file in its place, and its other files by name."""
    spec = to_plain(read_yaml(files[f"agents/{key}.yaml"], "spec")[0])
    prompt = files[f"agents/prompts/{key}.md"]
    made: dict[str, Any] = _with_prompt(spec, prompt)
    for path, text in files.items():
        if path.startswith(("agents/calls/", "tools/", "knowledge/")) and path.endswith(".yaml"):
            made[path] = to_plain(read_yaml(text, path)[0])
        elif path.startswith("client-tools/"):
            made[path] = json.loads(text)
    return made


def _with_prompt(node: Any, prompt: str) -> Any:
    if isinstance(node, dict):
        return {key: _with_prompt(value, prompt) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_prompt(value, prompt) for value in node]
    return prompt if isinstance(node, str) and node.startswith("${{ file('prompts/") else node


def _stands_at(documents: dict[str, Any], target: str) -> Any:
    """Follows a path as it is printed: `file: a.b[0]["c.d"].e`, in which members of lists go by a name, too."""
    node: Any = documents
    for path in documents:
        if target.startswith(f"{path}: "):
            node, target = documents[path], target.removeprefix(f"{path}: ")
            break
    for quoted, index, name in re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)', target):
        part = quoted.replace('\\"', '"') or name or index
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list):
            named = [
                m
                for m in node
                if isinstance(m, dict)
                and part in [m.get(k) for k in ("name", "identifier", "variableName", "key", "id")]
            ]
            node = named[0] if named else node[int(part)] if part.isdigit() and int(part) < len(node) else None
        else:
            return None
    return node


def _agrees(found: Any, said: Any) -> bool:
    if said is None or found == said:
        return True
    if said == "(your choice)":
        return "_choices.yaml" in json.dumps(found)
    if isinstance(found, dict):
        return any(_agrees(value, said) for value in found.values())
    if isinstance(found, list):
        return any(_agrees(value, said) for value in found)
    return isinstance(found, str) and not isinstance(said, bool) and str(said).strip() in found


def _holds(found: Any, value: Any) -> bool:
    """Whether every piece of a text, without its placeholders, is in what stands at the target."""
    if not isinstance(value, str):
        return True
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    flat = " ".join(text.split()).casefold()
    pieces = [" ".join(piece.split()).casefold() for piece in re.split(r"\{\{.*?\}\}|\$\{", value)]
    return all(piece in flat or json.dumps(piece, ensure_ascii=False)[1:-1] in flat for piece in pieces)


def _check_secrets(file: Path, raw: Any, imported: Imported, measured: Measured) -> None:
    """Nothing that looks like a secret or was called one, and no address out of a variable, is in any file."""
    files = {**imported.files, "report.json": fidelity_json(imported.report)}
    wanted = {match[0] for _, value in _leaves(raw) if isinstance(value, str) for match in _SECRET.finditer(value)}
    for place, value in _leaves(raw):
        name = place.rsplit("\n", 1)[-1]
        if isinstance(value, str) and "dynamic_variable" in place:
            wanted |= set(_EMAIL.findall(value)) | ({value} if name.startswith("secret__") and value else set())
    for path, text in files.items():
        for secret in wanted:
            if secret in text:
                measured.secrets.append(f"{file}: {path} holds {secret[:6]}...")


def _check_project(file: Path, trees: list[Any], imported: Imported, measured: Measured) -> None:
    """The project is valid with its choices answered, and `lint` finds only what the source itself has."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        answers = {choice.agent: {} for choice in imported.report.choices}
        for choice in imported.report.choices:
            answers[choice.agent][choice.name] = choice.answer or _answer(choice.name)
        files = {**imported.files, "agents/_choices.yaml": json.dumps(answers)}
        write_files(root, place_files(root, files))
        project = load_project(root, environ={}, needs_secrets=True)
        measured.invalid += [f"{file}: {d.summary}" for d in project.diagnostics if d.is_error]
        try:
            load_scripts(project, project.agents, Choice())
        except AgentopsError as error:
            measured.invalid.append(f"{file}: {error}")
        if len(project.agents) != len(trees):
            measured.invalid.append(f"{file}: {len(project.agents)} of {len(trees)} agents")
        configs = {agent.key: agent.config for agent in project.agents}
        remarks = [item.why for agent in imported.report.agents for item in agent.items if not item.is_leaf]
        for finding in lint_project(project):
            if finding.severity is Severity.NOTE:
                continue
            if _is_of_source(finding, trees, configs, remarks):
                measured.lint_of_source += 1
            else:
                measured.lint.append(f"{file}: {finding.code}: {finding.summary}")


def _answer(name: str) -> str:
    if name.startswith("number"):
        return "+14155550100"
    known = {"first_message": "Hello, how can I help?", "language": "en", "knowledge_base": "0" * 24}
    return known.get(name, "https://service.acme.dev/x")


def _is_of_source(finding: Diagnostic, trees: list[Any], configs: dict[str, Any], remarks: list[str]) -> bool:
    """Whether the finding is about a text or a number that the source has, or lacks, itself."""
    source = "\n".join(str(value) for tree in trees for _, value in _leaves(tree))
    keys = "\n".join(place for tree in trees for place, _ in _leaves(tree))
    if finding.code in _ABSENCE:
        return not re.search(rf"(?<![a-z_]){_ABSENCE[finding.code]}", source + keys)
    said = re.findall(r"'([^']+)'|: ([^:]+)$", finding.summary)
    if any(text and text in source for pair in said for text in pair):
        return True
    if finding.code == "unused-default":
        name = re.search(r"\{\{(.+?)\}\}", finding.summary)
        return name is not None and f"placeholders\n{name[1]}" in keys
    if finding.code == "unknown-placeholder":
        name = re.search(r"\{\{(.+?)\}\}", finding.summary)
        return name is not None and name[1] in source and f"placeholders\n{name[1]}" not in keys
    if finding.code == "unknown-tool-mentioned":
        name = re.search(r"mentions (\S+),", finding.summary)
        defined = [value for tree in trees for place, value in _leaves(tree) if re.search(r"tools\n\w+\nname$", place)]
        return name is not None and (name[1] not in defined or f"mentions {name[1]}," in " ".join(remarks))
    if finding.code == "tool-never-mentioned":
        name = finding.summary.rsplit(" ", 1)[-1]
        renamed = any(" became " in remark and name in remark for remark in remarks)
        old = "transfer_to_agent" if name.startswith("transfer_") and not renamed else name
        prompts = [value for tree in trees for place, value in _leaves(tree) if place.endswith("prompt\nprompt")]
        return not any(old in str(prompt) for prompt in prompts)
    if finding.code == "slow-tool":
        seconds = re.search(r"for (\d+) seconds", finding.summary)
        limits = [str(value) for tree in trees for place, value in _leaves(tree) if place.endswith("timeout_secs")]
        if seconds is not None and seconds[1] in limits:
            return True
    if finding.code == "prompt-too-long":
        return any(isinstance(v, str) and len(v) > 15_000 for tree in trees for _, v in _leaves(tree))
    node: Any = next(iter(configs.values()), {}) if len(configs) == 1 else configs
    for part in re.findall(r"[^.\[\]]+", (finding.path or "").removeprefix("config.")):
        if isinstance(node, list):
            node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    if isinstance(node, str):
        flat = " ".join(source.split())
        pieces = [" ".join(piece.split()) for piece in re.split(r"\{\{.*?\}\}|\n", node)]
        return all(piece.rstrip(".") in flat for piece in pieces)
    if isinstance(node, int | float) and not isinstance(node, bool):
        numbers = [v for tree in trees for _, v in _leaves(tree) if isinstance(v, int | float)]
        return any(node in (number, number * 1000) or number * 1000 > node > 1000 for number in numbers)
    return False


# ---- clients


def _measure_client(file: Path, measured: Measured) -> None:
    """Where nothing of ElevenLabs is named, every finding is false."""
    measured.clients += 1
    findings = scan_files([file]).findings
    measured.findings += len(findings)
    text = file.read_text("utf-8", errors="replace")
    if not re.search(r"(?i)eleven-?labs|11labs|convai", text):
        measured.false_findings += [f"{finding.file}:{finding.line}: {finding.found}" for finding in findings]


def main(arguments: list[str] | None = None) -> None:
    paths = [Path(each) for each in arguments or []] or [OWN / "exports", OWN / "clients"]
    measured = measure(paths)
    print(f"{measured.files} JSON files: {measured.agents} agents imported, {len(measured.refused)} files refused;")
    print(
        f"{measured.tools} loose tools and {measured.tests} loose tests walked; {measured.clients} code files scanned,"
    )
    print(f"{measured.findings} findings in them; {measured.lint_of_source} lint warnings of the sources' own")
    for name, wrong in (
        ("refused", measured.refused),
        ("crashed", measured.crashed),
        ("leaf lost", measured.lost),
        ("false statement", measured.false),
        ("secret written", measured.secrets),
        ("invalid project", measured.invalid),
        ("lint warning of the import", measured.lint),
        ("false finding", measured.false_findings),
    ):
        for line in wrong:
            print(f"  {name}: {line}")
    report(f"crashes in {measured.files} files", len(measured.crashed), at_most=0)
    report(f"leaves lost of {measured.leaves}", len(measured.lost), at_most=0)
    report(f"false statements of {measured.statements}", len(measured.false), at_most=0)
    report("secrets written", len(measured.secrets), at_most=0)
    report("invalid projects", len(measured.invalid), at_most=0)
    report("lint warnings caused by the import", len(measured.lint), at_most=0)
    report("false findings of scan-client", len(measured.false_findings), at_most=0)


if __name__ == "__main__":
    main(sys.argv[1:])
