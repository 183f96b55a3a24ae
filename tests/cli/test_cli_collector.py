"""The garbage collector rests while a project is loaded, and is as it was afterwards."""

from __future__ import annotations

import gc

from agentops.cli.collector import frozen_collector


def test_what_is_loaded_is_never_collected_and_the_collector_goes_on() -> None:
    before = gc.get_freeze_count()
    try:
        with frozen_collector():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with frozen_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
