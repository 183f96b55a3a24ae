"""The emulator's own controls under `/_emulator`, a path that the real platform does not have.

Every change requires a JSON (or SQLite) content type: for these a browser asks the server first before it lets a page
of another site send them, and the emulator doesn't allow it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from agentops import __version__
from agentops.emulator.faults import ArmedFaults, read_fault
from agentops.emulator.interception import RequestLog
from agentops.emulator.options import SWITCHES
from agentops.emulator.realtime.call_record import to_mono
from agentops.emulator.realtime.endpoint import ConnectEndpoint
from agentops.emulator.store.database import EmulatorError
from agentops.emulator.store.state import Store

PREFIX = "/_emulator"
SNAPSHOT_TYPE = "application/vnd.sqlite3"
LATEST = 200  # requests in the list
SCAN_OPTIONS = {
    "delay_s": "scan_delay_s",
    "late_listing_s": "late_listing_s",
    "fails_on": "scan_fails_on",
    "errors_on": "scan_errors_on",
}


class Controls:
    """The handlers, over what they control."""

    def __init__(self, store: Store, faults: ArmedFaults, log: RequestLog, realtime: ConnectEndpoint) -> None:
        self._store, self._faults, self._log, self._realtime = store, faults, log, realtime

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PREFIX, self.state, methods=["GET"]),
            Route(f"{PREFIX}/faults", self.list_faults, methods=["GET"]),
            Route(f"{PREFIX}/faults", self.arm_fault, methods=["POST"]),
            Route(f"{PREFIX}/faults", self.clear_faults, methods=["DELETE"]),
            Route(f"{PREFIX}/clock", self.advance_clock, methods=["POST"]),
            Route(f"{PREFIX}/scans", self.change_scans, methods=["POST"]),
            Route(f"{PREFIX}/draining", self.change_draining, methods=["POST"]),
            Route(f"{PREFIX}/requests", self.list_requests, methods=["GET"]),
            Route(f"{PREFIX}/snapshot", self.take_snapshot, methods=["GET"]),
            Route(f"{PREFIX}/snapshot", self.restore_snapshot, methods=["POST"]),
            Route(f"{PREFIX}/deliveries", self.list_deliveries, methods=["GET"]),
            Route(f"{PREFIX}/recordings/{{name}}.wav", self.play_recording, methods=["GET"]),
            Route(f"{PREFIX}/uploads/{{key:path}}", self.take_upload, methods=["PUT"]),
        ]

    async def state(self, _http: Request) -> Response:
        options = self._store.options
        return JSONResponse(
            {
                "version": __version__,
                "api": options.api,
                "now": self._store.now(),
                "scan": {
                    "delay_s": options.scan_delay_s,
                    "fails_on": options.scan_fails_on,
                    "errors_on": options.scan_errors_on,
                    "late_listing_s": options.late_listing_s,
                },
                "choices": asdict(options.choices),
                "switches": [asdict(switch) for switch in SWITCHES],
                "warnings": list(self._store.warnings),
                "faults": self._faults.listed(),
                "draining": self._realtime.is_draining,
            }
        )

    async def list_faults(self, _http: Request) -> Response:
        return JSONResponse({"faults": self._faults.listed()})

    async def arm_fault(self, http: Request) -> Response:
        try:
            self._faults.arm(read_fault(await _read_json(http)))
        except EmulatorError as failure:
            return _refused(str(failure))
        return JSONResponse({"faults": self._faults.listed()}, 201)

    async def clear_faults(self, _http: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"faults": []})

    async def advance_clock(self, http: Request) -> Response:
        """`{"advance_s": 10}`: scans, tokens and schedules see the time go by at once."""
        body = await _read_json(http)
        seconds = body.get("advance_s") if isinstance(body, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            return _refused("advance_s is a number of seconds, not below 0")
        self._store.clock.advance(seconds)
        return JSONResponse({"now": self._store.now()})

    async def change_scans(self, http: Request) -> Response:
        """Any of `delay_s`, `fails_on`, `errors_on`, `late_listing_s`, for the scans that start from now on."""
        body = await _read_json(http)
        if not isinstance(body, dict) or not _are_scan_options(body):
            return _refused("send any of delay_s, late_listing_s (seconds) and fails_on, errors_on (lists of words)")
        changes: dict[str, Any] = {
            SCAN_OPTIONS[name]: tuple(value) if isinstance(value, list) else float(value)
            for name, value in body.items()
        }
        self._store.options = replace(self._store.options, **changes)
        return await self.state(http)

    async def change_draining(self, http: Request) -> Response:
        """`{"draining": true}`: new realtime sessions are refused with 503, those that are open go on."""
        body = await _read_json(http)
        is_draining = body.get("draining") if isinstance(body, dict) else None
        if not isinstance(is_draining, bool):
            return _refused("draining is true or false")
        self._realtime.is_draining = is_draining
        return await self.state(http)

    async def list_requests(self, _http: Request) -> Response:
        return JSONResponse({"requests": list(self._log.entries)[-LATEST:]})

    async def take_snapshot(self, _http: Request) -> Response:
        """Everything the account holds, as an SQLite file."""
        return Response(self._store.database.dump(), media_type=SNAPSHOT_TYPE)

    async def restore_snapshot(self, http: Request) -> Response:
        if http.headers.get("content-type") != SNAPSHOT_TYPE:
            return _refused(f"a snapshot is sent as {SNAPSHOT_TYPE}")
        try:
            self._store.database.load(await http.body())
        except EmulatorError as failure:
            return _refused(str(failure))
        return JSONResponse({"restored": True})

    async def list_deliveries(self, _http: Request) -> Response:
        return JSONResponse({"deliveries": self._store.database.all("delivery")})

    async def play_recording(self, http: Request) -> Response:
        """`<call id>.wav` is mixed; `<call id>-stereo.wav` has the caller left and the agent right."""
        call_id, _, suffix = http.path_params["name"].partition("-stereo")
        wav = self._store.recording(call_id + suffix)  # anything after `-stereo` names no call
        if wav is not None and "-stereo" not in http.path_params["name"]:
            wav = await asyncio.to_thread(to_mono, wav)
        return Response(wav, media_type="audio/wav") if wav else Response("no such recording", 404)

    async def take_upload(self, http: Request) -> Response:
        """Where a presigned upload goes; its bytes are counted and not stored."""
        return JSONResponse({"received": len(await http.body())})


def _are_scan_options(body: dict[str, Any]) -> bool:
    def is_seconds(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0

    def is_words(value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(word, str) and word for word in value)

    checks = {"delay_s": is_seconds, "late_listing_s": is_seconds, "fails_on": is_words, "errors_on": is_words}
    return bool(body) and all(name in checks and checks[name](value) for name, value in body.items())


async def _read_json(http: Request) -> Any:
    """The body, when it is sent as JSON; None otherwise."""
    if http.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    try:
        return json.loads(await http.body())
    except ValueError:
        return None


def _refused(message: str) -> Response:
    return JSONResponse({"error": message}, 400)
