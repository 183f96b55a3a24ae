"""Finds in git what was uploaded as a knowledge base: the commit whose sources have the mark's fingerprint."""

from __future__ import annotations

from functools import partial

from agentops.plan.canonical import fingerprint
from agentops.plan.holdings import Uploaded
from agentops.plan.model import ResourceChange
from agentops.resources import DesiredResource, Kind
from agentops.spec import Project
from agentops.spec.files import PROJECT_FILE, FileProblem, PastFiles, ProjectFiles
from agentops.spec.knowledge import markdown_of
from agentops.spec.resources import Library, read_resource
from agentops.spec.source_text import MAX_BYTES, SourceError
from agentops.workflow.git import blobs_at, commits_of, is_shallow, read_blob

_LOOKED_BACK = 100  # commits; each is the project file and one knowledge base to read


def read_uploaded(project: Project, change: ResourceChange) -> Uploaded:
    """The sources of the knowledge base that serves, from the newest commits of any branch that touch knowledge or the
    project file: it may have been deployed from another branch."""
    context, mark = project.context, change.observed.mark if change.observed else None
    if context is None or mark is None or change.desired is None:
        raise LookupError(f"{change.address} serves nothing that git could have")
    paths = (PROJECT_FILE, Kind.KNOWLEDGE.folder, *Library(context).files_of(change.address))
    commits = commits_of(project.root, paths, _LOOKED_BACK)
    if commits is None:
        return Uploaded(why_not="the project is in no git repository that can be read")
    known: dict[str, bytes | None] = {}

    def content(blobs: dict[str, str], path: str) -> bytes | None:
        blob = blobs[path]
        if blob in known:
            return known[blob]
        data = read_blob(project.root, blob)
        if data is None or len(data) <= MAX_BYTES:  # a large PDF is read again rather than kept
            known[blob] = data
        return data

    for commit in commits:
        blobs = blobs_at(project.root, commit, paths)
        files = PastFiles(project.root, blobs, partial(content, blobs))
        then = read_resource(context, change.address, files)
        if then is not None and fingerprint(then.content).startswith(mark.sources):
            return Uploaded(then, {**_texts(files, then), **_texts(context.files, change.desired)})
    if is_shallow(project.root):
        why_not = "this is a shallow clone without what was uploaded; `git fetch --unshallow` brings the rest"
        return Uploaded(why_not=why_not)
    looked = f"{len(commits)} commit{'s' if len(commits) != 1 else ''} that touched it last"
    return Uploaded(why_not=f"what was uploaded is in none of the {looked}" if commits else "none of it was committed")


def _texts(files: ProjectFiles, resource: DesiredResource) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in resource.files:
        try:
            text = markdown_of(files, source)
        except (FileProblem, SourceError):  # the file was removed a moment ago
            continue
        if text is not None:
            found[source.digest] = text
    return found
