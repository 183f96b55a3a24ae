"""Writes plain data as YAML for people: block style, comments above the keys that they explain, quotes where needed.

Only for new files. Existing ones are edited with `spec.source_edit`, which keeps what people wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z$(/][A-Za-z0-9 _.,:;()/@$&+!?'=\-{}\[\]|*%<>^~\\\"]*")
_AMBIGUOUS = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false|null|~|[-+.]?[0-9].*|\.(?:inf|nan)|0x[0-9a-f]+|0o[0-7]+)")
_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WIDTH = 100


def to_yaml(data: Any, comments: Mapping[str, str] | None = None, *, header: str = "") -> str:
    """`data` as a YAML document. `comments` go above the key at their dotted path; `header` goes on top."""
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    _block(data, "", 0, comments or {}, lines)
    return "\n".join(lines) + "\n"


def block_lines(value: Any) -> list[str]:
    """One value as the lines that follow its key: a single line, or a block whose lines are not indented yet."""
    if isinstance(value, dict | list) and value:
        return to_yaml(value).removesuffix("\n").split("\n")
    head, *rest = to_yaml({"k": value}).removesuffix("\n").split("\n")
    return [head.removeprefix("k: "), *(line.removeprefix("  ") for line in rest)]


def flow_text(value: Any) -> str:
    """One value on one line, quoted so that it can be put between brackets."""
    return _flow(value)


def literal(text: str) -> str:
    """`text` as a spec writes it: whatever would start a deploy-time expression is escaped."""
    return re.sub(r"\$\{(?=[{%#])", "${{ '${' }}", text)


def comment_lines(text: str, indent: int = 0) -> list[str]:
    """`text` as comment lines that fit the width."""
    room, lines = max(_WIDTH - indent, 40), []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split(" "):
            if line and len(line) + len(word) + 1 > room:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return [f"{' ' * indent}# {line}".rstrip() for line in lines]


def _block(data: Any, path: str, indent: int, comments: Mapping[str, str], lines: list[str]) -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            here = f"{path}.{key}" if path else str(key)
            if here in comments:
                lines += comment_lines(comments[here], indent)
            _entry(f"{' ' * indent}{scalar(str(key))}:", value, here, indent, comments, lines)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            _item(value, f"{path}[{index}]", indent, comments, lines)
    else:
        lines.append(" " * indent + scalar(data))


def _entry(head: str, value: Any, path: str, indent: int, comments: Mapping[str, str], lines: list[str]) -> None:
    if isinstance(value, dict | list) and value:
        lines.append(head)
        _block(value, path, indent + 2, comments, lines)
    elif isinstance(value, str) and "\n" in value and _fits_block(value):
        lines.append(f"{head} |{_chomp(value)}")
        lines += [f"{' ' * (indent + 2)}{line}".rstrip() for line in value.rstrip("\n").split("\n")]
    else:
        lines.append(f"{head} {scalar(value)}")


def _item(value: Any, path: str, indent: int, comments: Mapping[str, str], lines: list[str]) -> None:
    if isinstance(value, dict) and value:
        start = len(lines)
        _block(value, path, indent + 2, comments, lines)
        first = next(i for i in range(start, len(lines)) if not lines[i].lstrip().startswith("#"))
        lines[first] = f"{' ' * indent}- {lines[first].lstrip()}"
    elif isinstance(value, list) and value:
        lines.append(f"{' ' * indent}- {_flow(value)}")
    else:
        lines.append(f"{' ' * indent}- {scalar(value)}")


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return value if _SIMPLE.fullmatch(value) and not _AMBIGUOUS.fullmatch(value) else _quoted(value)
    return scalar(value)


def scalar(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return _flow(value)
    text = str(value)
    if _is_plain(text):
        return text
    is_clear_in_single = '"' in text and "'" not in text and all(_is_printable(c) for c in text)
    return f"'{text}'" if is_clear_in_single else _quoted(text)


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or _AMBIGUOUS.fullmatch(text):
        return False
    return ": " not in text and " #" not in text and not text.endswith((" ", ":"))


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if _is_printable(c) else _escaped(c) for c in quoted)


def _is_printable(c: str) -> bool:
    return c.isprintable() and c not in "\ufeff\ufffe\uffff"


def _escaped(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"


def _fits_block(text: str) -> bool:
    """Whether a block scalar is read back as exactly this text."""
    body = text.rstrip("\n")
    lines = body.split("\n")
    if not body or lines[0][:1] in (" ", "\t", "") or any(line != line.rstrip() for line in lines):
        return False
    return all(_is_printable(c) or c == "\n" for c in text) and len(text) - len(body) <= 1


def _chomp(text: str) -> str:
    return "" if text.endswith("\n") else "-"
