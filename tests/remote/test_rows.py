"""Answers of a shape that nobody knows are refused by the names of their fields, never by their values."""

from __future__ import annotations

import pytest

from agentops.errors import PlatformError
from agentops.remote.rows import RevisionRow, read_row, rows_of


def test_a_strange_answer_is_refused_by_its_request_and_its_first_five_fields() -> None:
    answer = {"status": 1, "branch": 2, "label": 3, "publishedAt": 4, "publishedBy": 5, "draftName": "sk_secret"}
    with pytest.raises(PlatformError) as caught:
        read_row(RevisionRow, answer, "GET versions")
    assert "does not know: _id, status, branch, label, publishedAt" in str(caught.value)
    assert "publishedBy" not in str(caught.value)
    assert "sk_secret" not in str(caught.value)
    assert caught.value.request == "GET versions"


def test_an_answer_that_is_no_object_is_refused_as_a_whole() -> None:
    with pytest.raises(PlatformError, match="the whole"):
        read_row(RevisionRow, [], "GET versions")


def test_a_list_stands_alone_or_under_a_known_name() -> None:
    assert rows_of([1], "items") == rows_of({"data": None, "items": [1]}, "data", "items") == [1]
    assert rows_of({"other": [1]}, "items") == rows_of(None, "items") == []
