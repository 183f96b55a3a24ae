"""The files of a knowledge base as they are uploaded: the platform takes PDF only, so Markdown is rendered to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentops.errors import LocalError
from agentops.pdf import require_pdf, to_pdf
from agentops.plan.graph import is_first
from agentops.plan.model import Plan
from agentops.resources import SourceFile


def read_uploads(root: Path) -> Callable[[SourceFile], bytes]:
    """The function that reads the files of the project at `root`. It raises LocalError for one that can't be read."""

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
    """Raises UsageError if Markdown is to be uploaded and can't be rendered here, before anything is written."""
    wanted = [each.desired for each in plan.resources if each.is_change and is_first(each) and each.desired]
    if any(file.size is None for resource in wanted for file in resource.files):
        require_pdf()
