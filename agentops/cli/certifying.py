"""What `import certificate` does: calls the imported agent by its scripts and puts everything known into one page."""

from __future__ import annotations

from pathlib import Path

from agentops.calls.folder import keep_in
from agentops.calls.model import RunReport
from agentops.calls.schedule import RunOptions
from agentops.cli.call_pages import tell_progress, write_pages
from agentops.cli.calls import default_folder
from agentops.cli.session import Scope, opened
from agentops.errors import UsageError
from agentops.importers.elevenlabs.old_call import read_old_call
from agentops.importers.fidelity_file import read_report
from agentops.render.fidelity.certificate import certificate_markdown
from agentops.workflow.calls import smoke
from agentops.workflow.scripts import Choice, load_scripts

REPORT = "report/report.json"


async def certify(scope: Scope, key: str, old: list[Path]) -> tuple[RunReport, Path]:
    """Calls the agent `key` and writes its certificate; gives the run and the page. Raises UsageError."""
    before = tuple(read_old_call(path) for path in old)
    async with opened(scope) as deployment:
        source = deployment.root / REPORT
        if not source.is_file():
            hint = "agentops import elevenlabs SOURCE writes it"
            raise UsageError(f"{source} is not there", hint=hint, code="no-report")
        report = read_report(source.read_text("utf-8"), str(source))
        agent = next((each for each in report.agents if each.key == key), None)
        if agent is None:
            known = ", ".join(each.key for each in report.agents)
            raise UsageError(f"{source} knows no agent {key!r}", hint=f"it has {known}", code="no-agent")
        mine = [each for each in deployment.agents if each.key == key]
        scripts = load_scripts(deployment.project, mine, Choice())
        if not scripts:
            hint = "name one under `calls:` in its spec"
            raise UsageError(f"{key} has no call script to be called by", hint=hint, code="no-script")
        folder = default_folder(deployment.root)
        run = await smoke(deployment, scripts, RunOptions(progress=tell_progress, keep=keep_in(folder)))
        write_pages(run, folder)
        page = deployment.root / "report" / "certificates" / f"{key}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(certificate_markdown(report, agent, run, before), "utf-8")
        return run, page
