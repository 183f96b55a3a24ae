"""The schemas for editors: sound, fresh, in our own words, and of one mind with `validate`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from spec_projects import Loader

from agentops.cli.schemas import all_schemas, schema_files
from agentops.resources import Kind
from agentops.spec.explanations import explanations
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain

ROOT = Path(__file__).parents[2]
SCHEMAS = all_schemas()
EXAMPLES = [
    *sorted((ROOT / "agents").rglob("*.yaml")),
    *sorted(path for path in (ROOT / "examples").rglob("*.yaml") if ".agentops" not in path.parts),
    ROOT / "agentops.yaml",
]
# What a schema for a single file can see of an example: structure, not meaning.
STRUCTURAL = (
    "unknown-field",
    "missing-field",
    "wrong-type",
    "wrong-value",
    "wrong-format",
    "out-of-range",
    "too-short",
)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])


def test_the_files_are_up_to_date() -> None:
    stale = [name for name, text in schema_files().items() if (ROOT / "schemas" / name).read_text() != text]
    assert not stale, "run `agentops schema --output schemas`"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_names_its_schema_and_is_valid_by_it(path: Path) -> None:
    text = path.read_text()
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert match, "the first line names the schema for editors"
    named = (path.parent / match[1]).resolve()
    assert named.parent == ROOT / "schemas"
    schema = json.loads(named.read_text())
    data = to_plain(read_yaml(text, path.name)[0])
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)] == []


def errors_of(example: str) -> list[str]:
    kind = "agent"
    if example.startswith("# "):
        kind = next(kind.value for kind in Kind if example.startswith(f"# {kind.folder}/"))
    elif example.startswith("project:"):
        kind = "project"
    data = to_plain(read_yaml(f"name: Line\n{example}" if kind == "agent" else example, "x.yaml")[0])
    schema = SCHEMAS[kind]
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("code", [code for code, entry in explanations().items() if entry.good])
def test_what_validate_accepts_the_schema_accepts(code: str) -> None:
    assert errors_of(explanations()[code].good) == []


@pytest.mark.parametrize("code", STRUCTURAL)
def test_what_is_structurally_wrong_the_schema_refuses(code: str) -> None:
    assert errors_of(explanations()[code].bad)


@pytest.mark.parametrize(
    "example",
    [
        "config: {synthesizer: {speed: '${{ vars.speed }}'}}",
        "config: {allowInterruptions: '${{ environment == \"prod\" }}'}",
        "config: {singlePromptConfig: {tools: \"${{ yaml('_base/tools.yaml') }}\"}}",
        "config: {synthesizer: {sampleRate: '${{ vars.rate | int }}', voiceConfig: {gender: '${{ vars.g }}'}}}",
        "extends: _base/line.yaml",
        "config: {firstMessage: Hi}\nenvironments: {prod: {config: {preCallAPI: {timeout: 2}}}}",
        "config: {firstMessage: Hi}\nenvironments: {prod: {config: {pronunciationDicts: {$merge: word, items: []}}}}",
        "config: {slmModel: null, backgroundSound: {$clear: true}, $passthrough: {brandNew: 1}}",
        "config: {slmModel: a-model-of-next-year}",
    ],
)
def test_the_schema_accepts_what_the_language_allows(example: str) -> None:
    assert errors_of(example) == []


@pytest.mark.parametrize(
    "example",
    ["config: {synthesizer: {speed: fast}}", "config: {allowInterruptions: 'not ${{ quite }} whole'}", "confg: {}"],
)
def test_the_schema_refuses_what_the_language_refuses(example: str) -> None:
    assert errors_of(example)


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for owner, definition in schema.get("$defs", {}).items():
        for name, field in definition.get("properties", {}).items():
            yield f"{owner}.{name}", field


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_field_has_a_title_and_a_description(kind: str) -> None:
    bare = [name for name, field in _fields(SCHEMAS[kind]) if not (field.get("title") and field.get("description"))]
    assert bare == []


def test_the_examples_in_the_schemas_are_valid_themselves(load: Loader) -> None:
    for kind in ("agent", "fragment", "project"):
        for example in SCHEMAS[kind]["examples"]:
            jsonschema.Draft202012Validator(SCHEMAS[kind]).validate(example)


def yaml_blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "spec-language.md").read_text(), re.S)


@pytest.mark.parametrize("block", yaml_blocks(), ids=lambda block: block.split("\n")[0][:30])
def test_the_examples_of_the_documentation_are_right(block: str) -> None:
    data = to_plain(read_yaml(block, "spec-language.md")[0])
    kind = next((kind for field, kind in (("name", "agent"), ("project", "project")) if field in (data or {})), None)
    if kind is not None:
        jsonschema.Draft202012Validator(SCHEMAS[kind]).validate(data)
    elif data is not None and not set(data) & {"secrets"}:
        jsonschema.Draft202012Validator(SCHEMAS["fragment"]).validate(data)
