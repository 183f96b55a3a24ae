"""The files of a knowledge base as they are uploaded: PDF as it lies in the project, Markdown rendered to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentops.errors import LocalError
from agentops.pdf import require_pdf, to_pdf
from agentops.plan.graph import is_first
from agentops.plan.model import Plan
from agentops.resources import SourceFile


def read_uploads(root: Path) -> Callable[[SourceFile], bytes]:
    """How the files of the project at `root` are read. Raises LocalError for one that can't be."""

    def read(file: SourceFile) -> bytes:
        try:
            data = (root / file.path).read_bytes()
        except OSError as failure:
            raise LocalError.of(failure, file.path, doing="can't be read") from None
        if file.size is not None:
            return data
        return to_pdf(data.decode("utf-8-sig").replace("\r\n", "\n"), Path(file.path).stem)

    return read


def require_renderer(plan: Plan) -> None:
    """Raises UsageError before anything is written where Markdown is to be uploaded and can't be rendered here."""
    wanted = [each.desired for each in plan.resources if each.is_change and is_first(each) and each.desired]
    if any(file.size is None for resource in wanted for file in resource.files):
        require_pdf()
