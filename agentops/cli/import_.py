"""`agentops import`: turns existing agents into specs, those of an Atoms account or exports from ElevenLabs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.calls.call_files import keep_in
from agentops.calls.schedule import RunOptions
from agentops.cli.call_pages import exit_code_of, tell_progress, write_pages
from agentops.cli.options import ApiOption, EnvironmentOption, NoInputOption, ProjectOption, ReportFormat, TextOrJson
from agentops.cli.output import stdout_style
from agentops.cli.session import Scope, is_interactive, opened, run_async, talk
from agentops.document import Generation
from agentops.errors import ExitCode, UsageError
from agentops.files import make_folder, write_file
from agentops.importers.atoms.importing import AtomsImport
from agentops.importers.elevenlabs.importing import Imported, ImportOptions
from agentops.importers.fidelity import FidelityReport, OpenChoice
from agentops.importers.files import PlacedFile, Placement, place_files, write_files
from agentops.render.fidelity.certificate import certificate_markdown
from agentops.render.fidelity.html import fidelity_html
from agentops.render.fidelity.json import fidelity_json
from agentops.render.fidelity.markdown import fidelity_markdown
from agentops.render.fidelity.text import fidelity_summary, fidelity_text
from agentops.render.style import plural
from agentops.settings import read_settings
from agentops.state import state_folder
from agentops.workflow.import_atoms import AtomsRequest
from agentops.workflow.import_elevenlabs import CHOICES, ElevenlabsRequest

if TYPE_CHECKING:
    from agentops.workflow.certifying import Certified

imports = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Turn existing agents into specs: those of an Atoms account, or exports from ElevenLabs.",
)

OutputOption = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="The project to write into; default: here.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Also replace files that were edited since.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be written and write nothing.")]


@imports.command("elevenlabs")
def elevenlabs(
    source: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Exported JSON, a folder of it, or agent ids (needs a key)."),
    ],
    output: OutputOption = Path(),
    voice: Annotated[str | None, typer.Option("--voice", metavar="ID", help="The voice of every agent.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The model, where it must change.")
    ] = None,
    choices: Annotated[
        Path | None,
        typer.Option("--choices", metavar="FILE", help="The answers to open choices; default: the project's own."),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", metavar="FILE", help="Voices to propose, saved from get_voices.")
    ] = None,
    source_environment: Annotated[
        str | None,
        typer.Option("--source-environment", metavar="NAME", help="Which one to read, where a folder has several."),
    ] = None,
    widget: Annotated[bool, typer.Option("--widget", help="Also port the website widget.")] = False,
    playbooks: Annotated[
        bool, typer.Option("--playbooks", help="Turn workflows into multi-agent lines, where the account allows them.")
    ] = False,
    api: ApiOption = None,
    accept_secrets: Annotated[
        bool, typer.Option("--accept-secrets", help="Succeed although secrets stood in the clear in the source.")
    ] = False,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    no_input: NoInputOption = False,
    report_format: Annotated[
        ReportFormat, typer.Option("--format", help="What to print: a summary as text, or the whole report.")
    ] = ReportFormat.TEXT,
) -> int:
    """Turn ElevenLabs agents into specs, prompts and calls, with an account of every value."""
    request = ElevenlabsRequest(
        *(tuple(source), source_environment, output, choices, catalog, voice, model, widget, playbooks),
        shares=api is not Generation.V1,
    )
    reading = run_async(lambda: workflow.import_elevenlabs.read(request, read_settings()))
    if reading.voices_problem:
        talk(f"The account's voices can't be read ({reading.voices_problem}); proposing from the documented ones.")
    imported = workflow.import_elevenlabs.convert(request, reading)
    if is_interactive() and not no_input and imported.report.open_choices:
        answered = replace(reading, options=ask(reading.options, imported.report))
        imported = workflow.import_elevenlabs.convert(request, answered)
    report = imported.report
    sys.stdout.write(_report(report, report_format))
    if not report.agents:
        talk("  next: give an agent's JSON export, a folder of them, or an agent id (with ELEVENLABS_API_KEY set)")
        return ExitCode.FAILED
    files = {**imported.files, **_report_files(report)}
    placed = workflow.import_elevenlabs.place(files, output, overwrite=overwrite)
    _show_placed(placed, output, dry_run=dry_run)
    if not dry_run:
        write_files(output, placed)
        talk(f"The whole report: {output / 'report' / 'report.md'} (also .html, .txt, .json)")
        where = "" if output == Path() else f" --project {output}"
        if report.open_choices:
            talk(f"Next: answer what is open in {output / CHOICES}, then agentops validate{where}")
        else:
            talk(f"Next: agentops validate{where}, then agentops plan{where}")
    if _tell_secrets(imported) and not accept_secrets:
        return ExitCode.FAILED
    if any(file.placement is Placement.KEEP for file in placed):
        return ExitCode.CHANGES
    return ExitCode.PARTIAL if report.refused else ExitCode.DONE


def _tell_secrets(imported: Imported) -> bool:
    """Lists the secrets to set; whether some of them stood in the clear in the source."""
    if imported.secrets:
        talk("Secrets to set in each environment:")
    for name in imported.secrets:
        where = imported.exposed.get(name)
        talk(f"  {name}" + (f"  (in the clear at {where}: replace it)" if where else ""))
    gone = [f"  {name}  ({where})" for name, where in imported.exposed.items() if name not in imported.secrets]
    if gone:
        talk("\n".join(["Taken out of texts that can hold no secret; replace them:", *gone]))
    if imported.exposed:
        talk("The exit code is 1 while secrets are in the clear in the source; --accept-secrets once you have looked.")
    return bool(imported.exposed)


@imports.command("certificate")
def certificate(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key of an imported agent.")],
    project: ProjectOption = Path(),
    environment: EnvironmentOption = None,
    api: ApiOption = None,
    old: Annotated[
        list[Path] | None,
        typer.Option("--old", metavar="FILE", help="A transcript or recording of the old agent; repeatable."),
    ] = None,
) -> int:
    """Call an imported agent with its scripts and write its migration certificate."""

    async def main() -> tuple[Certified, Path, Path]:
        async with opened(Scope(project, environment, api)) as deployment:
            folder = state_folder(deployment.root) / "calls" / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            options = RunOptions(progress=tell_progress, keep=keep_in(folder))
            return await workflow.certifying.certify(deployment, key, old or [], options), folder, deployment.root

    made, folder, root = run_async(main)
    write_pages(made.run, folder)
    page = root / "report" / "certificates" / f"{key}.md"
    make_folder(page.parent)
    write_file(page, certificate_markdown(made.report, made.agent, made.run, made.old))
    print(f"{key}: {made.run.verdict.value}, {plural(len(made.run.calls), 'call')} made. Certificate: {page}")
    return exit_code_of(made.run)


@imports.command("atoms")
def atoms(
    agent: Annotated[
        list[str] | None, typer.Argument(metavar="[AGENT...]", help="Names, ids or globs of agents.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every agent of the account.")] = False,
    output: OutputOption = Path(),
    environment: EnvironmentOption = None,
    api: ApiOption = None,
    keep_defaults: Annotated[
        bool, typer.Option("--keep-defaults", help="Also write fields that equal the platform's defaults.")
    ] = False,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
) -> int:
    """Turn agents of the account into specs, with prompts and what they share. The plan right after it changes none."""
    if bool(agent) == everything:
        hint = "`agentops import atoms 'Acme Support'`, or `agentops import atoms --all`"
        raise UsageError("name agents, or pass --all", hint=hint, code="no-source")
    request = AtomsRequest(tuple(agent or ()), output.absolute(), keep_defaults)

    async def main() -> AtomsImport:
        if (output / "agentops.yaml").is_file():
            async with opened(Scope(output, environment, api), needs_secrets=False) as deployment:
                return await workflow.import_atoms.import_into_project(request, deployment)
        return await workflow.import_atoms.import_as_project(request, read_settings(), environment, api)

    made = run_async(main)
    for name in made.known:
        talk(f"{name}: the project has a spec for it; use `agentops pull` to bring in what changed")
    placed = place_files(output, made.files, overwrite=overwrite)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(_atoms_json(made, placed, is_dry_run=dry_run))
    elif dry_run:
        for path, text in made.files.items():
            sys.stdout.write(f"# ---- {path}\n{text}")
    _show_placed(placed, output, dry_run=dry_run)
    for spec in made.agents:
        for remark in spec.remarks:
            talk(f"{spec.key}: {remark}")
    for remark in made.shared.remarks:
        talk(remark)
    for name, where in made.secrets.items():
        talk(f"secret {name}: not copied; set it in each environment ({where})")
    if not dry_run:
        write_files(output, placed, manifest=False)
    return ExitCode.CHANGES if any(file.placement is Placement.KEEP for file in placed) else ExitCode.DONE


def _atoms_json(made: AtomsImport, placed: tuple[PlacedFile, ...], *, is_dry_run: bool) -> str:
    data = {
        "is_dry_run": is_dry_run,
        "files": [{"file": file.path, "is": _PLACEMENT_WORDS[file.placement]} for file in placed],
        "agents": [{"key": spec.key, "remarks": list(spec.remarks)} for spec in made.agents],
        "remarks": made.shared.remarks,
        "known": list(made.known),
        "secrets": dict(made.secrets),
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _report(report: FidelityReport, report_format: ReportFormat) -> str:
    """The report in one of its formats."""
    match report_format:
        case ReportFormat.TEXT:
            return fidelity_summary(report, stdout_style())
        case ReportFormat.MARKDOWN:
            return fidelity_markdown(report)
        case ReportFormat.JSON:
            return fidelity_json(report)
        case ReportFormat.HTML:
            return fidelity_html(report)


def _report_files(report: FidelityReport) -> dict[str, str]:
    """The report in all its formats, as project files."""
    return {
        "report/report.txt": fidelity_text(report),
        "report/report.md": fidelity_markdown(report),
        "report/report.html": fidelity_html(report),
        "report/report.json": fidelity_json(report),
    }


def _show_placed(placed: tuple[PlacedFile, ...], output: Path, *, dry_run: bool) -> None:
    """Says on stderr what happens to each file; the difference, where an edited one is left alone."""
    counts = {kind: sum(1 for file in placed if file.placement is kind) for kind in Placement}
    counted = ", ".join(f"{number} {_PLACEMENT_WORDS[kind]}" for kind, number in counts.items() if number) or "no files"
    talk(f"{output}: {counted}{' (dry run: nothing was written)' if dry_run else ''}")
    for file in placed:
        if file.placement is Placement.KEEP:
            talk(f"{file.path} was edited since it was imported and is left alone; the import would change:")
            talk(file.difference)
    if counts[Placement.KEEP]:
        talk("Take over what you want by hand, or replace your edits with --overwrite.")


_PLACEMENT_WORDS = {
    Placement.CREATE: "created",
    Placement.UPDATE: "updated",
    Placement.UNCHANGED: "unchanged",
    Placement.KEEP: "left alone",
}


def ask(options: ImportOptions, report: FidelityReport) -> ImportOptions:
    """The options with what a person at the terminal answered; an empty answer leaves the choice open."""
    answers = {agent: dict(named) for agent, named in options.answers.items()}
    talk("An empty answer leaves a choice open, for the choices file.")
    for choice in report.open_choices:
        answer = _ask_one(choice)
        if answer:
            answers.setdefault(choice.agent, {})[choice.name] = answer
    return replace(options, answers=answers)


def _ask_one(choice: OpenChoice) -> str:
    talk(f"\n{choice.agent}: {choice.question}")
    for number, (value, reason) in enumerate(choice.proposals, 1):
        talk(f"  {number}. {value}  ({reason})")
    answer: str = typer.prompt("Your answer", default="", show_default=False, err=True).strip()
    if answer.isdigit() and 1 <= int(answer) <= len(choice.proposals):
        return choice.proposals[int(answer) - 1][0]
    return answer
