"""The catalogue of diagnostics as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Explained(Protocol):
    """What one code means; the examples may be empty."""

    @property
    def code(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def bad(self) -> str: ...
    @property
    def good(self) -> str: ...


_INTRODUCTION = """\
# Diagnostics

What `agentops validate` and `agentops lint` report, each with its reason, an example that causes it and one that does
not. `agentops explain CODE` prints one of them. This page is made by `agentops explain --format markdown`, from the
catalogue that the tests hold against the rules.

An example is a spec without its `name`, a whole `agentops.yaml` where it starts with `project:`, or the file that its
first line names.

A lint rule is switched off for one agent in its spec, always with a reason, and optionally only below a field:

```yaml
lint:
  - {rule: spoken-url, reason: the address is the brand, path: config.firstMessage}
```

and for a whole project, like the severities and thresholds, in `agentops.yaml`:

```yaml
lint:
  rules: {greeting-asks-nothing: "off", spoken-url: error}
  settings: {greeting_seconds: 10}
```
"""


def catalogue_markdown(
    entries: Iterable[Explained], severities: Mapping[str, str], settings: Mapping[str, float]
) -> str:
    """The page. `severities` holds the lint rules with their severity; every other code is one of validation."""
    listed = list(entries)
    thresholds = "\n".join(f"| `{name}` | {value:g} |" for name, value in settings.items())
    parts = [
        _INTRODUCTION,
        f"The thresholds, with what they are unless set:\n\n| setting | value |\n|---|---|\n{thresholds}\n",
        "## Lint rules\n",
        *(_section(each, severities[each.code]) for each in listed if each.code in severities),
        "## Validation\n",
        *(_section(each, "") for each in listed if each.code not in severities),
    ]
    return "\n".join(parts)


def _section(entry: Explained, severity: str) -> str:
    label = f" ({severity})" if severity else ""
    lines = [f"### {entry.code}\n", f"{entry.title}{label}. {entry.why}\n"]
    for label, example in (("Bad", entry.bad), ("Good", entry.good)):
        if example:
            lines.append(f"{label}:\n\n```yaml\n{example.rstrip()}\n```\n")
    return "\n".join(lines)
