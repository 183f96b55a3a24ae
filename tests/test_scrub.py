"""Secrets in text from outside: whatever was done to them on the way, they don't come through."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.calls.report import CheckKind
from agentops.document import Secret, SecretRef
from agentops.scrub import HIDDEN, Scrubber, secret_values

# Secrets as people have them: keys, passwords with anything on a keyboard, words of other languages.
SECRETS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=8, max_size=40),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=30),
    st.text("aàßéñø漢字ключ😀\"\\/<>&' \n", min_size=8, max_size=20).map(lambda text: f"k{text}y"),
)

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json, not ascii": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps({"error": json.dumps({"got": text})}),
    "json in json, not ascii": lambda text: json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False),
    "json with \\/": lambda text: json.dumps(text).replace("/", "\\/"),
    "url": lambda text: quote(text, safe=""),
    "path": quote,
    "query": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "url in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "html": html.escape,
    "html twice": lambda text: html.escape(html.escape(text)),
    "html as numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html as hex": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "upper": str.upper,
    "lower": str.lower,
    "repr": repr,
    "utf-8 as latin-1": lambda text: text.encode().decode("latin-1"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "basic auth": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "basic auth, another user": lambda text: base64.b64encode(f"admin:{text}!".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=30)
@given(secret=SECRETS, before=st.text(max_size=8), after=st.text(max_size=8))
def test_no_encoding_brings_a_secret_through(encoding: str, secret: str, before: str, after: str) -> None:
    encoded = ENCODINGS[encoding](secret)
    inner = encoded[1:-1] if encoding.startswith("json") and "in json" not in encoding else encoded
    inner = inner[1:-1] if encoding == "repr" else inner
    shown = Scrubber([secret]).text(f"{before} {inner} {after}")
    assert HIDDEN in shown
    assert inner not in shown.replace(before, "").replace(after, "") or inner in before + after


@pytest.mark.slow
@given(secret=SECRETS, other=st.sampled_from(sorted(ENCODINGS)))
def test_each_secret_is_hidden_beside_others(secret: str, other: str) -> None:
    scrubber = Scrubber([secret, "another-secret-value"])
    shown = scrubber.text(f"{ENCODINGS[other]('another-secret-value')} and {secret}")
    assert shown.count(HIDDEN) >= 2
    assert "another-secret-value" not in shown.lower()


def test_a_secret_with_tags_is_hidden_where_tags_were_stripped() -> None:
    assert Scrubber(["pass<b>word</b>1"]).text("wrong: password1") == f"wrong: {HIDDEN}"


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    assert Scrubber(["abc"]).text("key abc, and abcdef") == f"key {HIDDEN}, and abcdef"


@given(st.text())
def test_without_secrets_nothing_changes(text: str) -> None:
    assert Scrubber([]).text(text) == text
    assert Scrubber(["", "  "]).text(text) == text


def test_hostile_text_takes_no_time() -> None:
    scrubber = Scrubber(["sk_live_0123456789abcdef", 'another one\\with"signs'])
    for text in ("\\" * 20_000, "s" * 20_000, "%25" * 8_000, "&amp;" * 5_000, "QUFB" * 10_000):
        assert scrubber.text(text) == text


@dataclass(frozen=True)
class Told:
    kind: CheckKind
    text: str
    more: tuple[str, ...] = ()


def test_values_are_scrubbed_to_their_depth() -> None:
    scrubber = Scrubber(["hunter2hunter2"])
    told = Told(CheckKind.AUDIO, "is hunter2hunter2", ("no", "hunter2hunter2"))
    assert scrubber.deep([told, {"hunter2hunter2": 1}]) == [
        Told(CheckKind.AUDIO, f"is {HIDDEN}", ("no", HIDDEN)),
        {HIDDEN: 1},
    ]


def test_the_values_of_a_document_are_found() -> None:
    secret = Secret(("Bearer ", SecretRef("A", "one"), SecretRef("B")))
    assert list(secret_values({"x": [{"y": secret}, "plain"], "z": (secret,)})) == ["one", "one"]


def test_half_of_a_long_secret_is_read_in_no_time() -> None:
    """It comes back where the platform cuts what it quotes; in any case of its letters."""
    secret = "eyJ" + "".join(f"q{number}Zt é" for number in range(60))
    scrubber = Scrubber([secret])
    began = time.monotonic()
    assert HIDDEN not in scrubber.text(f"cut: {secret[:200]}... {secret[:200].upper()} {secret[:200].casefold()}")
    assert time.monotonic() - began < 5
    assert scrubber.text(f"whole: {secret.upper()}") == f"whole: {HIDDEN}"
