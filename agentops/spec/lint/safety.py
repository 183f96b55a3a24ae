"""What should not be in a file or on the line: secrets, personal data, requests that anybody can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from agentops.credentials import credentials_within, personal_numbers_within
from agentops.diagnostics import Severity
from agentops.document import Path, Secret
from agentops.spec.hidden import hidden_characters
from agentops.spec.lint.registry import LintFinding, rule_of
from agentops.spec.lint_target import FileTarget, LintTarget, Text
from agentops.spec.model.base import ForModel, Spoken
from agentops.spec.model.resources import WebhookSpec
from agentops.spec.model.tools import ApiCall
from agentops.spec.placeholders import PLACEHOLDER

_REFERENCE = re.compile(r"\$\{\{[^{}]{0,200}\}\}")
_SECRET_NAMES = re.compile(r"authori[sz]ation|api[-_]?key|token|secret|password|cookie", re.I)


def _literal(text: str) -> str:
    """The text with `{}` for its variables and secrets' references: a blank would join what stands around them."""
    return PLACEHOLDER.sub("{}", _REFERENCE.sub("{}", text))


@rule_of("secret-in-text", FileTarget, Severity.ERROR)
def _secret_in_text(target: FileTarget) -> Iterator[LintFinding]:
    for each in target.texts:
        text = _literal(each.text)
        for found in dict.fromkeys(text[secret.start : secret.end] for secret in credentials_within(text)):
            shown = f"{found[:4]}... ({len(found)} characters)" if len(found) > 12 else f"{len(found)} characters"
            hint = "revoke it, keep the new one out of git, and write ${{ secrets.NAME }}"
            yield LintFinding(each.path, f"this looks like a secret: {shown}", hint, found)


@rule_of("secret-in-header", FileTarget, Severity.ERROR)
def _secret_in_header(target: FileTarget) -> Iterator[LintFinding]:
    for path, what, name, value in _sent(target):
        text = _literal(value)
        is_literal = any(character.isalnum() for character in re.sub(r"(?i)\b(bearer|basic|token)\b", "", text))
        if _SECRET_NAMES.search(name) and is_literal and value == text:
            hint = "write ${{ secrets.NAME }} for it (with Bearer in front where the service wants that)"
            yield LintFinding(path, f"the {what} {name} has its value written into the file", hint)


def _sent(target: FileTarget) -> Iterator[tuple[Path, str, str, str]]:
    """(path, what it is, name, value as written) of every header and query parameter."""
    maps: list[tuple[Path, str, Mapping[str, str | Secret] | None]] = []
    if isinstance(target, LintTarget) and (pre := target.config.preCallAPI) is not None:
        maps += [
            (("config", "preCallAPI", "headers"), "header", pre.headers),
            (("config", "preCallAPI", "queryParams"), "parameter", pre.queryParams),
        ]
    if isinstance(target.spec, WebhookSpec):
        maps.append((("headers",), "header", target.spec.headers))
    for path, tool in target.tools:
        if isinstance(tool, ApiCall):
            maps.append(((*path, "headers"), "header", tool.headers))
            for name, what in (("headersArray", "header"), ("queryParams", "parameter")):
                for index, pair in enumerate(getattr(tool, name) or ()):
                    yield (*path, name, index, "value"), what, pair.key, _text_of(pair.value)
    for path, what, values in maps:
        for name, value in (values or {}).items():
            yield (*path, name), what, name, _text_of(value)


def _text_of(value: str | Secret) -> str:
    return value.reference if isinstance(value, Secret) else value


@rule_of("hidden-text", FileTarget, Severity.ERROR)
def _hidden_text(target: FileTarget) -> Iterator[LintFinding]:
    for each in target.texts:
        names = {name: each.text[position] for position, name in hidden_characters(each.text)}
        for name, character in names.items():
            hint = "remove it; where it belongs, allow it under `lint:` in the spec, with the reason"
            yield LintFinding(each.path, f"the text holds the invisible character {name}", hint, character)


def _for_people(target: FileTarget) -> Iterator[Text]:
    """Texts that reach a model or a caller."""
    yield from (each for each in target.texts if isinstance(each.marker, ForModel | Spoken))


_CARD = re.compile(r"(?<![\d+])(?:\d[ -]?){12,18}\d(?!\d)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d[\d ().-]{7,16}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)")


@rule_of("card-number", FileTarget, Severity.ERROR)
def _card(target: FileTarget) -> Iterator[LintFinding]:
    for each in target.texts:
        for found in _CARD.finditer(each.text):
            digits = [int(c) for c in found[0] if c.isdigit()]
            if _luhn(digits) and len(set(digits)) > 1:  # zeros alone pass the Luhn check as well
                hint = "remove it; test cards belong into the test system, not into a prompt"
                yield LintFinding(each.path, f"this looks like a card number ending in {found[0][-4:]}", hint, found[0])


def _luhn(digits: list[int]) -> bool:
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@rule_of("identity-number", FileTarget, Severity.ERROR)
def _identity(target: FileTarget) -> Iterator[LintFinding]:
    for each in target.texts:
        for number in personal_numbers_within(each.text):
            found = each.text[number.start : number.end]
            hint = "remove it; where a call needs it, ask the caller or send it as a variable"
            yield LintFinding(each.path, f"this looks like {number.kind} ending in {found[-4:]}", hint, found)


@rule_of("email-in-prompt", FileTarget)
def _email(target: FileTarget) -> Iterator[LintFinding]:
    for each in _for_people(target):
        text = _literal(each.text)
        # What stands before the @ of an address with a login is a password, and no mailbox.
        logins = [range(found.start, found.end) for found in credentials_within(text) if found.kind == "login"]
        matches = (m for m in _EMAIL.finditer(text) if not any(m.start() in login for login in logins))
        for address in dict.fromkeys(match[0] for match in matches):
            hint = "take personal addresses out; a public one is better a variable, spelled as it is said"
            yield LintFinding(each.path, f"an e-mail address in the text: {address}", hint, address)


@rule_of("phone-number-in-prompt", FileTarget)
def _phone(target: FileTarget) -> Iterator[LintFinding]:
    for each in _for_people(target):
        for number in dict.fromkeys(found[0].strip() for found in _PHONE.finditer(_literal(each.text))):
            hint = "put numbers to connect to into a transfer_call tool, and numbers to say into a variable"
            yield LintFinding(each.path, f"a phone number in the text: {number}", hint, number)


@rule_of("insecure-url", FileTarget)
def _insecure(target: FileTarget) -> Iterator[LintFinding]:
    for each in target.texts:
        url = each.text
        if each.path[-1] in ("url", "customLLMWebSocketUrl") and url.startswith(("http://", "ws://")):
            host = re.split(r"[/:]", url.split("://", 1)[1])[0]
            if host not in ("localhost", "127.0.0.1"):
                summary = "the request travels unencrypted, with what the caller said in it"
                yield LintFinding(each.path, summary, "use https:// (wss:// for a socket)")


@rule_of("body-not-json", FileTarget)
def _body(target: FileTarget) -> Iterator[LintFinding]:
    for path, tool in target.tools:
        if isinstance(tool, ApiCall) and tool.requestBody is not None and not _is_json(_text_of(tool.requestBody)):
            summary = f"the request body of {tool.name} is no JSON once its variables are filled"
            yield LintFinding((*path, "requestBody"), summary, 'put texts into quotes: {"name": "{{name}}"}')


def _is_json(body: str) -> bool:
    """Whether the body parses with a number, and so inside quotes with a text, in place of each variable."""
    try:
        json.loads(PLACEHOLDER.sub("0", _REFERENCE.sub("0", body)))
    except ValueError:
        return False
    return True


@rule_of("body-with-get", FileTarget)
def _get_body(target: FileTarget) -> Iterator[LintFinding]:
    for path, tool in target.tools:
        if isinstance(tool, ApiCall) and tool.method == "GET" and tool.requestBody:
            hint = "use POST, or move the values into queryParams"
            yield LintFinding((*path, "requestBody"), f"{tool.name} sends a body with GET, which servers ignore", hint)
