"""The words of a knowledge base that differ from what was uploaded, found in git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agentops.document import Path as FieldPath
from agentops.plan.canonical import fingerprint
from agentops.plan.concealment import KnownSecrets
from agentops.plan.holdings import Holdings, ResourcePlan, Uses
from agentops.plan.model import FieldChange, ResourceChange
from agentops.plan.references import ReferenceMap
from agentops.plan.resources import is_reworded, match_resources, reworded
from agentops.resources import Kind, ObservedResource, Part, PartState, ResourceMark, listing_of, owner_of
from agentops.spec import Project, load_project
from agentops.workflow.uploaded import read_uploaded

FILES = {
    "agentops.yaml": "project: acme\nenvironments: {test: {variables: {shop: Acme}}}\n",
    "agents/line.yaml": "name: L\nconfig: {firstMessage: Hi, globalKnowledgeBaseId: '${{ ref.knowledge.returns }}'}\n",
    "knowledge/returns.yaml": "name: Returns of ${{ vars.shop }}\nfiles: [policy.md, faq.md, terms.pdf]\n",
    "knowledge/policy.md": "# Returns\n\nThirty days to return it.\n\nSend it with the receipt.\n",
    "knowledge/faq.md": "Ask us.\n",
    "knowledge/terms.pdf": "%PDF-1.7 one\n",
}
POLICY: FieldPath = ("files", "policy.pdf")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Project]:
    def _write(**texts: str) -> Project:
        """The project with these files changed, by the last part of their names without its ending."""
        for name, text in FILES.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(texts.get(path.stem, path.read_text() if path.exists() else text))
        return load_project(tmp_path, environ={}, environment="test")

    return _write


def git(root: Path, *words: str) -> None:
    named = ("-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *named, *words], cwd=root, check=True, capture_output=True)


def commit(project: Project) -> None:
    if not (project.root / ".git").exists():
        git(project.root, "init", "-q")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "More")


def planned(project: Project, uploaded: Project) -> ResourceChange:
    """What becomes of the knowledge base where `uploaded` is what serves."""
    [then] = uploaded.resources
    parts = tuple(Part(f"p-{file.name}", file.name, PartState.READY, 100) for file in then.files)
    owner = owner_of("acme", "test", then.address)
    mark = ResourceMark(owner, fingerprint(then.content)[:12], listing_of(parts))
    served = ObservedResource(Kind.KNOWLEDGE, "kb", then.name, description=str(mark), parts=parts)
    shared = Holdings(project.environment, project.resources, (served,), KnownSecrets(["s3cret-value"]))
    found = ResourcePlan()
    match_resources(shared, ReferenceMap(), Uses(live={"line": frozenset({"kb"})}), found, overwrites_drift=False)
    [change] = found.changes
    return reworded(shared, change, read_uploaded(project, change)) if is_reworded(change) else change


def by_path(change: ResourceChange) -> dict[FieldPath, FieldChange]:
    return {field.path: field for field in change.fields}


def test_the_words_are_those_between_the_commit_that_was_uploaded_and_now(write: Callable[..., Project]) -> None:
    uploaded = write()
    commit(uploaded)
    commit(write(policy=FILES["knowledge/policy.md"].replace("Thirty", "Forty")))
    now = write(policy=FILES["knowledge/policy.md"].replace("Thirty", "Sixty"), terms="%PDF-1.7 two\n")
    fields = by_path(planned(now, uploaded))
    assert list(fields) == [POLICY, ("files", "terms.pdf")]
    field = fields[POLICY]
    assert (field.before, str(field.where)) == (FILES["knowledge/policy.md"], "knowledge/policy.md:3:1")
    assert field.after == FILES["knowledge/policy.md"].replace("Thirty", "Sixty")
    assert "SHA-256" in fields["files", "terms.pdf"].after


def test_variables_and_names_count_as_that_commit_has_them(write: Callable[..., Project]) -> None:
    uploaded = write()
    commit(uploaded)
    now = write(
        agentops=FILES["agentops.yaml"].replace("Acme", "Bolt"), returns="name: Of ${{ vars.shop }}\nfiles: [policy.md]"
    )
    fields = by_path(planned(now, uploaded))
    assert (fields["name",].before, fields["name",].after) == ("Returns of Acme", "Of Bolt")
    assert {path: field.after for path, field in fields.items() if path[0] == "files"} == {
        ("files", "faq.pdf"): None,
        ("files", "terms.pdf"): None,
    }


def test_what_another_branch_uploaded_is_found_too(write: Callable[..., Project]) -> None:
    before = write()
    commit(before)
    git(before.root, "switch", "-q", "-c", "other")
    uploaded = write(policy="Ninety days.\n")
    commit(uploaded)
    git(before.root, "switch", "-q", "-")
    assert by_path(planned(write(), uploaded))[POLICY].before == "Ninety days.\n"


def test_secrets_in_old_text_are_hidden(write: Callable[..., Project]) -> None:
    uploaded = write(policy="Thirty days. The key is s3cret-value, for all.\n")
    commit(uploaded)
    assert "s3cret-value" not in repr(planned(write(policy="Sixty days.\n"), uploaded))


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("no repository", "the project is in no git repository that can be read"),
        ("other text", "what was uploaded is in none of the 1 commit that touched it last"),
        ("shallow", "this is a shallow clone"),
    ],
)
def test_why_no_words_are_shown_is_said(write: Callable[..., Project], tmp_path: Path, kept: str, why: str) -> None:
    uploaded = write()
    now = write(policy="Sixty days.\n")
    if kept != "no repository":
        commit(now)
    if kept == "shallow":
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True).stdout
        (tmp_path / ".git/shallow").write_bytes(head)
    [field] = planned(now, uploaded).fields
    assert (field.path, field.before) == (("files",), "what was uploaded")
    assert field.after.startswith(f"content changed; no words are shown: {why}")


def test_nothing_is_looked_for_where_the_sources_are_the_same(write: Callable[..., Project]) -> None:
    assert planned(write(), write()).fields == ()
