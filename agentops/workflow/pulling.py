"""Brings console edits into the project's files, and stops managing an agent. Callers decide what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agentops.document import DesiredAgent, ObservedAgent
from agentops.files import make_folder, write_file
from agentops.importers.atoms.forgetting import Forgetting, forget_agent
from agentops.importers.atoms.importing import errors_in
from agentops.importers.atoms.pulling import Pulled, Puller, users_of
from agentops.importers.atoms.pulling_tools import pull_tools
from agentops.importers.atoms.shared import SharedFiles, write_shared
from agentops.plan.build import PlanOptions
from agentops.plan.model import Plan
from agentops.plan.references import ids_in, references_in
from agentops.resources import Kind
from agentops.settings import Settings
from agentops.spec import Project
from agentops.spec.environment import environment_names
from agentops.spec.files import PROJECT_FILE
from agentops.workflow.deployment import Deployment
from agentops.workflow.drift import read_drift
from agentops.workflow.import_atoms import read_resources


async def pull(
    deployment: Deployment, options: PlanOptions, settings: Settings, *, takes_conflicts: bool, overlays: bool = False
) -> Pulled:
    """The new texts of the files, in which the specs have what was changed outside git. Nothing is written.

    takes_conflicts: fields that changed on both sides get the live value
    overlays:        an edit that would change other environments as well goes into the environment's own block
    """
    plan = await read_drift(deployment, options)
    puller = Puller(
        root=deployment.root,
        environ=settings.environ,
        environment=deployment.environment.name,
        takes_conflicts=takes_conflicts,
        others=tuple(name for name in environment_names(deployment.root) if name != deployment.environment.name),
        overlays=overlays,
        users=users_of(deployment.project.agents),
        resources=deployment.project.resources,
        agents=frozenset(each.key for each in deployment.project.agents),
        secrets={each.value: each.name for each in deployment.environment.secrets if each.value},
        known=deployment.secrets,
    )
    puller.add(await _added(deployment, plan))
    for change in plan.changes:
        puller.pull(change)
    return pull_tools(puller, plan)


async def _added(deployment: Deployment, plan: Plan) -> SharedFiles:
    """Files for the resources that agents refer to and that neither a file nor a spec of the project names."""
    pairs = [(each.desired, each.observed) for each in plan.changes if each.desired and each.observed]
    fresh = [_refer_to_new(desired, observed) for desired, observed in pairs]
    resources = await read_resources(deployment.account, fresh)
    shared = write_shared(fresh, resources, deployment.project.resources, deployment.secrets)
    shared.refuse(errors_in(shared.files, deployment.environment.name))
    return shared


def _refer_to_new(desired: DesiredAgent, observed: ObservedAgent) -> ObservedAgent:
    """The agent with nothing but the ids that somebody added in the console."""
    live = observed.live
    if live is None or live.document is None:
        return observed
    known = {ref.resource_id for ref in references_in(live.document)} | ids_in(desired.config)
    ids = {kind: sorted(ids_in(live.document, kind) - known) for kind in (Kind.TOOL, Kind.KNOWLEDGE)}
    document = {"toolRefs": ids[Kind.TOOL], "globalKnowledgeBaseId": ids[Kind.KNOWLEDGE]}
    return replace(observed, live=replace(live, document=document))


def write_pulled(pulled: Pulled, root: Path) -> None:
    """Writes what `pull` made of the files."""
    for path, (_, after) in pulled.files.items():
        make_folder((root / path).parent)
        write_file(root / path, after)


def plan_forgetting(project: Project, key: str) -> Forgetting:
    """What forgetting an agent would remove. Raises UsageError for an agent that can't be forgotten alone."""
    return forget_agent(key, project.agents, (project.root / PROJECT_FILE).read_text("utf-8"))


def forget(forgetting: Forgetting, root: Path) -> None:
    """Lists the agent's key as forgotten, and removes its files. The platform is left alone."""
    # The key first: an agent without files whose key isn't forgotten yet counts as one to archive.
    write_file(root / PROJECT_FILE, forgetting.settings)
    for path in forgetting.removed:
        (root / path).unlink(missing_ok=True)
