"""Which environment variables are taken for secrets by their names, so that their values are shown nowhere."""

from __future__ import annotations

import pytest

from agentops.credentials import is_secret_variable


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
