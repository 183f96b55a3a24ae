"""The project that a test writes its files into."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_projects import Loader


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)
