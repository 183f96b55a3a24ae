"""What the caller hears word for word: greetings, goodbyes, handoffs and fillers must be fit to be spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.diagnostics import Severity
from agentops.spec.lint.registry import LintFinding, rule, setting
from agentops.spec.lint_target import LintTarget
from agentops.spec.placeholders import PLACEHOLDER, provided


def _matches(target: LintTarget, pattern: re.Pattern[str], what: str, hint: str) -> Iterator[LintFinding]:
    """One finding per spoken text that `pattern` occurs in, call-time variables aside."""
    for each in target.spoken:
        # As many blanks as the placeholder is long, so that words on both sides of it stay apart.
        found = pattern.search(PLACEHOLDER.sub(lambda match: " " * len(match[0]), each.text))
        if found:
            needle = found[0].strip()
            yield LintFinding(each.path, f"{what} would be read out: {needle!r}", hint, needle)


_MARKDOWN = re.compile(
    r"\*\*\S[^*]{0,300}\*\*|__\S[^_]{0,300}__|`[^`]{1,300}`|\[[^\]]{1,300}\]\([^)]{1,300}\)|^\s{0,3}(?:#{1,6}|[-*+]|\d+\.)\s",
    re.M,
)
_URL = re.compile(
    r"\b(?:https?://|www\.)\S+|(?<![@.])\b[a-z0-9-]{1,63}\.(?:com|org|net|io|ai|dev|de|in|co\.uk)\b(?:/\S*)?", re.I
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff\ufe0f]+")
_DIRECTION = re.compile(
    r"\[[^\]\n]{1,40}\](?!\()|(?<![*\w])\*[A-Za-z][^*\n]{1,40}\*(?!\*)|<[a-zA-Z/][^>\n]{0,40}>"
    r"|\((?:pause|laughs?|sighs?|smiles?|whispers?|beat|chuckles?)[^)\n]{0,30}\)",
    re.I,
)
_DATE = re.compile(r"\b\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b")
_TIME = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})\b|\b(?:[01]?\d|2[0-3])\d{2}\s?h(?:rs)?\b", re.I)
_DIGITS = re.compile(r"(?<![\d.,$€£])\+?\d(?:[\d\s-]{3,40}\d)\d(?![\d.,]{0,40}\d)")
_CURRENCY = re.compile(
    r"[$€£¥₹]\s?\d[\d.,]{0,20}|\b\d[\d.,]{0,20}\s?[$€£¥₹]|\b(?:USD|EUR|GBP|INR)\s?\d[\d.,]{0,20}|\b\d[\d.,]{0,20}\s?(?:USD|EUR|GBP|INR)\b"
)
_SYMBOL = re.compile(r"\b24/7\b|\bw/|\s&\s|\d\s?%|#\d+|[^\s@]{1,64}@[^\s@]{1,64}\.\S|\b\w+/\w+\b|[→•|~^_=]{1,}")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g\.|i\.e\.|etc\.|approx\.|appt\.?|dept\.|mins?\.|hrs?\.|asap|tbd|fyi|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s?[-–]\s?\w+)",
    re.I,
)
_SHOUTING = re.compile(r"\b[A-Z]{6,}\b")


@rule("spoken-markdown")
def _markdown(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _MARKDOWN, "Markdown", "write plain sentences; emphasis and lists can't be heard")


@rule("spoken-url")
def _url(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _URL, "a web address", "say the name of the site, or offer to send the link")


@rule("spoken-emoji")
def _emoji(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _EMOJI, "an emoji", "remove it; a voice speaks its name or stumbles")


@rule("spoken-stage-direction")
def _direction(target: LintTarget) -> Iterator[LintFinding]:
    hint = "remove it; how to speak is set in `synthesizer`, and what to do is said in the prompt"
    yield from _matches(target, _DIRECTION, "a stage direction", hint)


@rule("spoken-date")
def _date(target: LintTarget) -> Iterator[LintFinding]:
    hint = "write the date as people say it, such as the third of April"
    yield from _matches(target, _DATE, "a date in figures", hint)


@rule("spoken-time")
def _time(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _TIME, "a time for machines", "write it as people say it, such as half past nine")


@rule("spoken-number")
def _number(target: LintTarget) -> Iterator[LintFinding]:
    hint = "write it as it should be heard, digit by digit or in groups of words"
    yield from _matches(target, _DIGITS, "a long number", hint)


@rule("spoken-currency")
def _currency(target: LintTarget) -> Iterator[LintFinding]:
    hint = "write the amount in words, such as twenty dollars"
    yield from _matches(target, _CURRENCY, "an amount with a currency sign", hint)


@rule("spoken-symbol")
def _symbol(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _SYMBOL, "a symbol", "write it in words, as a person would say it")


@rule("spoken-abbreviation")
def _abbreviation(target: LintTarget) -> Iterator[LintFinding]:
    yield from _matches(target, _ABBREVIATION, "an abbreviation", "write it out")


@rule("spoken-capitals", Severity.NOTE)
def _shouting(target: LintTarget) -> Iterator[LintFinding]:
    hint = "write it in lower case: capitals are often spelled out letter by letter"
    yield from _matches(target, _SHOUTING, "a word in capitals", hint)


@rule("greeting-too-long")
def _greeting_length(target: LintTarget) -> Iterator[LintFinding]:
    text = target.config.firstMessage or ""
    speed = (target.config.synthesizer.speed if target.config.synthesizer else None) or 1.0
    words = len(PLACEHOLDER.sub("word", text).split())
    seconds = words * 60 / (setting(target, "words_per_minute") * speed)
    limit = setting(target, "greeting_seconds")
    if seconds > limit:
        summary = f"the greeting takes about {seconds:.0f} seconds to say (an estimate: {words} words)"
        hint = f"keep it under {limit:g} seconds: say who it is and ask one question"
        yield LintFinding(("config", "firstMessage"), summary, hint)


@rule("greeting-gap")
def _greeting_gap(target: LintTarget) -> Iterator[LintFinding]:
    """A variable in the greeting that only a tool fills: no tool has run when the greeting is said."""
    config = target.config
    early = set(config.defaultVariables or {})
    if config.preCallAPI is not None:
        early |= {each.variableName for each in config.preCallAPI.responseVariables or ()}
    filled = provided(target)
    for match in PLACEHOLDER.finditer(config.firstMessage or ""):
        name = match[1].strip()
        by = filled.get(name)
        if by is not None and by != "the platform" and name not in early and match[2] is None:
            summary = f"the greeting uses {match[0]}, which {by} fills only later in the call"
            hint = f"give it a default under defaultVariables, or a fallback: {{{{{name}|text}}}}"
            yield LintFinding(("config", "firstMessage"), summary, hint, match[0])


@rule("greeting-asks-nothing", Severity.NOTE)
def _greeting_question(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    text = (config.firstMessage or "").strip()
    if text and "?" not in text and not config.waitForUserToSpeakFirst and len(text.split()) > 6:
        hint = "end with a question, so that the caller knows it is their turn"
        yield LintFinding(("config", "firstMessage"), "the greeting asks nothing", hint)
