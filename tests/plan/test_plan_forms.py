"""What means the same and where two forms differ, example by example; the laws are in `test_plan_equality`."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.document import CLEARED, Path, Secret, SecretRef
from agentops.plan.canonical import canonical, canonical_text, fingerprint, holds, natural_key, plain, without
from agentops.plan.diff import ABSENT, apply_differences, diff, leaves, renamings, value_at
from agentops.resources import Kind, Ref

TOKEN = Secret(("Bearer ", SecretRef("TOKEN", "t")))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"a": "x\r\ny\rz"}, {"a": "x\ny\nz"}, True),
        ({"a": "x\n"}, {"a": "x"}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1.5}, {"a": 1}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": False}, {"a": 0}, False),
        ({"a": False}, {}, False),
        ({"a": 0}, {}, False),
        ({"a": 0.0}, {}, False),
        ({"a": ""}, {}, True),
        ({"a": None}, {}, True),
        ({"a": CLEARED}, {}, True),
        ({"a": []}, {}, True),
        ({"a": {}}, {}, True),
        ({"a": {"b": ""}}, {}, True),
        ({"a": [""]}, {}, False),
        ({"defaultVariables": {"x": ""}}, {}, False),
        ({"defaultVariables": {"x": ""}}, {"defaultVariables": {}}, False),
        ({"defaultVariables": {"x": None}}, {"defaultVariables": {"x": ""}}, True),
        ({"defaultVariables": {"x": {"y": [1.0, True]}}}, {"defaultVariables": {"x": {"y": [1, True]}}}, True),
        ({"defaultVariables": {"_id": "5"}}, {"defaultVariables": {}}, False),
        ({"_id": "5", "__v": 1, "a": {"_id": 6, "b": 1}}, {"a": {"b": 1}}, True),
        ({"tools": [{"name": "a"}, {"name": "b"}]}, {"tools": [{"name": "b"}, {"name": "a"}]}, True),
        ({"tools": [{"name": "a"}, {"name": "a"}]}, {"tools": [{"name": "a"}]}, False),
        ({"tools": [{"name": ""}, {"name": "b"}]}, {"tools": [{"name": "b"}, {"name": ""}]}, False),
        ({"tools": [{"x": 1}, {"x": 2}]}, {"tools": [{"x": 2}, {"x": 1}]}, False),
        ({"tools": ["a", "b"]}, {"tools": ["b", "a"]}, False),
        ({"other": [{"name": "a"}, {"name": "b"}]}, {"other": [{"name": "b"}, {"name": "a"}]}, False),
        ({"language": {"supported": ["en", "de"]}}, {"language": {"supported": ["de", "en"]}}, True),
        ({"language": {"other": ["en", "de"]}}, {"language": {"other": ["de", "en"]}}, False),
        ({"a": ("x", 1.0)}, {"a": ["x", 1]}, True),
        ({"a": TOKEN}, {"a": Secret(("Bearer ", SecretRef("TOKEN", "other")))}, True),
        ({"a": Ref(Kind.TOOL, "x", "f")}, {"a": Ref(Kind.TOOL, "x", "f", "t1")}, True),
        ({"a": Ref(Kind.TOOL, "x", "f")}, {"a": Ref(Kind.TOOL, "x", "g")}, False),
    ],
)
def test_what_means_the_same(one: dict[str, Any], other: dict[str, Any], is_same: bool) -> None:
    forms = canonical(one), canonical(other)
    assert (forms[0] == forms[1]) is is_same
    assert (diff(*forms) == ()) is is_same
    assert (fingerprint(one) == fingerprint(other)) is is_same


def test_a_secret_counts_by_its_name_in_a_fingerprint() -> None:
    rotated = Secret(("Bearer ", SecretRef("TOKEN", "other")))
    assert fingerprint({"a": TOKEN}) == fingerprint({"a": rotated})
    assert fingerprint({"a": TOKEN}) != fingerprint({"a": Secret(("Bearer ", SecretRef("OTHER", "t")))})
    assert fingerprint({"a": TOKEN}) != fingerprint({"a": TOKEN.reference})
    assert canonical_text(canonical({"a": 1})).startswith("1:")
    assert len(fingerprint({})) == 16


@pytest.mark.parametrize(
    ("document", "managed", "form"),
    [
        ({"a": 1, "b": 2}, {"a": 0}, {"a": 1}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 0}}, {"a": {"x": 1}}),
        ({"a": {"x": 1, "y": 2}}, {"a": "text"}, {"a": {"x": 1, "y": 2}}),
        ({"a": [{"x": 1, "y": 2}, {"x": 1, "y": 2}]}, {"a": [{"x": 0}]}, {"a": [{"x": 1}, {"x": 1, "y": 2}]}),
        (
            {"defaultVariables": {"x": "1", "y": "2"}},
            {"defaultVariables": {"x": "0"}},
            {"defaultVariables": {"x": "1", "y": "2"}},
        ),
        ({"defaultVariables": {"x": {"y": 1}}}, {"defaultVariables": "t"}, {"defaultVariables": {"x": {"y": 1}}}),
        (
            {"tools": [{"name": "a", "x": 1, "y": 2}, {"name": "b", "y": 2}]},
            {"tools": [{"name": "a", "x": 0}]},
            {"tools": [{"name": "a", "x": 1}, {"name": "b", "y": 2}]},
        ),
        (
            {"tools": [{"name": "a", "x": 1, "y": 2}]},
            {"tools": [{"name": "a", "x": 0}, {"name": "a"}]},  # its own items are not told apart
            {"tools": [{"name": "a", "x": 1}]},
        ),
        ({"a": "Bearer t"}, {"a": TOKEN}, {"a": TOKEN}),
        ({"a": ["Bearer t"]}, {"a": [TOKEN]}, {"a": [TOKEN]}),
        (
            {"defaultVariables": {"a": "Bearer t", "b": ["x"]}},
            {"defaultVariables": {"a": TOKEN}},
            {"defaultVariables": {"a": TOKEN, "b": ["x"]}},
        ),
    ],
)
def test_only_what_is_managed_is_compared(document: Any, managed: Any, form: Any) -> None:
    assert plain(canonical(document, managed)) == form
    assert canonical(canonical(document, managed), managed) == canonical(document, managed)


def test_fields_are_taken_out_and_found_by_their_dotted_names() -> None:
    document = {"a": {"b": {"c": 1}, "d": 2}, "e": 3}
    assert without(document, ["a.b.c", "e"]) == {"a": {"b": {}, "d": 2}}
    assert without(document, ["a.d.x", "e.x", "z.y", "a.b.z"]) == document
    assert document == {"a": {"b": {"c": 1}, "d": 2}, "e": 3}
    assert [holds(document, name) for name in ("a", "a.b", "a.b.c", "a.x", "e.x", "z")] == [
        *(True, True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize(
    ("name", "items", "key"),
    [
        ("tools", [{"name": "a"}, {"name": "b"}], "name"),
        ("tools", [], "name"),
        ("tools", [{"name": "a"}, {"name": "a"}], None),
        ("tools", [{"name": 5}], None),
        ("tools", [{"name": ""}], None),
        ("tools", ["a"], None),
        ("queryParams", [{"key": "a"}], "key"),
        ("anything", [{"name": "a"}], None),
        (0, [{"name": "a"}], None),
    ],
)
def test_what_tells_the_items_of_a_list_apart(name: str | int, items: list[Any], key: str | None) -> None:
    assert natural_key(name, items) == key


# ---- differences


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}}, [(("b", "c"), 1, 2)]),
        ({"a": 1}, {"b": 2}, [(("a",), 1, ABSENT), (("b",), ABSENT, 2)]),
        ({"a": {"x": {"y": 1}}}, {}, [(("a",), {"x": {"y": 1}}, ABSENT)]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [(("a",), [1, {"b": 2}], [1, {"b": 3}])]),
        ({"a": {"b": 1}}, {"a": "text"}, [(("a",), {"b": 1}, "text")]),
        ({"a": "x\ny"}, {"a": "x\nz"}, [(("a",), "x\ny", "x\nz")]),
        ({"tools": [{"name": "t", "x": 1}]}, {"tools": [{"name": "t", "x": 2}]}, [(("tools", "t", "x"), 1, 2)]),
        (
            {"tools": [{"name": "t"}]},
            {"tools": [{"name": "u"}]},
            [(("tools", "t"), {"name": "t"}, ABSENT), (("tools", "u"), ABSENT, {"name": "u"})],
        ),
        ({"a": {"t": 1}, "tools": [{"name": "t"}]}, {"a": {"t": 1}}, [(("tools",), [{"name": "t"}], ABSENT)]),
        ({"a": TOKEN}, {"a": TOKEN.reference}, [(("a",), TOKEN, TOKEN.reference)]),
    ],
)
def test_where_two_forms_differ(before: Any, after: Any, found: list[tuple[Path, Any, Any]]) -> None:
    forms = canonical(before), canonical(after)
    differences = diff(*forms)
    assert [(each.path, plain(each.before), plain(each.after)) for each in differences] == found
    assert apply_differences(forms[0], differences) == forms[1]


def test_a_value_is_found_by_its_path() -> None:
    form = canonical({"a": {"b": 1}, "tools": [{"name": "t", "x": 2}], "c": [1]})
    assert [value_at(form, path) for path in ((), ("a", "b"), ("tools", "t", "x"))] == [form, 1, 2]
    for path in (("a", "x"), ("a", "b", "c"), ("tools", "u"), ("c", 0), ("tools", 0)):
        assert value_at(form, path) is ABSENT
    assert repr(ABSENT) == "(absent)"


def test_the_leaves_of_a_form() -> None:
    form = canonical({"a": {"b": 1}, "tools": [{"name": "t", "x": {"y": 2}}], "c": [1], "defaultVariables": {}})
    assert [(path, plain(value)) for path, value in leaves(form)] == [
        (("a", "b"), 1),
        (("tools", "t"), {"name": "t", "x": {"y": 2}}),
        (("c",), [1]),
    ]
    assert list(leaves(canonical({}))) == []


def renamed(before: list[dict[str, Any]], after: list[dict[str, Any]], name: str = "tools") -> dict[str, str]:
    """Of the items that came, which each was before."""
    found = renamings(diff(canonical({"x": {name: before, "y": 1}}), canonical({"x": {name: after, "y": 1}})))
    return {str(path[-1]): str(each.path[-1]) for path, each in found.items() if each.after is ABSENT}


def test_an_item_that_comes_back_under_another_name_was_renamed() -> None:
    def item(name: str, text: str = "Finds the order of a caller by number", **more: Any) -> dict[str, Any]:
        return {"name": name, "description": text, **more}

    assert renamed([item("a")], [item("b")]) == {"b": "a"}
    assert renamed([item("a")], [item("b", "Something else entirely, of other words")]) == {}
    assert renamed([item("a")], [item("a"), item("b")]) == {}
    assert renamed(
        [item("a"), item("c", "Says when the shop is open")], [item("b"), item("d", "Says when the shop is open now")]
    ) == {"b": "a", "d": "c"}
    assert renamed([item("a")], [item("b"), item("c", "Finds the order of a caller")]) == {"b": "a"}, "the most alike"
    assert renamed([{"name": "a"}], [{"name": "b"}]) == {}, "nothing but names"
    assert renamed([item("a", x=1, y=True)], [item("b", x=1, y=True)]) == {"b": "a"}
    words = "one two three four five six seven eight nine ten"
    half = "one two three four five six"
    assert renamed([item("a", words)], [item("b", f"{half} x x x x")]) == {"b": "a"}, "six in ten words"
    assert renamed([item("a", words)], [item("b", "one two three four five x x x x x")]) == {}
    assert renamed([item("a", half)], [item("b", half, more=" ".join("abcdefghijklmnopqr"))]) == {"b": "a"}
    assert renamed([item("a", half)], [item("b", half, more=" ".join("abcdefghijklmnopqrstu"))]) == {}
    moved = [{"name": "b", "other": "Finds the order of a caller by number"}]
    assert renamed([item("a")], moved) == {}, "in another field it is another word"
    params = [{"key": "a", "value": "long and telling"}], [{"key": "b", "value": "long and telling"}]
    assert renamed(*params, name="queryParams") == {"b": "a"}
