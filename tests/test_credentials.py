"""What is taken for a secret, by a variable's name or by how a text looks, so that it is shown nowhere."""

from __future__ import annotations

import pytest

from agentops.credentials import credentials_within, is_secret_variable


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRM_TOKEN", "a-token-of-ours"),
        ("SMALLEST_API_KEY_PROD", "sk_0123456789"),
        ("DB_PASSWORD", "hunter2hunter2"),
        ("PWD", "not/a/path/from/the/root"),
    ],
)
def test_a_name_says_that_the_value_is_secret(name: str, value: str) -> None:
    assert is_secret_variable(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PWD", "/home/ada/acme"),
        ("OLDPWD", "C:\\Users\\ada"),
        ("SSH_AUTH_SOCK", "/run/user/1000/keyring/ssh"),
        ("TOKEN", "short"),
        ("HOME", "ordinary-value"),
    ],
)
def test_the_working_folder_and_short_values_are_none(name: str, value: str) -> None:
    assert not is_secret_variable(name, value)


@pytest.mark.parametrize(
    ("text", "kind", "secret"),
    [
        ("Say aB3dE5fG7hJ9kL1mN3pQ5rS7 first.", "token", "aB3dE5fG7hJ9kL1mN3pQ5rS7"),
        ("https://x.example/?page=2&token=abc123#top", "token", "abc123"),
        ("https://x.example/?page=2&sig=a-b", "sig", "a-b"),
        ("https://ada:swordfish@x.example", "login", "ada:swordfish"),
        ("The pin is 40712.", "password", "40712"),
    ],
)
def test_what_looks_like_a_secret_is_found_in_a_text(text: str, kind: str, secret: str) -> None:
    [found] = credentials_within(text)
    assert (found.kind, text[found.start : found.end]) == (kind, secret)


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/?token={{token}}&sig=",
        "Ask for antidisestablishmentarianism",
        "agents/calls/a-very-long-name-of-a-script",
        "abababababababababab1A1A1A1A1A1A",
    ],
)
def test_what_does_not_look_like_a_secret_is_left_alone(text: str) -> None:
    assert credentials_within(text) == []
