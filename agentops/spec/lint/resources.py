"""What agents share: tools and knowledge that nobody refers to, what is lost of knowledge, files that nothing reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.diagnostics import Severity
from agentops.resources import Kind
from agentops.spec.lint.registry import LintFinding, rule_of, setting
from agentops.spec.lint_target import FolderTarget, ResourceTarget

_MANY = 5  # stray files that are named one by one


@rule_of("unused-resource", ResourceTarget)
def _unused(target: ResourceTarget) -> Iterator[LintFinding]:
    if target.is_used is False:
        reference = f"${{{{ ref.{target.key} }}}}"
        what = "knowledge base" if target.kind is Kind.KNOWLEDGE else target.kind.value
        hint = f"refer to it with {reference}, or remove the file"
        yield LintFinding((), f"no agent of this environment refers to this {what}", hint)


@rule_of("knowledge-too-long", ResourceTarget, Severity.NOTE)
def _too_long(target: ResourceTarget) -> Iterator[LintFinding]:
    limit = setting(target, "knowledge_words")
    for path, text in target.markdown:
        words = len(text.split())
        if words > limit:
            hint = f"split it by subject, at most {limit:,.0f} words each: a changed word uploads the whole file again"
            yield LintFinding(path, f"the file has {words:,} words", hint)


@rule_of("knowledge-without-text", ResourceTarget)
def _without_text(target: ResourceTarget) -> Iterator[LintFinding]:
    for path, text in target.markdown:
        if all(line.startswith("#") or not line.strip("=- \t") for line in text.splitlines()):
            hint = "write what the agent should know, or take it out"
            yield LintFinding(path, "the file has headings and no text", hint)


_PICTURE = re.compile(r"!\[[^\[\]]{0,200}\]\(|<img\b")


@rule_of("picture-in-knowledge", ResourceTarget)
def _picture(target: ResourceTarget) -> Iterator[LintFinding]:
    for path, text in target.markdown:
        for found in _PICTURE.finditer(_without_code(text)):
            hint = "say in words what it shows, or give the page as a PDF"
            yield LintFinding(path, "a picture is left out of what the agent knows", hint, found[0])


def _without_code(text: str) -> str:
    """The text without code, which may show how a picture is written."""
    kept: list[str] = []
    is_code = False
    for line in text.splitlines():
        is_fence = line.lstrip().startswith(("```", "~~~"))
        is_code ^= is_fence
        kept += [] if is_code or is_fence else line.split("`")[::2]
    return "\n".join(kept)


@rule_of("stray-file", FolderTarget)
def _stray(target: FolderTarget) -> Iterator[LintFinding]:
    folder = target.kind.folder
    if target.kind is Kind.KNOWLEDGE:
        hint = "name it under `files:` of a knowledge base, or move it away"
    else:
        hint = f"a {target.kind.value} is one .yaml file right in {folder}/: move it there, or away"
    if len(target.unread) > _MANY:
        summary = f"nothing reads this file, nor {len(target.unread) - 1} others in {folder}/"
        yield LintFinding((target.unread[0],), summary, hint)
        return
    for file in target.unread:
        yield LintFinding((file,), "nothing reads this file", hint)
