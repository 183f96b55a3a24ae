"""Python imports this at the start of every process that a test starts: the emulators in there are watched as well."""

from __future__ import annotations

import os

if "EMULATOR_VIOLATIONS" in os.environ:
    import conformance

    conformance.watch_in_this_child()
