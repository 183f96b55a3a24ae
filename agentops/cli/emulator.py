"""`agentops emulator`: the local Atoms on a port, until it is interrupted."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.cli.local import announced, data_file, running_at
from agentops.cli.talking import talk
from agentops.document import Generation
from agentops.emulator.behaviour.language_model import LanguageModel
from agentops.emulator.faults import parse_fault
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.seeding import read_fault_file
from agentops.emulator.server import serve
from agentops.emulator.store.database import DataInUseError, EmulatorError
from agentops.errors import ExitCode, UsageError
from agentops.settings import read_settings
from agentops.spec.files import PROJECT_FILE

DataFile = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Keep the state in this file; default: the project's own, or none outside of a project.",
    ),
]
LlmUrl = Annotated[
    str | None,
    typer.Option("--llm-url", metavar="URL", help="Let an OpenAI-compatible API answer callers, e.g. .../v1."),
]
LlmModel = Annotated[str | None, typer.Option("--llm-model", metavar="NAME", help="The model of --llm-url.")]
Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="TEXT", help="Inject a fault, e.g. 'status PUT */draft nth=2'; repeatable."),
]
FailingWords = Annotated[
    list[str] | None,
    typer.Option("--scan-fails-on", metavar="WORD", help="Fail a scan when a prompt contains this word; repeatable."),
]
Shuffle = Annotated[
    int | None,
    typer.Option(
        "--shuffle", metavar="N", help="Settle what nobody knows about the platform at random, with this seed."
    ),
]
FaultFile = Annotated[Path | None, typer.Option("--faults", metavar="FILE", help="A YAML list of faults.")]
AllowToolCalls = Annotated[
    bool, typer.Option("--allow-tool-calls", help="Really send the HTTP requests of agents' tools.")
]
CampaignSpeed = Annotated[
    float, typer.Option("--campaign-speed", metavar="N", min=0.001, help="Campaigns run N times as fast.")
]
ClockSpeed = Annotated[
    float,
    typer.Option(
        "--clock-speed", metavar="N", min=1, max=3600, help="Everything runs N times as fast, callers included."
    ),
]
RequestsPerSecond = Annotated[
    float | None,
    typer.Option("--rate-limit", metavar="N", min=0.1, help="Answer N requests a second and refuse the rest with 429."),
]
Like = Annotated[
    Path | None, typer.Option("--like", metavar="FILE", help="Behave like the account that `doctor --probe` asked.")
]
Switches = Annotated[
    list[str] | None,
    typer.Option("--switch", metavar="NAME=VALUE", help="Answer one open question about the platform; repeatable."),
]
StrictVoices = Annotated[
    bool, typer.Option("--strict-voices", help="Refuse voices that are not in the emulator's catalog.")
]
MultiAgents = Annotated[bool, typer.Option("--multi-agents", help="Allow agents of the type multi_agents (playbooks).")]
ClientTools = Annotated[
    bool, typer.Option("--client-tools/--no-client-tools", help="Offer client tools, which the caller runs.")
]
REALISTIC_SCAN_S = 6.0  # what the platform's scans took when they were last measured


def emulator(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes any free one.")
    ] = 8765,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    api: Annotated[Generation, typer.Option("--api", help="The versioning generation to speak.")] = Generation.V2,
    data: DataFile = None,
    behaviour: Annotated[
        list[Path] | None, typer.Option("--behaviour", metavar="FILE", help="What agents say in calls; repeatable.")
    ] = None,
    scan_delay: Annotated[
        float, typer.Option("--scan-delay", metavar="S", min=0, help="How long a security scan takes, in seconds.")
    ] = REALISTIC_SCAN_S,
    scan_fails_on: FailingWords = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="KEY", help="Accept only this API key; repeatable.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what --data holds before starting.")] = False,
    seed: Annotated[
        Path | None, typer.Option("--seed", metavar="FILE", help="Fill a new account with what this YAML file lists.")
    ] = None,
    fault: Faults = None,
    faults: FaultFile = None,
    rate_limit: RequestsPerSecond = None,
    campaign_speed: CampaignSpeed = 1.0,
    clock_speed: ClockSpeed = 1.0,
    shuffle: Shuffle = None,
    like: Like = None,
    switch: Switches = None,
    strict_voices: StrictVoices = False,
    multi_agents: MultiAgents = False,
    client_tools: ClientTools = True,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    allow_tool_calls: AllowToolCalls = False,
) -> int:
    """Runs the local Atoms. The first line on stdout is its address, printed once it answers.

    In a project it is the project's own: `-e local` uses it while it runs, and finds what it kept afterwards.
    """
    root = _project_root()
    options = EmulatorOptions(
        api=api.value,
        host=host,
        port=port,
        data=data_file(root) if root is not None and data is None else data,
        keys=tuple(key or ()),
        scan_delay_s=scan_delay,
        behaviours=_behaviours(behaviour, root),
        reset=reset,
        seed_file=seed,
        choices=_choices(shuffle, like, switch or []),
        strict_voices=strict_voices,
        multi_agents=multi_agents,
        client_tools=client_tools,
        language_model=_language_model(llm_url, llm_model),
        allow_tool_calls=allow_tool_calls,
        rate_limit=rate_limit,
        campaign_speed=campaign_speed,
        clock_speed=clock_speed,
    )
    try:
        words = tuple(scan_fails_on) if scan_fails_on else options.scan_fails_on
        chosen = replace(
            options,
            scan_fails_on=words,
            faults=(*map(parse_fault, fault or ()), *(read_fault_file(faults) if faults else ())),
        )
        _serve(chosen, root, are_keys_named=bool(key))
    except EmulatorError as failure:
        raise UsageError(str(failure), hint=failure.hint) from failure
    except KeyboardInterrupt:
        talk("stopped")
    return ExitCode.DONE


def _serve(options: EmulatorOptions, root: Path | None, *, are_keys_named: bool) -> None:
    """Until it is interrupted; where it serves a project's own data, the project's other commands find it."""
    with ExitStack() as until_stopped:

        def ready(address: str, keys: tuple[str, ...]) -> None:
            if root is not None and options.data == data_file(root):
                until_stopped.enter_context(announced(root, address))
            _announce(address, () if are_keys_named else keys, is_named=are_keys_named)

        try:
            serve(options, on_ready=ready, on_warning=lambda text: talk(f"warning: {text}"))
        except DataInUseError as failure:
            address = running_at(root) if root is not None else None
            raise UsageError(
                f"this project's emulator is already running at {address}" if address else str(failure),
                hint="`-e local` uses it; another one needs its own file: `agentops emulator --data FILE --port 0`",
            ) from failure


def _choices(shuffle: int | None, like: Path | None, settings: list[str]) -> Choices:
    """The switches: at random where asked, what a probe found over them, then the named ones. Raises UsageError."""
    chosen = Choices() if shuffle is None else Choices.shuffled(shuffle)
    if like is not None:
        chosen = chosen.like(workflow.probing.read_report(like))
    try:
        return chosen.set(settings)
    except ValueError as wrong:
        raise UsageError(str(wrong), hint="GET /_emulator lists every switch with what it may be") from None


def _language_model(url: str | None, model: str | None) -> LanguageModel | None:
    """What answers callers, with its key from the environment. Raises UsageError."""
    if url is None and model is None:
        return None
    if url is None or model is None:
        raise UsageError("--llm-url and --llm-model belong together", hint="give both, or neither")
    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"--llm-url takes an http:// or https:// address, not {url!r}", hint="for example http://127.0.0.1:11434/v1"
        )
    return LanguageModel(url, model, read_settings().language_model_key)


def _behaviours(given: list[Path] | None, root: Path | None) -> tuple[Path, ...]:
    """The behaviour files that were named, else those of the project."""
    for path in given or ():
        if not path.is_file():
            raise UsageError(f"there is no behaviour file {path}", hint="--behaviour takes the path of a YAML file")
    if given or root is None:
        return tuple(given or ())
    return tuple(sorted((root / "agents" / "behaviours").glob("*.yaml")))


def _project_root() -> Path | None:
    """The project around the current directory, if there is one."""
    return next((each for each in (Path.cwd(), *Path.cwd().parents) if (each / PROJECT_FILE).is_file()), None)


def _announce(address: str, keys: tuple[str, ...], *, is_named: bool) -> None:
    """`keys` are those made for this start; those that --key names are not repeated."""
    sys.stdout.write(address + "\n")
    sys.stdout.flush()
    if is_named:
        taken = "take only the keys that --key names"
    else:
        taken = f"take only the key {keys[0]}" if keys else "take any key that begins with sk_"
    talk(f"the emulator and its console answer at {address} and {taken}")
    talk(f"SMALLEST_BASE_URL={address} points clients at it; Ctrl-C ends it")
