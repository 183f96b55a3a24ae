"""The watch over the answers of every emulator reports wrong ones, wherever the emulator runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conformance import Conformance, Watch
from emulator_process import running

from agentops.emulator.app import describe_platform
from agentops.emulator.observation import Exchange
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

HEADERS = {"Authorization": "Bearer sk_test"}
PATH = "/atoms/v1/product/phone-numbers"


def with_a_wrong_product(data: Path) -> None:
    """A data file with a phone number whose `isActive` is a text, which no answer may have."""
    with start(EmulatorOptions(data=data)) as emulator:
        row = emulator.store.database.all("product")[0]
        emulator.store.database.put("product", row["_id"], {**row, "isActive": "yes"})


def reported_by(watch: Watch) -> str:
    """The one finding, which would have failed this test; it is taken, so that it doesn't."""
    [finding] = watch.take()
    return finding


def test_a_wrong_answer_of_this_process_is_reported(tmp_path: Path, emulator_watch: Watch) -> None:
    with_a_wrong_product(tmp_path / "emulator.db")
    with start(EmulatorOptions(data=tmp_path / "emulator.db")) as emulator:
        httpx2.get(f"{emulator.base_url}{PATH}", headers=HEADERS)
    assert reported_by(emulator_watch).startswith(
        f'GET {PATH} answered 200: data.0.isActive: "yes" is not of type "boolean"'
    )


@pytest.mark.slow
def test_a_wrong_answer_of_another_process_is_reported(tmp_path: Path, emulator_watch: Watch) -> None:
    with_a_wrong_product(tmp_path / "emulator.db")
    with running("--data", str(tmp_path / "emulator.db"), folder=tmp_path) as (_, client):
        client.get("/product/phone-numbers")
    assert reported_by(emulator_watch).startswith(f"GET {PATH} answered 200: ")


@pytest.mark.parametrize(
    ("method", "path", "status", "content_type", "body", "problem"),
    [
        ("GET", "/atoms/v1/user", 418, "application/json", {}, "an undocumented status"),
        ("GET", "/atoms/v1/user", 200, "text/html", {}, "an undocumented content type, text/html"),
        ("GET", "/atoms/v1/user", 200, "application/json", {"status": True}, 'body: "data" is a required property'),
        ("GET", "/atoms/v1/nowhere", 404, "application/json", {}, "not in the document, and no HTML page"),
        ("POST", "/atoms/v1/user", 200, "application/json", {}, "not in the document, and no HTML page"),
    ],
)
def test_what_an_answer_can_get_wrong(
    method: str, path: str, status: int, content_type: str, body: Any, problem: str
) -> None:
    exchange = Exchange(method, path, status, content_type, json.dumps(body).encode())
    assert problem in str(Conformance(describe_platform("v2", 401)).problem(exchange))


def test_a_page_for_an_unknown_path_is_right() -> None:
    page = Exchange("GET", "/atoms/v1/nowhere", 404, "text/html; charset=utf-8", b"<!DOCTYPE html>")
    assert Conformance(describe_platform("v2", 401)).problem(page) is None
