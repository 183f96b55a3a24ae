"""What an author is told: the code, the place and the way out of every common mistake."""

from __future__ import annotations

import pytest
from spec_projects import Loader

# name -> (the spec, then per problem: place, code, and a word that the expectation or the hint must hold)
MISTAKES: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "yaml does not parse": ("name: Line\nconfig: [1\n", [("3:1", "yaml-syntax", "brackets")]),
    "a tab": ("name: Line\nconfig:\n\tfirstMessage: x\n", [("3:1", "yaml-syntax", "tabs")]),
    "unknown field": (
        "name: Line\nconfig:\n  firstMesage: Hi\n",
        [("3:3", "unknown-field", "did you mean `firstMessage`?")],
    ),
    "unknown field inside a tool": (
        "name: L\nconfig:\n  firstMessage: Hi\n  singlePromptConfig:\n    tools:\n"
        "      - {type: transfer_call, name: t, description: d, transferNumbr: '+14155550100'}\n",
        [
            ("6:9", "missing-field", "transferNumber"),
            ("6:9", "missing-field", "transferOption"),
            ("6:56", "unknown-field", "did you mean `transferNumber`?"),
        ],
    ),
    "a field in the wrong place": (
        "name: Line\nconfig:\n  firstMessage: Hi\n  voiceId: nyah\n",
        [("4:3", "unknown-field", "synthesizer.voiceConfig.voiceId")],
    ),
    "the platform's read name": (
        "name: Line\nconfig:\n  firstMessage: Hi\n  modelName: gpt-4o\n",
        [("4:3", "unknown-field", "slmModel")],
    ),
    "wrong type": (
        "name: Line\nconfig:\n  firstMessage: Hi\n  allowInterruptions: 'yes'\n",
        [("4:23", "wrong-type", "true or false")],
    ),
    "an unquoted number for text": (
        "name: Line\nconfig:\n  firstMessage: 42\n",
        [("3:17", "wrong-type", 'quote it: "42"')],
    ),
    "several problems at once": (
        "name: Line\nconfig:\n  firstMessage: 42\n  slmModle: x\n  synthesizer: {speed: 3, sampleRate: 11000}\n",
        [
            ("3:17", "wrong-type", "text"),
            ("4:3", "unknown-field", "slmModel"),
            ("5:24", "out-of-range", "2"),
            ("5:39", "wrong-value", "8000"),
        ],
    ),
    "undefined variable": (
        "name: Line\nconfig:\n  firstMessage: Hi ${{ vars.voize }}\n",
        [("3:29", "undefined-variable", "did you mean vars.voice?")],
    ),
    "undefined name": (
        "name: Line ${{ enviroment }}\nconfig: {firstMessage: Hi}\n",
        [("1:16", "undefined-variable", "did you mean environment?")],
    ),
    "a call-time variable with a dollar": (
        "name: Line\nconfig: {firstMessage: 'Pay ${{amount}} now'}\n",
        [("2:32", "undefined-variable", "without the $")],
    ),
    "an undefined variable in a block": (
        "name: Line\nconfig:\n  firstMessage: |\n    One\n    two ${{ vars.nope }}\n",
        [("5:18", "undefined-variable", "known: count, voice")],
    ),
    "an expression that can't be read": (
        "name: Line\nconfig: {firstMessage: 'Hi ${{ {{name}} }}'}\n",
        [("2:28", "bad-expression", "without braces")],
    ),
    "missing prompt file": (
        "name: Line\nconfig:\n  firstMessage: Hi\n  singlePromptConfig:\n    prompt: ${{ file('prompts/lien.md') }}\n",
        [("5:23", "missing-file", "did you mean agents/prompts/line.md?")],
    ),
    "missing fragment": (
        "name: Line\nextends: _base/none.yaml\nconfig: {firstMessage: Hi}\n",
        [("2:10", "missing-file", "relative to agents/")],
    ),
    "missing call script": (
        "name: Line\nconfig: {firstMessage: Hi}\ncalls:\n  - calls/none.yaml\n",
        [("4:5", "missing-file", "relative to agents/")],
    ),
    "a path out of the project": (
        "name: Line\nconfig: {firstMessage: \"${{ file('../../etc/passwd') }}\"}\n",
        [("2:35", "bad-path", "inside the project")],
    ),
    "a spec that extends itself": (
        "name: Line\nextends: line.yaml\nconfig: {firstMessage: Hi}\n",
        [("2:10", "file-cycle", "circle")],
    ),
    "an unknown environment": (
        "name: Line\nconfig: {firstMessage: Hi}\nenvironments: {prdo: {}}\n",
        [("3:16", "unknown-environment", "did you mean prod?")],
    ),
    "no calls without a reason": (
        "name: Line\nconfig: {firstMessage: Hi}\ncalls: {none: ab}\n",
        [("3:15", "too-short", "at least 3 characters")],
    ),
    "no calls, misspelt": (
        "name: Line\nconfig: {firstMessage: Hi}\ncalls: {nnone: only the kiosk}\n",
        [("3:1", "missing-field", "none"), ("3:9", "unknown-field", "did you mean `none`?")],
    ),
    "calls of a wrong kind": (
        "name: Line\nconfig: {firstMessage: Hi}\ncalls: calls/a.yaml\n",
        [("3:8", "wrong-type", "a list or a mapping")],
    ),
    "a missing name": ("config: {firstMessage: Hi}\n", [("1:1", "missing-field", "name")]),
    "an empty file": ("# nothing\n", [("1:1", "not-a-mapping", "name:")]),
    "a list": ("- a\n", [("1:1", "not-a-mapping", "name:")]),
    "an unknown tool": (
        "name: L\nconfig: {firstMessage: Hi, singlePromptConfig: {tools: [{type: end_cal, name: a, description: d}]}}",
        [("2:57", "wrong-value", "did you mean `end_call`?")],
    ),
    "a bad phone number": (
        "name: L\nconfig:\n  firstMessage: Hi\n  singlePromptConfig:\n    tools:\n      - type: transfer_call\n"
        "        name: t\n        description: d\n        transferNumber: 0800 123\n"
        "        transferOption: {type: cold_transfer}\n",
        [("9:25", "wrong-format", "country code")],
    ),
    "numbers of its own that no account has": (
        'name: L\nphone_numbers: ["4155550199", "+1 (415) 555-0199"]\nconfig: {firstMessage: Hi}\n',
        [("2:17", "wrong-format", "+14155550123"), ("2:31", "wrong-format", "+14155550123")],
    ),
    "a first message that is too long": (
        f"name: L\nconfig: {{firstMessage: {'x' * 501}}}\n",
        [("2:24", "too-long", "500")],
    ),
    "a bad metric": (
        "name: L\nconfig: {firstMessage: Hi, postCallAnalyticsConfig: {dispositionMetrics: "
        "[{identifier: Was-OK, dispositionMetricPrompt: p, dispositionMetricType: boolean}]}}\n",
        [("2:88", "wrong-format", "lower-case"), ("2:147", "wrong-value", "did you mean `BOOLEAN`?")],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_where_it_is(load: Loader, name: str) -> None:
    spec, expected = MISTAKES[name]
    load.write({"agents/prompts/line.md": "You answer."})
    found = load.spec(spec)
    assert [(f"{each.where.line}:{each.where.column}", each.code) for each in found if each.where] == [
        (place, code) for place, code, _ in expected
    ], found
    for diagnostic, (_, _, word) in zip(found, expected, strict=True):
        assert word in f"{diagnostic.summary} {diagnostic.expected} {diagnostic.hint}", diagnostic


def test_an_error_in_a_fragment_is_placed_there_and_said_once(load: Loader) -> None:
    base = "config:\n  slmModel: gpt-4o\n  sped: 2\n"
    spec = "name: {}\nextends: _base.yaml\nconfig: {{firstMessage: Hi}}\n"
    files = {"agents/_base.yaml": base, "agents/a.yaml": spec.format("A"), "agents/b.yaml": spec.format("B")}
    assert load.problems(files) == ["agents/_base.yaml:3:3 unknown-field"]


def test_an_error_in_a_prompt_is_placed_there(load: Loader) -> None:
    files = {
        "agents/prompts/a.md": "Line one\n${{ file('prompts/b.md') }}\n",
        "agents/prompts/b.md": "Text\nand {{ voyce }} ${{ vars.voyce }}\n",
        "agents/line.yaml": """
            name: Line
            config: {firstMessage: Hi, singlePromptConfig: {prompt: "${{ file('prompts/a.md') }}"}}
            """,
    }
    assert load.problems(files) == ["agents/prompts/b.md:2:26 undefined-variable"]


def test_prompts_that_read_each_other_are_a_circle(load: Loader) -> None:
    files = {
        "agents/prompts/a.md": "A ${{ file('prompts/b.md') }}",
        "agents/prompts/b.md": "B ${{ file('prompts/a.md') }}",
        "agents/line.yaml": """
            name: Line
            config: {firstMessage: Hi, singlePromptConfig: {prompt: "${{ file('prompts/a.md') }}"}}
            """,
    }
    assert load.problems(files) == ["agents/prompts/b.md:1:13 file-cycle"]


def test_an_error_in_an_overlay_is_placed_there(load: Loader) -> None:
    spec = "name: L\nconfig: {firstMessage: Hi}\nenvironments:\n  prod: {config: {slmModle: x}}\n"
    assert load.problems({"agents/line.yaml": spec}, environment="prod") == ["agents/line.yaml:4:19 unknown-field"]


HEAD = "project: a\nenvironments: {l: "
PROJECT_MISTAKES = [
    ("", "1:1 not-a-mapping"),
    ("project: [", "2:1 yaml-syntax"),
    ("project: acme\n", "1:1 missing-field"),
    ("project: Acme Corp\nenvironments: {local: {target: emulator}}\n", "1:10 wrong-format"),
    (HEAD + "{taget: emulator}}\n", "2:20 unknown-field"),
    (HEAD + "{target: emulator, limits: {max_changed: 3 %}}}\n", "2:60 wrong-format"),
    (HEAD + "{api_key: sk_live_1}}\n", "2:29 literal-secret"),
    (HEAD + "{target: emulator, base_url: 'http://x'}}\n", "2:16 conflicting-fields"),
    (HEAD + "{base_url: api.example.com}}\n", "2:30 wrong-format"),
    (HEAD + "{base_url: ''}}\n", "2:30 wrong-format"),
    (HEAD + "{base_url: }}\n", "2:20 wrong-format"),
    (HEAD + "{base_url: 'http://127.0.0.1:1', api_key: }}\n", "2:52 wrong-format"),
    (HEAD + "{base_url: \"${{ env('NOT_SET', '') }}\"}}\n", "2:30 wrong-format"),
    (HEAD + "{base_url: 'https://smallest.ai.example.com'}}\n", "2:30 unknown-host"),
    (HEAD + "{base_url: 'https://notsmallest.ai'}}\n", "2:30 unknown-host"),
    (HEAD + "{base_url: 'http://api.smallest.ai'}}\n", "2:30 unknown-host"),
    (HEAD + "{base_url: 'https://api.smallest.ai@evil.example.com'}}\n", "2:30 unknown-host"),
    (HEAD + "{base_url: 'https://a.example.com', hosts: ['https://a.example.com']}}\n", "2:63 wrong-format"),
    (HEAD + "{variables: {a: '${{ env(\"X\") }}'}}}\n", "2:45 undefined-variable"),
    (HEAD + "{secrets: {K: {env: A, file: b}}}}\n", "2:33 wrong-value"),
    (HEAD + "{target: emulator, deploy: {strategy: branch}}}\n", "2:47 removed-field"),
    (HEAD + "{target: emulator, deploy: {keep_branches: 3}}}\n", "2:47 removed-field"),
    (HEAD + "{target: emulator, deploy: {watch: {completoin: {drop_at_most: 5%}}}}}\n", "2:55 unknown-name"),
    (HEAD + "{target: emulator, deploy: {watch: {disposition: {at_least: 5%}}}}}\n", "2:55 unknown-name"),
    (HEAD + "{target: emulator, deploy: {watch: {completion: {}}}}}\n", "2:55 watch-rule"),
    (HEAD + "{target: emulator, deploy: {watch: {completion: {drop_at_most: 5}}}}}\n", "2:82 watch-rule"),
    (HEAD + "{target: emulator, deploy: {watch: {completion: {drop_at_most: 500%}}}}}\n", "2:82 wrong-format"),
    (HEAD + "{target: emulator, deploy: {watch: {completion: {falls: 5%}}}}}\n", "2:68 unknown-field"),
    (HEAD + "{target: emulator, deploy: {watch: {latency_p95_ms: {rise_at_most: 5%}}}}}\n", "2:86 watch-rule"),
    (HEAD + "{target: emulator, deploy: {watch: {latency_p95_ms: {at_least: 5}}}}}\n", "2:82 watch-rule"),
    (HEAD + "{target: emulator, deploy: {watch: {hang_ups: {answer: 'yes', at_most: 5%}}}}}\n", "2:55 watch-rule"),
    (HEAD + "{target: emulator, deploy: {watch_days: 0}}}\n", "2:59 out-of-range"),
]


@pytest.mark.parametrize(("text", "problem"), PROJECT_MISTAKES)
def test_mistakes_in_the_project_file(load: Loader, text: str, problem: str) -> None:
    files = {"agentops.yaml": text, "agents/line.yaml": "name: L\nconfig: {firstMessage: Hi}\n"}
    assert load.problems(files) == [f"agentops.yaml:{problem}"]


def test_a_removed_field_says_what_to_use(load: Loader) -> None:
    text = HEAD + "{target: emulator, deploy: {strategy: branch}}}\n"
    files = {"agentops.yaml": text, "agents/line.yaml": "name: L\nconfig: {firstMessage: Hi}\n"}
    [found] = load.diagnostics(files)
    assert found.summary == "`strategy` is no longer supported"
    assert "`gate: preview`" in (found.hint or "")


def test_the_blocks_of_other_environments_are_checked_too(load: Loader) -> None:
    spec = """
        name: L
        config: {firstMessage: Hi}
        environments:
          prod:
            config:
              slmModle: x
              synthesizer: {speed: "${{ vars.only_in_prod }}", sampleRate: 11025}
              singlePromptConfig: {tools: {$merge: name, items: []}, prompt: {$clear: true}}
              preCallAPI: {timeout: 2}
              $passthrough: {anything: 1}
        """
    assert load.problems({"agents/line.yaml": spec}, environment="local") == [
        "agents/line.yaml:6:7 unknown-field",
        "agents/line.yaml:7:68 wrong-value",
    ]


def test_rules_between_fields_do_not_wait_for_every_field_to_be_right(load: Loader) -> None:
    spec = """
        name: L
        config:
          firstMessage: 42
          slmModle: x
          language: {default: es, supported: [en], switching: {isEnabled: "yes"}}
          singlePromptConfig:
            prompt: "${{ vars.nope }}"
            tools:
              - {type: end_call, name: a, description: Ends it.}
              - {type: end_call, name: a, description: Ends it.}
        calls: [calls/none.yaml]
        """
    assert load.problems({"agents/line.yaml": spec}) == [
        "agents/line.yaml:3:17 wrong-type",
        "agents/line.yaml:4:3 unknown-field",
        "agents/line.yaml:5:23 default-language",
        "agents/line.yaml:5:67 wrong-type",
        "agents/line.yaml:7:23 undefined-variable",
        "agents/line.yaml:10:32 duplicate-item",
        "agents/line.yaml:11:9 missing-file",
    ]


FORMATS = [
    ("key: Upper", "lower-case letters, digits, _ and -, starting with a letter or digit, at most 64"),
    ('key: "line\\n"', "lower-case letters, digits, _ and -, starting with a letter or digit, at most 64"),
    ("environments: {local: {agent_id: 12ab}}", "24 hexadecimal characters"),
    ("config: {widgetConfig: {baseColor: blue}}", "a colour such as #2d9d9f"),
    (
        "config: {singlePromptConfig: {prompt: x, tools: [{type: end_call, name: end it, description: d}]}}",
        "no spaces",
    ),
]


@pytest.mark.parametrize(("lines", "expected"), FORMATS)
def test_a_wrong_format_says_in_words_what_is_right(load: Loader, lines: str, expected: str) -> None:
    head = "name: L\n" if lines.startswith("config:") else "name: L\nconfig: {firstMessage: Hi}\n"
    wrong = [each for each in load.spec(f"{head}{lines}\n") if each.code == "wrong-format"]
    assert [(each.expected, each.hint) for each in wrong] == [(expected, "correct the spelling")]
