"""What people type is never changed in silence: names that look like numbers, tables, comments, braces and tabs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_projects import PROJECT_FILE, Loader

from agentops.cli.app import run
from agentops.spec.source_events import read_yaml

STORES = 'name: Acme ${{ each.city }}\nfor_each: stores.csv\nconfig: {firstMessage: "${{ each.greeting }}"}\n'


@pytest.mark.slow
@given(digits=st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{1,4})?(e[+-]?[0-9]{1,2})?", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_a_number_reads_back_as_it_was_written_or_is_text(digits: str) -> None:
    (value,), _ = read_yaml(f"- {digits}\n", "x.yaml")
    assert (value if isinstance(value, str) else repr(value)) == digits


def test_names_that_look_like_numbers_arrive_as_they_are_written(load: Loader) -> None:
    project = PROJECT_FILE.replace("count: 3", "count: 3, store: 0042, version: 1.10, phone: +14155550199")
    spec = """
        name: Acme
        config:
          firstMessage: Store ${{ vars.store }}, version ${{ vars.version }}, call ${{ vars.phone }}, pin {{pin}}.
          defaultVariables: {pin: 0042}
        """
    loaded = load({"agentops.yaml": project, "agents/a.yaml": spec})
    config = loaded.agents[0].config
    assert config["firstMessage"] == "Store 0042, version 1.10, call +14155550199, pin {{pin}}."
    assert config["defaultVariables"] == {"pin": "0042"}
    assert {each.code for each in loaded.diagnostics} == {"yaml-number-text"}


@pytest.mark.parametrize(
    ("written", "hint"), [("1.10", "write 1.1;"), ("+1", "write 1;"), ('"1.5"', "take the quotes off")]
)
def test_in_a_field_for_numbers_the_hint_quotes_what_was_written(load: Loader, written: str, hint: str) -> None:
    (found,) = load.spec(f"name: A\nconfig: {{firstMessage: Hi, synthesizer: {{speed: {written}}}}}\n")
    assert (found.code, written.strip('"') in found.summary) == ("wrong-type", True)
    assert str(found.hint).startswith(hint)


@pytest.mark.parametrize("number", ["+14155550199", "0800123456", "004930123456", "1e10"])
def test_a_phone_number_without_quotes_keeps_its_zeros_and_its_sign(load: Loader, number: str) -> None:
    found = load.spec(f"name: A\nconfig: {{firstMessage: Hi, defaultVariables: {{n: {number}}}}}\n")
    assert any(f'quote it: "{number}"' in str(each.hint) for each in found)


@pytest.mark.parametrize(
    ("table", "place", "code", "words"),
    [
        ("key,city,greeting\nber,Berlin,Hello, how?\n", "2:18", "table-row", "4 cells, and the header has 3"),
        ('key,city,greeting\nber,"Berlin, Mitte",Hi, you\n', "2:24", "table-row", "double quotes"),
        ("key,city,greeting\nber,Berlin\n", "2:11", "table-row", "2 cells"),
        ("key,city,key,greeting\nber,Berlin,muc,Hi\n", "1:10", "table-header", "two columns are called 'key'"),
        ("key;city;greeting\nber;Berlin;Hi\n", "1:1", "table-header", "semicolons"),
        ("key\tcity\tgreeting\nber\tBerlin\tHi\n", "1:1", "table-header", "tabs"),
        ("key,,greeting\nber,Berlin,Hi\n", "1:5", "table-header", "column 2 has no name"),
        ('key,city,greeting\nber,"Berlin,Hi\n', "2:1", "table-row", "double quote"),
    ],
)
def test_a_table_that_would_be_misread_is_an_error_in_its_line(
    load: Loader, table: str, place: str, code: str, words: str
) -> None:
    found = load.diagnostics({"agents/store.yaml": STORES, "agents/stores.csv": table})
    assert [(each.code, str(each.where)) for each in found] == [(code, f"agents/stores.csv:{place}")]
    assert words in f"{found[0].summary}; {found[0].hint}"


def test_a_table_keeps_every_cell(load: Loader) -> None:
    table = 'key,city,greeting\n\nber,Berlin,"Hello, ""you"",\nhow?"\nmuc,,Hi\n'
    spec = STORES.replace("Acme ${{ each.city }}", "Acme ${{ each.key }}")
    loaded = load({"agents/store.yaml": spec, "agents/stores.csv": table})
    texts = [agent.config["firstMessage"] for agent in loaded.agents]
    assert texts == ['Hello, "you",\nhow?', "Hi"]


def test_a_yaml_table_beside_the_specs_is_no_spec(load: Loader) -> None:
    files = {
        "agents/store.yaml": "name: ${{ each.city }}\nfor_each: stores.yaml\nconfig: {firstMessage: Hi}\n",
        "agents/stores.yaml": "- {key: ber, city: Berlin}\n",
    }
    loaded = load(files)
    assert ([agent.key for agent in loaded.agents], loaded.diagnostics) == (["store-ber"], ())


@pytest.mark.parametrize(
    ("line", "is_cut"),
    [
        ("Hello #1 bakery in town, how can I help?", True),
        ("Hello # a comment", False),
        ('"Hello #1 bakery"', False),
        ("Hello#1 bakery", False),
        ("|\n    Hello #1 bakery", False),
    ],
)
def test_a_text_that_a_comment_cuts_is_told(load: Loader, line: str, is_cut: bool) -> None:
    found = load.spec(f"name: A\nconfig:\n  firstMessage: {line}\n")
    assert [each.code for each in found] == (["yaml-comment"] if is_cut else [])


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("config:\n  firstMessage: {{greeting}} how?\n", 'quote the text: firstMessage: "{{greeting}} how?"'),
        ("config:\n  firstMessage: {{greeting}}\n", 'quote the text: firstMessage: "{{greeting}}"'),
        ("config: {firstMessage: ${{ vars.voice }}}\n", 'quote the text inside { } or [ ]: "${{ vars.voice }}"'),
        ("config:\n\tfirstMessage: Hi\n", "spaces"),
        ("config:\n  firstMessage: Hi\n \tx: 1\n", "spaces"),
    ],
)
def test_the_likeliest_typos_are_named(load: Loader, spec: str, hint: str) -> None:
    (found,) = load.spec(f"name: A\n{spec}")
    assert hint in str(found.hint)


@pytest.mark.parametrize("text", ["{q: One?, r: b}", "[Is it? Yes, no]", "{q: a?b}", "{url: http://a.example/?b=1}"])
def test_valid_flow_yaml_is_read(text: str) -> None:
    tree, _ = read_yaml(f"a: {text}\n", "x.yaml")
    assert tree["a"] in (
        {"q": "One?", "r": "b"}, ["Is it? Yes", "no"], {"q": "a?b"}, {"url": "http://a.example/?b=1"},
    )  # fmt: skip


def test_every_environment_is_validated_with_what_lint_calls_an_error(
    load: Loader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = """
        name: Line
        config: {firstMessage: "How can I help?", singlePromptConfig: {prompt: " "}}
        environments: {prod: {config: {firstMessage: "${{ vars.nope }}"}}}
        """
    load.write({"agentops.yaml": PROJECT_FILE, "agents/line.yaml": spec})
    monkeypatch.chdir(load.root)
    assert run(["validate"]) == 1
    told = capsys.readouterr().out
    assert "undefined-variable" in told
    assert "prompt-empty" in told
    assert run(["validate", "-e", "local"]) == 1
    assert "undefined-variable" not in capsys.readouterr().out
