"""Whole projects: what a folder of files becomes in an environment, and what is said when it is wrong."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from spec_projects import MINIMAL, PROJECT_FILE, Loader

from agentops.diagnostics import Where
from agentops.document import CLEARED, OnFailure, Secret
from agentops.errors import UsageError
from agentops.spec import GitFacts, find_root, load_project

EXAMPLES = Path(__file__).parents[2]


@pytest.mark.parametrize("environment", ["local", "demo", "staging", "prod"])
def test_the_examples_are_valid_in_every_environment(environment: str) -> None:
    project = load_project(EXAMPLES, environ={}, environment=environment)
    assert project.diagnostics == ()
    assert [agent.key for agent in project.agents] == ["appointments", "bilingual", "support"]
    assert all(environment in agent.name for agent in project.agents)


def test_a_spec_leaves_nothing_for_the_garbage_collector(load: Loader) -> None:
    """It rests while the command line loads a project, so what only it can free would stay for good."""

    spec = """
        name: Line {n} ${{{{ each.name }}}} ${{{{ environment }}}}
        extends: _base/line.yaml
        for_each: {{a: {{name: A}}}}
        config: {{singlePromptConfig: {{prompt: "${{{{ file('prompts/line.md') }}}}"}}}}
        environments: {{local: {{config: {{slmModel: gpt-4o}}}}}}
        """

    def left_by(specs: int) -> int:
        load.write({f"agents/line{n}.yaml": spec.format(n=n) for n in range(specs)})
        gc.collect()
        gc.disable()
        try:
            project = load({"agents/_base/line.yaml": "config: {firstMessage: Hi}", "agents/prompts/line.md": "Hi."})
            assert len(project.agents) == specs, project.diagnostics
            return gc.collect()
        finally:
            gc.enable()

    left_by(1)  # what is made only once is made here
    assert left_by(2) == left_by(10)


def test_an_agent_knows_where_everything_is_from(load: Loader) -> None:
    project = load(
        {
            "agents/_base/line.yaml": """
                inbound: true
                config: {synthesizer: {speed: 1.5}, slmModel: electron}
                """,
            "agents/prompts/line.md": "You answer for ${{ environment }}.\n",
            "agents/line.yaml": """
                name: Line
                extends: _base/line.yaml
                config:
                  slmModel: gpt-4o
                  firstMessage: Hi {{name|there}}
                  singlePromptConfig:
                    prompt: ${{ file('prompts/line.md') }}
                    tools: [{type: end_call, name: bye, description: Hangs up.}]
                environments:
                  prod: {config: {synthesizer: {speed: 0.9}}}
                """,
        },
        environment="prod",
    )
    (agent,) = project.agents
    assert agent.config["synthesizer"] == {"speed": 0.9}
    assert agent.config["slmModel"] == "gpt-4o"
    assert agent.config["singlePromptConfig"]["prompt"] == "You answer for prod.\n"
    assert agent.metadata == {"allowInboundCall": True}
    assert agent.place_of(("synthesizer", "speed")) == Where("agents/line.yaml", 10, 40)
    assert agent.place_of(("slmModel",)) == Where("agents/line.yaml", 4, 13)
    assert agent.place_of(("singlePromptConfig", "prompt")) == Where("agents/prompts/line.md", 1, 1)
    assert agent.place_of(("singlePromptConfig", "tools", "bye", "name")) == Where("agents/line.yaml", 8, 36)
    assert agent.place_of(("allowInboundCall",)) == Where("agents/_base/line.yaml", 1, 10)
    assert set(agent.files) == {"agents/line.yaml", "agents/_base/line.yaml", "agents/prompts/line.md"}
    assert type(agent.config) is dict
    assert type(agent.config["singlePromptConfig"]["tools"][0]) is dict


def test_a_prompt_keeps_its_last_newline_and_its_call_time_variables(load: Loader) -> None:
    prompt = "Hi {{name}}, {{a|b}}\r\n{% raw %} {# x #} ${{ vars.voice }}\n\n"
    project = load(
        {
            "agents/prompts/p.md": prompt.encode(),
            "agents/line.yaml": """
                name: Line
                config:
                  firstMessage: Hello.
                  singlePromptConfig: {prompt: "${{ file('prompts/p.md') }}"}
                """,
        }
    )
    (agent,) = project.agents
    expected = "Hi {{name}}, {{a|b}}\n{% raw %} {# x #} nyah\n\n"
    assert agent.config["singlePromptConfig"]["prompt"] == expected


def test_whole_expressions_keep_their_type_and_texts_join(load: Loader) -> None:
    project = load(
        {
            "agents/line.yaml": """
                name: Line ${{ vars.count }}
                config:
                  firstMessage: Hello.
                  sessionTimeoutConfig: {timeoutTimeInSecs: "${{ vars.count * 60 }}"}
                  allowInterruptions: ${{ environment == 'prod' }}
                  defaultVariables: {voice: "${{ vars.voice }}", n: "${{ vars.count }}"}
                """
        }
    )
    (agent,) = project.agents
    assert agent.name == "Line 3"
    assert agent.config["sessionTimeoutConfig"] == {"timeoutTimeInSecs": 180}
    assert agent.config["allowInterruptions"] is False
    assert agent.config["defaultVariables"] == {"voice": "nyah", "n": 3}


def test_a_secret_is_a_reference_and_never_its_value(load: Loader) -> None:
    project = load(
        {
            "agents/line.yaml": """
                name: Line
                config:
                  firstMessage: Hello.
                  preCallAPI:
                    url: https://crm.example.com/${{ secrets.TOKEN }}/x
                    method: GET
                    headers: {Authorization: "Bearer ${{ secrets.TOKEN }}"}
                """
        }
    )
    (agent,) = project.agents
    header = agent.config["preCallAPI"]["headers"]["Authorization"]
    assert isinstance(header, Secret)
    assert header.reveal() == "Bearer s3cret-value"
    assert header.names == ("TOKEN",)
    assert agent.config["preCallAPI"]["url"].reveal() == "https://crm.example.com/s3cret-value/x"
    assert "s3cret-value" not in repr(project)


def test_a_secret_in_a_prompt_is_refused_without_its_value(load: Loader) -> None:
    found = load.diagnostics(
        {
            "agents/prompts/p.md": "The code is ${{ secrets.TOKEN }}.\n",
            "agents/line.yaml": """
                name: Line
                config: {firstMessage: Hello., singlePromptConfig: {prompt: "${{ file('prompts/p.md') }}"}}
                """,
        }
    )
    assert [each.code for each in found] == ["secret-not-allowed"]
    assert str(found[0].where) == "agents/line.yaml:2:61"
    assert "s3cret-value" not in str(found)


@pytest.mark.parametrize(
    "expression",
    ["secrets.TOKEN | upper", "secrets.TOKEN == 'x'", "(secrets.TOKEN ~ 'a')[:3]", "(secrets.TOKEN ~ '').upper()"],
)
def test_a_secret_can_only_be_inserted(load: Loader, expression: str) -> None:
    found = load.spec(f'name: Line\nconfig: {{firstMessage: "${{{{ {expression} }}}}"}}\n')
    assert [each.code for each in found] == ["secret-misuse"]
    assert "s3cret-value" not in str(found)


def test_secrets_without_a_value_matter_only_when_values_are_needed(load: Loader) -> None:
    spec = {
        "agents/line.yaml": """
            name: Line
            config:
              firstMessage: Hello.
              preCallAPI: {url: "https://a.example.com", method: GET, headers: {X: "${{ secrets.OTHER }}"}}
            """
    }
    assert load(spec).diagnostics == ()
    (missing,) = load(spec, needs_secrets=True).diagnostics
    assert missing.code == "missing-secret"
    assert "OTHER" in str(missing.hint)
    (agent,) = load(spec, needs_secrets=True, environ={"OTHER": "value"}).agents
    assert agent.config["preCallAPI"]["headers"]["X"].reveal() == "value"


def test_null_leaves_a_field_unmanaged_and_clear_empties_it(load: Loader) -> None:
    project = load(
        {
            "agents/_base.yaml": """
                config: {firstMessage: Hello., slmModel: gpt-4o, synthesizer: {speed: 1.0, sampleRate: 8000}}
                """,
            "agents/line.yaml": """
                name: Line
                extends: _base.yaml
                config:
                  slmModel: null
                  synthesizer: {speed: null}
                  backgroundSound: {$clear: true}
                """,
        }
    )
    (agent,) = project.agents
    assert agent.config == {"firstMessage": "Hello.", "synthesizer": {"sampleRate": 8000}, "backgroundSound": CLEARED}


def test_a_keyed_list_merges_where_asked(load: Loader) -> None:
    project = load(
        {
            "agents/line.yaml": """
                name: Line
                config:
                  firstMessage: Hello.
                  singlePromptConfig:
                    prompt: You answer. Use bye.
                    tools:
                      - {type: end_call, name: bye, description: Hangs up.}
                      - {type: end_call, name: gone, description: Hangs up too.}
                environments:
                  local:
                    config:
                      singlePromptConfig:
                        tools:
                          $merge: name
                          items:
                            - {name: bye, description: Ends the call.}
                            - {name: gone, $remove: true}
                            - {type: end_call, name: stop, description: Stops.}
                """
        }
    )
    (agent,) = project.agents
    tools = agent.config["singlePromptConfig"]["tools"]
    assert tools == [
        {"type": "end_call", "name": "bye", "description": "Ends the call."},
        {"type": "end_call", "name": "stop", "description": "Stops."},
    ]


def test_fields_newer_than_this_release_pass_through(load: Loader) -> None:
    project = load(
        {
            "agents/line.yaml": """
                name: Line
                config:
                  firstMessage: Hello.
                  $passthrough: {newThing: {a: "${{ vars.count }}"}}
                  synthesizer: {speed: 1, $passthrough: {emotion: warm}}
                """
        }
    )
    (agent,) = project.agents
    assert agent.config["newThing"] == {"a": 3}
    assert agent.config["synthesizer"] == {"speed": 1, "emotion": "warm"}


def test_a_project_can_declare_fields_that_pass_through(load: Loader) -> None:
    spec = "name: Line\nconfig: {firstMessage: Hello., newThing: 1}\n"
    assert [each.code for each in load.spec(spec)] == ["unknown-field"]
    project = load({"agentops.yaml": PROJECT_FILE + "passthrough: [newThing]\n", "agents/line.yaml": spec})
    assert project.diagnostics == ()
    assert project.agents[0].config["newThing"] == 1


def test_the_environment_is_read_with_its_rules(load: Loader) -> None:
    load.write(
        {
            "agentops.yaml": """
                project: acme
                variables: {a: 1, b: 2}
                environments:
                  prod:
                    api_key: ${{ secrets.KEY }}
                    base_url: https://atoms.example.com
                    hosts: [atoms.example.com]
                    variables: {b: 3, c: "${{ env('C', 'x') }}"}
                    protected: true
                    protected_agents: [line]
                    limits: {max_changed: 30%, max_archived: 2}
                    deploy:
                      label: ${{ git.short_sha }} on ${{ environment }}
                      gate: preview
                      smoke: live
                      on_failure: keep
                    rules: {model-not-approved: {models: [gpt-4o]}}
                    ignore_drift: [{path: synthesizer.speed, reason: tuned by ear}]
                    rate_limit: {requests_per_second: 2}
                """,
            "agents/line.yaml": MINIMAL,
        }
    )
    project = load_project(load.root, environ={"KEY": "sk_1"}, needs_secrets=True, git=GitFacts(short_sha="abc123"))
    environment = project.environment
    assert environment.name == "prod"
    assert environment.api_key is not None
    assert environment.api_key.reveal() == "sk_1"
    assert environment.variables == {"a": 1, "b": 3, "c": "x"}
    assert environment.is_protected
    assert environment.protected_agents == ("line",)
    assert (environment.limits.max_changed_share, environment.limits.max_archived) == (0.3, 2)
    assert environment.deploy.label == "abc123 on prod"
    assert environment.deploy.smoke
    assert environment.deploy.gate_preview
    assert environment.deploy.on_failure is OnFailure.KEEP
    assert environment.rules == {"model-not-approved": {"models": ["gpt-4o"]}}
    assert environment.ignore_drift[0].path == "synthesizer.speed"
    assert (environment.requests_per_second, environment.max_in_flight) == (2, None)


def test_a_missing_api_key_is_a_usage_error_that_names_the_variable(load: Loader) -> None:
    text = "project: acme\nenvironments: {prod: {api_key: '${{ secrets.KEY }}'}}\n"
    files = {"agentops.yaml": text, "agents/line.yaml": MINIMAL}
    assert load(files).diagnostics == ()
    with pytest.raises(UsageError, match="no API key for prod") as caught:
        load(files, needs_secrets=True)
    assert "KEY" in str(caught.value.hint)


def test_a_literal_secret_is_for_the_emulator_and_loopback_only(load: Loader) -> None:
    text = """
        project: acme
        environments:
          far: {base_url: "https://api.example.com", secrets: {A: {value: x}}, hosts: [api.example.com]}
          near: {base_url: "http://127.0.0.1:8080", secrets: {A: {value: x}}}
        """
    files = {"agentops.yaml": text, "agents/line.yaml": MINIMAL}
    assert load.problems(files, environment="far") == ["agentops.yaml:3:56 literal-secret"]
    assert load.problems(files, environment="near") == []


def test_an_unknown_environment_is_a_usage_error_with_the_closest_name(load: Loader) -> None:
    with pytest.raises(UsageError, match="no environment 'prdo'") as caught:
        load({"agents/line.yaml": MINIMAL}, environment="prdo")
    assert "did you mean prod?" in str(caught.value.hint)


def test_a_folder_without_a_project_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no agentops\.yaml"):
        find_root(tmp_path)


def test_the_root_is_found_from_a_folder_below_it(load: Loader) -> None:
    load({"agents/deep/line.yaml": MINIMAL})
    assert find_root(load.root / "agents" / "deep") == load.root


def test_keys_come_from_paths_and_fragments_are_no_specs(load: Loader) -> None:
    project = load(
        {
            "agents/sales/eu.yaml": MINIMAL,
            "agents/_drafts/x.yaml": "nonsense: [",
            "agents/sales/_part.yaml": "nonsense: [",
            "agents/calls/c.yaml": "nonsense: [",
            "agents/behaviours/c.yaml": "nonsense: [",
            "agents/prompts/c.yaml": "nonsense: [",
        }
    )
    assert [agent.key for agent in project.agents] == ["sales-eu"]
    assert project.diagnostics == ()


def test_two_agents_with_one_name_are_told_both_places(load: Loader) -> None:
    found = load.diagnostics({"agents/a.yaml": MINIMAL, "agents/b.yaml": MINIMAL})
    assert [(each.code, str(each.where)) for each in found] == [("duplicate-name", "agents/b.yaml:1:7")]
    assert "agents/a.yaml:1:7" in found[0].summary


def test_a_matrix_makes_one_agent_per_item(load: Loader) -> None:
    project = load(
        {
            "agents/stores.csv": "key,city\nber,Berlin\nmuc,Munich\n",
            "agents/store.yaml": """
                name: Store ${{ each.city }}
                for_each: stores.csv
                config: {firstMessage: "Hello from ${{ each.city }}."}
                """,
            "agents/shift.yaml": """
                name: Shift ${{ each }}
                for_each: [day, night]
                config: {firstMessage: Hello.}
                """,
        }
    )
    assert project.diagnostics == ()
    assert {agent.key: agent.name for agent in project.agents} == {
        "shift-day": "Shift day",
        "shift-night": "Shift night",
        "store-ber": "Store Berlin",
        "store-muc": "Store Munich",
    }
    assert project.agents[2].config["firstMessage"] == "Hello from Berlin."
    assert "agents/stores.csv" in project.agents[2].files


def test_env_is_for_what_is_no_secret(load: Loader) -> None:
    spec = {
        "agents/a.yaml": """
            name: A
            config: {firstMessage: "${{ env('OTHER') }}"}
            """,
        "agents/b.yaml": """
            name: B
            config:
              firstMessage: Hello.
              preCallAPI: {url: "https://a.example.com", method: GET, headers: {X: "${{ secrets.OTHER }}"}}
            """,
    }
    found = load(spec, environ={"OTHER": "the-value"}).diagnostics
    assert [each.code for each in found] == ["secret-in-env"]
    assert "the-value" not in str(found[0].summary)


def test_defaults_of_the_project_lie_under_every_spec(load: Loader) -> None:
    project = load(
        {
            "agentops.yaml": PROJECT_FILE + "defaults: {tags: {a: x}, config: {slmModel: gpt-4o, firstMessage: Hi}}\n",
            "agents/_base.yaml": "config: {slmModel: gpt-4.1}",
            "agents/a.yaml": "name: A\nextends: _base.yaml\nconfig: {allowInterruptions: true}\n",
            "agents/b.yaml": "name: B\nconfig: {firstMessage: Hello}\n",
        }
    )
    first, second = project.agents
    assert first.config == {"slmModel": "gpt-4.1", "firstMessage": "Hi", "allowInterruptions": True}
    assert second.config == {"slmModel": "gpt-4o", "firstMessage": "Hello"}
    assert first.tags == {"a": "x"}
    assert str(first.place_of(("firstMessage",))) == "agentops.yaml:10:67"


def test_yaml_gives_data_with_its_own_places(load: Loader) -> None:
    files = {
        "agents/_tools.yaml": "- {type: end_call, name: bye, description: 'Ends the ${{ environment }} call.'}\n",
        "agents/line.yaml": """
            name: Line
            config: {firstMessage: Hi, singlePromptConfig: {tools: "${{ yaml('_tools.yaml') }}"}}
            """,
    }
    (agent,) = load(files).agents
    assert agent.config["singlePromptConfig"]["tools"][0]["description"] == "Ends the local call."
    assert str(agent.place_of(("singlePromptConfig", "tools", 0, "name"))) == "agents/_tools.yaml:1:26"
    assert "agents/_tools.yaml" in agent.files


def test_a_whole_config_from_a_file_can_be_overlaid(load: Loader) -> None:
    files = {
        "agents/_config.yaml": "{firstMessage: Hi, slmModel: gpt-4o}",
        "agents/line.yaml": """
            name: Line
            config: ${{ yaml('_config.yaml') }}
            environments: {local: {config: {slmModel: gpt-4.1}}}
            """,
    }
    (agent,) = load(files).agents
    assert agent.config == {"firstMessage": "Hi", "slmModel": "gpt-4.1"}


def test_an_agent_is_bound_by_id_where_its_block_says_so(load: Loader) -> None:
    spec = "name: L\nconfig: {firstMessage: Hi}\nenvironments: {prod: {agent_id: 66aa00000000000000000001}}\n"
    assert load({"agents/line.yaml": spec}, environment="prod").agents[0].agent_id == "66aa00000000000000000001"
    assert load({"agents/line.yaml": spec}, environment="local").agents[0].agent_id is None
    everywhere = "name: L\nagent_id: 66aa00000000000000000001\nconfig: {firstMessage: Hi}\n"
    assert load.problems({"agents/line.yaml": everywhere}) == ["agents/line.yaml:2:1 misplaced-field"]


@pytest.mark.parametrize(
    ("label", "code"),
    [("deploy ${{ environment }}", None), ("a+b/c", "label-characters"), ("x" * 250, "label-too-long")],
)
def test_a_label_that_the_platform_would_not_keep_is_told(load: Loader, label: str, code: str | None) -> None:
    text = f"project: a\nenvironments: {{l: {{target: emulator, deploy: {{label: '{label}'}}}}}}\n"
    found = load({"agentops.yaml": text, "agents/line.yaml": MINIMAL}).diagnostics
    assert [each.code for each in found] == ([code] if code else [])
    assert all(str(each.where) == "agentops.yaml:2:54" for each in found)


def test_a_spec_says_why_nobody_calls_its_agent(load: Loader) -> None:
    spec = """
        name: Line
        config: {firstMessage: Hello.}
        calls: [calls/a.yaml]
        environments: {prod: {calls: {none: the kiosk has no line}}}
        """
    files = {"agents/line.yaml": spec, "agents/calls/a.yaml": ""}
    called, uncalled = load(files).agents[0], load(files, environment="prod").agents[0]
    assert (called.calls, called.no_calls_reason) == (("agents/calls/a.yaml",), None)
    assert (uncalled.calls, uncalled.no_calls_reason) == ((), "the kiosk has no line")


@pytest.mark.parametrize(
    "address",
    [
        "https://api.smallest.ai",
        "https://smallest.ai/atoms/v1",
        "https://eu.API.smallest.ai",
        "http://127.0.0.1:8123",
        "http://[::1]:8123",
        "http://localhost",
        "http://proxy.corp:3128",
    ],
)
def test_the_key_goes_to_the_platform_to_this_machine_and_to_hosts_that_are_named(load: Loader, address: str) -> None:
    text = f"project: acme\nenvironments: {{prod: {{base_url: '{address}', hosts: [Proxy.corp]}}}}\n"
    assert load.problems({"agentops.yaml": text, "agents/line.yaml": MINIMAL}) == []


def test_an_address_from_the_environment_may_be_this_machine(load: Loader) -> None:
    text = """
        project: acme
        environments:
          near: {base_url: "${{ env('EMULATOR') }}", secrets: {A: {value: a-literal}}}
        """
    files = {"agentops.yaml": text, "agents/line.yaml": MINIMAL}
    assert load.problems(files, environ={"EMULATOR": "http://127.0.0.1:4010"}) == []
    far = {"EMULATOR": "https://api.smallest.ai"}
    assert load.problems(files, environ=far) == ["agentops.yaml:3:56 literal-secret"]
