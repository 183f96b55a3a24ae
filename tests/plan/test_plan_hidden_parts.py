"""Which part of a text of the platform's side is hidden, place by place: the rest of it is still shown."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.document import Path, Secret, SecretRef
from agentops.plan.canonical import canonical, plain
from agentops.plan.concealment import Concealer, KnownSecrets, Piece, replace_pieces
from agentops.resources import Kind, Ref

TOOL: Path = ("singlePromptConfig", "tools", "crm")


def shown(path: Path, value: Any, *specs: dict[str, Any]) -> Any:
    return plain(Concealer(KnownSecrets(), *specs).conceal(path, value))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://crm.example.com/v2/orders", "https://crm.example.com/v2/orders"),
        ("https://me:pw@crm.example.com/v2", "https://(hidden)@crm.example.com/v2"),
        ("https://crm.example.com/key/abc/orders", "https://crm.example.com/key/(hidden)/orders"),
        ("https://crm.example.com/a/token/abc", "https://crm.example.com/a/token/(hidden)"),
        ("https://crm.example.com/abc/key", "https://crm.example.com/abc/key"),
        ("https://crm.example.com/key//abc", "https://crm.example.com/key//abc"),
        ("https://crm.example.com/id=5/abc", "https://crm.example.com/(hidden)/abc"),
        ("https://crm.example.com/a1b2c3d4e5f6a7b8c9d0/x", "https://crm.example.com/(hidden)/x"),
        ("https://crm.example.com/x?lang=en&page", "https://crm.example.com/x?lang=(hidden)&page"),
        ("https://crm.example.com/x?lang=&a1b2c3d4e5f6a7b8c9d0", "https://crm.example.com/x?lang=&(hidden)"),
        ("https://crm.example.com/x#top", "https://crm.example.com/x#top"),
        ("https://crm.example.com/x#token=abc", "https://crm.example.com/x#token=(hidden)"),
        ("https://crm.example.com/x#a1b2c3d4e5f6a7b8c9d0", "https://crm.example.com/x#(hidden)"),
        ("https://crm.example.com/key/{{order}}", "https://crm.example.com/key/{{order}}"),
        ("crm.example.com/key/abc", "crm.example.com/key/(hidden)"),
    ],
)
def test_of_an_address_what_may_be_a_key(address: str, told: str) -> None:
    assert shown((*TOOL, "url"), address) == told
    assert shown((*TOOL, "url"), address, {"url": address}) == address, "everybody reads it in the spec"


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (("firstMessage",), "Hi, at https://x:y@a.example/z and https://b.example/key/k.", None),
        (("globalPrompt",), "No address, key/abc", "No address, key/abc"),
        ((*TOOL, "headers", "Accept"), "text/html", "text/html"),
        ((*TOOL, "headers", "ACCEPT"), "https://x:y@a.example", "https://(hidden)@a.example"),
        ((*TOOL, "headers", "X-Shop"), "seven", "(hidden)"),
        ((*TOOL, "headers", "X-Shop"), "{{shop}}", "{{shop}}"),
        ((*TOOL, "headers", "X-Shop"), "Bearer {{token}}", "Bearer {{token}}"),
        ((*TOOL, "headers", "X-Shop"), "", ""),
        ((*TOOL, "queryParams", "Accept"), "text/html", "(hidden)"),
        ((*TOOL, "headersArray", "X", "value"), "seven", "(hidden)"),
        ((*TOOL, "headersArray", "X", "note"), "seven", "seven"),
        (("defaultVariables", "api_token"), "seven", "(hidden)"),
        (("defaultVariables", "city"), "Rome", "Rome"),
        ((*TOOL, "description"), "the token is seven", "the token is seven"),
        ((*TOOL, "requestBody"), '{"token": "seven", "n": 1}', '{"token": "(hidden)", "n": 1}'),
        ((*TOOL, "requestBody"), '{"pin": 7, "token": 7, "on": true}', None),
        ((*TOOL, "requestBody"), '{"order":  "A"}', '{"order":  "A"}'),
        ((*TOOL, "requestBody"), '[{"key": "password", "value": "x"}]', None),
        ((*TOOL, "requestBody"), "token=seven&order=A", "token=(hidden)&order=A"),
        (
            (*TOOL, "requestBody"),
            '{"a": {{a}}, "password": "x y", "b": 1}',
            '{"a": {{a}}, "password": "(hidden)", "b": 1}',
        ),
        ((*TOOL, "requestBody"), '{"a": {{a}}, "token": "x", "at": "https://a.example/"}', None),
        ((*TOOL, "requestBody"), "see https://x:y@a.example/z", "see https://(hidden)@a.example/z"),
        ((*TOOL, "requestBody"), '{"a": {{a}}, "b": "{\\"token\\": \\"x\\"}"}', "(hidden)"),
        ((*TOOL, "requestBody"), '{"a": {{a}}, "b": "{\\"order\\": \\"x\\"}"}', None),
    ],
)
def test_of_any_other_text_what_stands_where_keys_do(path: Path, text: str, told: str | None) -> None:
    expected = {
        '{"a": {{a}}, "token": "x", "at": "https://a.example/"}': (
            '{"a": {{a}}, "token": "(hidden)", "at": "https://a.example/"}'
        ),
        "Hi, at https://x:y@a.example/z and https://b.example/key/k.": (
            "Hi, at https://(hidden)@a.example/z and https://b.example/key/(hidden)"
        ),
        '{"pin": 7, "token": 7, "on": true}': '{"pin": "(hidden)", "token": "(hidden)", "on": true}',
        '[{"key": "password", "value": "x"}]': '[{"key": "password", "value": "(hidden)"}]',
        '{"a": {{a}}, "b": "{\\"order\\": \\"x\\"}"}': '{"a": {{a}}, "b": "{\\"order\\": \\"x\\"}"}',
    }
    found = shown(path, text)
    assert (found.reference if isinstance(found, Secret) else found) == (expected[text] if told is None else told)


def test_a_change_of_what_is_hidden_is_marked() -> None:
    concealer = Concealer(KnownSecrets())
    path, other = (*TOOL, "headers"), {"A": "same", "B": "old"}
    told = concealer.conceal(path, {"A": "same", "B": "new", "C": "more"}, other)
    assert {name: value.reference for name, value in told.items()} == {
        "A": "(hidden)",
        "B": "(hidden, changed)",
        "C": "(hidden)",
    }


@pytest.mark.parametrize(("secret", "text"), [("abcde", "abcde"), ("abcdef", "x abcdef y")])
def test_a_known_secret_is_hidden_wherever_it_stands(secret: str, text: str) -> None:
    found = KnownSecrets([secret]).deep({"a": [text], "b": f"{secret}!"})
    assert secret not in str(found["a"])
    assert (secret in found["b"]) is (len(secret) < 6), "so short a text may be a coincidence"


@pytest.mark.parametrize(
    ("place", "may_be"),
    [
        (("singlePromptConfig", "tools", "crm", "headers", "X"), True),
        (("singlePromptConfig", "tools", "crm", "url", 0), True),
        (("preCallAPI", "webhookUrl"), True),
        (("globalPrompt", 0, "key"), False),
        (("defaultVariables", "api_key"), False),
    ],
)
def test_where_a_spec_may_refer_to_a_secret(place: tuple[str | int, ...], may_be: bool) -> None:
    assert Piece(place, "x", "y").may_be_reference is may_be


def test_what_is_no_text_is_no_secret() -> None:
    asked: list[Piece] = []
    value = {"headers": {"pin": True, "n": None, "token": 5, "port": 80}, "ref": Ref(Kind.TOOL, "x")}

    def note(piece: Piece) -> str:
        asked.append(piece)
        return piece.text

    assert replace_pieces((), value, note) == value
    assert [(piece.name, piece.text) for piece in asked] == [("token", "5")]


# ---- a secret of ours where the platform holds another text

WANTED = Secret(("https://hooks.example.com/services/", SecretRef("HOOK", "value")))


@pytest.mark.parametrize(
    ("wanted", "held", "told"),
    [
        (WANTED, "https://hooks.example.com/services/value", WANTED),
        (WANTED, "https://hooks.example.com/services/other", Secret(("https://hooks.example.com/services/(hidden)",))),
        (WANTED, "https://me:pw@evil.example/x", Secret(("https://evil.example/(hidden)",))),
        (WANTED, "no address", Secret(("(hidden)",))),
        (Secret(("Bearer ", SecretRef("HOOK", "value"))), "Bearer other", Secret(("(hidden)",))),
        (Secret(("https://", SecretRef("HOST", "a.example"))), "https://b.example/x", Secret(("(hidden)",))),
        (Secret((SecretRef("HOOK", "value"),)), "https://b.example/x", Secret(("(hidden)",))),
        (Secret((SecretRef("HOOK"),)), "anything", Secret((SecretRef("HOOK"),))),  # its value is not known here
        (Secret((SecretRef("HOOK", "a\r\nb"),)), "a\nb", Secret((SecretRef("HOOK", "a\r\nb"),))),
    ],
)
def test_of_what_stands_in_a_secrets_place_the_host_is_told(wanted: Secret, held: str, told: Secret) -> None:
    found = canonical({"preCallAPI": {"url": held}}, {"preCallAPI": {"url": wanted}})["preCallAPI"]["url"]
    assert found.reference == told.reference
