"""Holds every answer of every emulator that tests start to the OpenAPI document which that emulator serves.

An emulator tells the observers of its own process, so what does not fit is written to a file, which the tests' process
and the processes they start share. The test that caused it fails with what the file says.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentops.emulator import observation
from agentops.emulator.observation import Document, Exchange

VARIABLE = "EMULATOR_VIOLATIONS"  # where a process that a test started writes to


class Conformance:
    """One document, and what is wrong with an answer by it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._validators: dict[int, Any] = {}
        self._operations = [
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)), path, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ]

    def problem(self, exchange: Exchange) -> str | None:
        operation = self._find("GET" if exchange.method == "HEAD" else exchange.method, exchange.path)
        media = exchange.content_type.partition(";")[0]
        if operation is None:
            is_page = (exchange.status, media) == (404, "text/html")
            return None if is_page else f"not in the document, and no HTML page with 404 but {media}"
        answer = operation["responses"].get(str(exchange.status))
        if answer is None:
            return "an undocumented status"
        if media not in answer["content"]:
            return f"an undocumented content type, {media}"
        if media != "application/json" or exchange.method == "HEAD":
            return None
        return self._misfit(answer["content"][media]["schema"], exchange.body)

    def _find(self, method: str, path: str) -> dict[str, Any] | None:
        """The operation of the path; where a name and a parameter fit, the name goes first."""
        fitting = [
            (template.count("{"), operation)
            for each, pattern, template, operation in self._operations
            if each == method and pattern.fullmatch(path)
        ]
        return min(fitting, key=lambda each: each[0])[1] if fitting else None

    def _misfit(self, schema: Mapping[str, Any], body: bytes) -> str | None:
        try:
            value = json.loads(body, strict=False)  # one of the emulator's choices is to send raw line breaks
        except ValueError as failure:
            return f"no JSON: {failure}"
        first = next(iter(self._validator(schema).iter_errors(value)), None)
        return None if first is None else f"{'.'.join(map(str, first.instance_path)) or 'body'}: {first.message}"

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        """One validator per schema: making one is far slower than using it."""
        from jsonschema_rs import Draft202012Validator

        if id(schema) not in self._validators:
            self._validators[id(schema)] = Draft202012Validator(closed(schema), validate_formats=True)
        return self._validators[id(schema)]


def closed(schema: Any) -> Any:
    """The schema without room for what it does not name: where it lists properties, an answer has no others."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    rest = {"additionalProperties": False} if "properties" in schema else {}
    return rest | {name: closed(each) for name, each in schema.items()}


class Watch:
    """Writes what does not fit to a file, one JSON text a line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[int, Conformance] = {}

    def see(self, document: Document, exchange: Exchange) -> None:
        if id(document) not in self._known:  # kept with its document, so that no other can get the same id
            self._known[id(document)] = Conformance(document)
        if problem := self._known[id(document)].problem(exchange):
            told = f"{exchange.method} {exchange.path} answered {exchange.status}: {problem}\n  {exchange.body[:500]!r}"
            with self._file.open("a") as file:
                file.write(json.dumps(told) + "\n")

    def take(self) -> list[str]:
        """What did not fit since the last time."""
        if not self._file.exists():
            return []
        told = [json.loads(line) for line in self._file.read_text().splitlines()]
        self._file.unlink()
        return told


@contextmanager
def watching(file: Path) -> Iterator[Watch]:
    """Watches the emulators that are made in this process, and in those that inherit its environment."""
    watch = Watch(file)
    observation.OBSERVERS.append(watch.see)
    os.environ |= variables_of_children(file)
    try:
        yield watch
    finally:
        observation.OBSERVERS.remove(watch.see)


def variables_of_children(file: Path | None = None) -> dict[str, str]:
    """What a process needs in its environment for its emulators to be watched too."""
    return {VARIABLE: str(file or os.environ[VARIABLE]), "PYTHONPATH": str(Path(__file__).parent)}


def watch_in_this_child() -> None:
    observation.OBSERVERS.append(Watch(Path(os.environ[VARIABLE])).see)
