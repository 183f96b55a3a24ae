"""The verbs that bring agents in: `import`, `scan-client`. Each parses, asks, and shows what an import returned."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops.cli.options import ApiOption, EnvironmentOption, NoInputOption, PlanFormat, ProjectOption
from agentops.cli.output import stdout_style
from agentops.cli.session import is_interactive, run_async, scope_of, talk
from agentops.errors import ExitCode, UsageError
from agentops.importers.files import PlacedFile, Placement, place_files, write_files

if TYPE_CHECKING:
    from agentops.importers.atoms.importing import AtomsImport
    from agentops.importers.elevenlabs.importing import Imported, ImportOptions
    from agentops.importers.fidelity import FidelityReport

imports = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Turn existing agents into specs: those of an Atoms account, or exports from ElevenLabs.",
)

OutputOption = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="The project to write into; default: here.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that were edited since, too.")]
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
        Path | None, typer.Option("--choices", metavar="FILE", help="Answers; default: the project's own.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", metavar="FILE", help="Voices to propose, saved from get_voices.")
    ] = None,
    source_environment: Annotated[
        str | None, typer.Option("--source-environment", metavar="NAME", help="Which one, where a folder has several.")
    ] = None,
    widget: Annotated[bool, typer.Option("--widget", help="Port the website widget, too.")] = False,
    playbooks: Annotated[
        bool, typer.Option("--playbooks", help="Workflows become multi-agent lines; accounts must be allowed them.")
    ] = False,
    accept_secrets: Annotated[
        bool, typer.Option("--accept-secrets", help="Succeed although secrets stood in the clear in the source.")
    ] = False,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    no_input: NoInputOption = False,
    report_format: Annotated[
        PlanFormat, typer.Option("--format", help="What to print: a summary as text, or the whole report.")
    ] = PlanFormat.TEXT,
) -> int:
    """Turn ElevenLabs agents into specs, prompts and calls, with an account of every value."""
    from agentops.cli.import_elevenlabs import Sources, ask, gather, import_options
    from agentops.importers.elevenlabs.importing import import_agents

    found = gather(Sources(tuple(source), source_environment))
    given = import_options(output, choices, catalog, voice, model)
    options = replace(given, with_widget=widget, with_playbooks=playbooks)
    shown = ", ".join(source)
    imported = import_agents(found, options, shown)
    if is_interactive() and not no_input and imported.report.open_choices:
        imported = import_agents(found, ask(options, imported.report), shown)
    sys.stdout.write(report_output(imported.report, report_format))
    if not imported.report.agents:
        return ExitCode.FAILED
    code = _write(imported, options, output, overwrite=overwrite, dry_run=dry_run)
    return ExitCode.FAILED if _tell_secrets(imported) and not accept_secrets else code


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
    """Call an imported agent by its scripts and write its migration certificate."""
    from agentops.cli.calls import exit_code_of
    from agentops.cli.certifying import certify

    run, page = run_async(lambda: certify(scope_of(project, environment, api), key, old or []))
    print(f"{key}: {run.verdict.value}, {len(run.calls)} called. Certificate: {page}")
    return exit_code_of(run)


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
        bool, typer.Option("--keep-defaults", help="Write fields that equal the platform's defaults, too.")
    ] = False,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Turn agents of the account into specs with their prompts. The plan right after it is empty."""
    from agentops.cli.import_atoms import AtomsRequest, read_and_import

    if bool(agent) == everything:
        hint = "agentops import atoms 'Acme Support', or agentops import atoms --all"
        raise UsageError("name agents, or ask for --all of them", hint=hint, code="no-source")
    scope = scope_of(output, environment, api)
    request = AtomsRequest(tuple(agent or ()), scope, output.absolute(), keep_defaults)
    made, known = run_async(lambda: read_and_import(request))
    for name in known:
        talk(f"{name}: the project has a spec for it; use `agentops pull` to bring in what changed")
    if dry_run:
        for path, text in made.files.items():
            sys.stdout.write(f"# ---- {path}\n{text}")
    return _write_specs(made, output, overwrite=overwrite, dry_run=dry_run)


def _write_specs(made: AtomsImport, output: Path, *, overwrite: bool, dry_run: bool) -> int:
    placed = place_files(output, made.files, overwrite=overwrite)
    show_placed(placed, output, dry_run=dry_run)
    for agent in made.agents:
        for remark in agent.remarks:
            talk(f"{agent.key}: {remark}")
    for name, where in made.secrets.items():
        talk(f"secret {name}: not copied; set it in each environment ({where})")
    if not dry_run:
        write_files(output, placed, manifest=False)
    return ExitCode.CHANGES if any(file.placement is Placement.KEEP for file in placed) else ExitCode.DONE


def report_output(report: FidelityReport, report_format: PlanFormat) -> str:
    """The report in one of its formats; as text, only what must be known at once."""
    from agentops.render.fidelity.html import fidelity_html
    from agentops.render.fidelity.json import fidelity_json
    from agentops.render.fidelity.markdown import fidelity_markdown
    from agentops.render.fidelity.text import fidelity_summary

    match report_format:
        case PlanFormat.TEXT:
            return fidelity_summary(report, stdout_style())
        case PlanFormat.MARKDOWN:
            return fidelity_markdown(report)
        case PlanFormat.JSON:
            return fidelity_json(report)
        case PlanFormat.HTML:
            return fidelity_html(report)


def report_files(report: FidelityReport) -> dict[str, str]:
    """The report in all its formats, as project files."""
    from agentops.render.fidelity.text import fidelity_text

    files = {"report/report.txt": fidelity_text(report)}
    for ending, kind in (("md", PlanFormat.MARKDOWN), ("html", PlanFormat.HTML), ("json", PlanFormat.JSON)):
        files[f"report/report.{ending}"] = report_output(report, kind)
    return files


def _write(imported: Imported, options: ImportOptions, output: Path, *, overwrite: bool, dry_run: bool) -> int:
    from agentops.cli.import_elevenlabs import CHOICES, settled_choices

    files = {**imported.files, **report_files(imported.report)}
    files[CHOICES] = settled_choices(output, files[CHOICES])
    placed = place_files(output, files, overwrite=overwrite, mergeable=(CHOICES,))
    show_placed(placed, output, dry_run=dry_run)
    if not dry_run:
        write_files(output, placed)
        talk(f"The whole report: {output / 'report' / 'report.md'} (also .html, .txt, .json)")
        _say_next(imported.report, options, output)
    if any(file.placement is Placement.KEEP for file in placed):
        return ExitCode.CHANGES
    return ExitCode.PARTIAL if imported.report.refused else ExitCode.DONE


def show_placed(placed: tuple[PlacedFile, ...], output: Path, *, dry_run: bool) -> None:
    """Says on stderr what happens to each file; the difference, where an edited one is left alone."""
    counts = {kind: sum(1 for file in placed if file.placement is kind) for kind in Placement}
    told = ", ".join(f"{number} {_PLACEMENT_WORDS[kind]}" for kind, number in counts.items() if number)
    talk(f"{output}: {told}{' (dry run: nothing was written)' if dry_run else ''}")
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


def _say_next(report: FidelityReport, options: ImportOptions, output: Path) -> None:
    where = "" if output == Path() else f" --project {output}"
    if report.open_choices:
        talk(f"Next: answer what is open in {output / 'agents' / '_choices.yaml'}, then agentops validate{where}")
    else:
        talk(f"Next: agentops validate{where}, then agentops plan{where}")


class ScanFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def scan_client(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Client code, or folders of it.")],
    output_format: Annotated[ScanFormat, typer.Option("--format", help="How to print it.")] = ScanFormat.TEXT,
) -> int:
    """Scan client code for ElevenLabs events, headers and calls, and say per line what replaces each."""
    from agentops.importers.scan_client import scan_files
    from agentops.render.scan.json import scan_json
    from agentops.render.scan.text import scan_text

    scanned = scan_files(files)
    sys.stdout.write(scan_json(scanned) if output_format is ScanFormat.JSON else scan_text(scanned, stdout_style()))
    return ExitCode.DONE
