"""A project in a few lines: files by name, loaded in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from agentops.diagnostics import Diagnostic
from agentops.errors import SpecError
from agentops.spec import Project, load_project

PROJECT_FILE = """
project: acme
default_environment: local
environments:
  local:
    target: emulator
    variables: {voice: nyah, count: 3}
    secrets: {TOKEN: {value: s3cret-value}}
  prod:
    variables: {voice: daniel, count: 5}
"""
MINIMAL = """
name: Line
config:
  firstMessage: Hello there.
  singlePromptConfig: {prompt: You answer.}
"""


class Loader:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode()
            path.write_bytes(data)

    def __call__(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        environment: str | None = None,
        environ: Mapping[str, str] | None = None,
        needs_secrets: bool = False,
    ) -> Project:
        """The project with `files` laid over a minimal `agentops.yaml`."""
        self.write({"agentops.yaml": PROJECT_FILE, **(files or {})})
        return load_project(self.root, environ=environ or {}, environment=environment, needs_secrets=needs_secrets)

    def problems(self, files: Mapping[str, str | bytes] | None = None, **options: object) -> list[str]:
        """Every diagnostic as `file:line:column code`."""
        return [f"{each.where} {each.code}" for each in self.diagnostics(files, **options)]

    def diagnostics(self, files: Mapping[str, str | bytes] | None = None, **options: object) -> tuple[Diagnostic, ...]:
        try:
            return self(files, **options).diagnostics  # type: ignore[arg-type]
        except SpecError as error:
            return error.diagnostics

    def spec(self, text: str, **options: object) -> tuple[Diagnostic, ...]:
        """The diagnostics of a project whose one spec is `text`."""
        return self.diagnostics({"agents/line.yaml": text}, **options)
