"""schemathesis makes requests from the emulator's own document: no 500 and no answer the document does not have."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is in the dev group")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
HEADERS = {"Authorization": "Bearer sk_fuzz"}
EXAMPLES = 5


@dataclass(frozen=True)
class World:
    """A running emulator, and ids that exist in it by the name of the path parameter."""

    api: str
    address: str
    ids: dict[str, str]

    def has_interest_in(self, path: str) -> bool:
        """Everything on v2; on v1 what differs there. An event stream is endless and has a test of its own."""
        return path != "/atoms/v1/events" and (self.api == "v2" or "/drafts" in path or "/versions" in path)


@pytest.fixture(scope="module", params=["v1", "v2"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A running emulator of each generation."""
    with start(EmulatorOptions(api=request.param, scan_delay_s=0.0)) as emulator:
        with httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers=HEADERS) as client:
            agent = client.post("/agent", json={"name": "A"}).json()["data"]
            head = client.get(f"/agent/{agent}").json()["data"]["activeVersionId"]
            branch = emulator.store.database.all("branch", owner=agent)[0]["_id"]
            base = client.post("/knowledgebase", json={"name": "K"}).json()["data"]
            file = {"file": ("p.csv", b"phone\n+14155550111\n", "text/csv")}
            fields = {"name": "P", "phoneNumberColumnName": "phone"}
            audience = client.post("/audience", data=fields, files=file).json()["data"]["_id"]
            body = {"name": "C", "audienceId": audience, "agentId": agent}
            campaign = client.post("/campaign", json=body).json()["data"]["_id"]
            outbound = {"agentId": agent, "phoneNumber": "+14155550111"}
            call = client.post("/conversation/outbound", json=outbound).json()["data"]["conversationId"]
        ids = {"agent_id": agent, "branch_id": branch, "revision_id": head, "version_id": head, "kb_id": base}
        ids |= {"audience_id": audience, "campaign_id": campaign, "call_id": call}
        yield World(request.param, emulator.base_url, ids)
    gc.collect()  # schemathesis leaves connections to the collector; here their warnings still belong to its tests


def test_every_operation_keeps_to_the_document(world: World) -> None:
    schema = schemathesis.openapi.from_url(f"{world.address}/openapi.json")
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.specs.openapi.checks.status_code_conformance,
        schemathesis.specs.openapi.checks.content_type_conformance,
        schemathesis.specs.openapi.checks.response_schema_conformance,
    ]
    operations = [result.ok() for result in schema.get_all_operations()]
    met = [operation for operation in operations if world.has_interest_in(operation.path)]
    for operation in met:
        _exercise(operation, world, checks)
    assert len(met) > (100 if world.api == "v2" else 12)


def _exercise(operation: Any, world: World, checks: list[Any]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), uses_known=st.sampled_from([True, True, False]))
    def send(case: Any, uses_known: bool) -> None:
        if uses_known:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = world.ids.get(name, case.path_parameters[name])
        response = case.call(base_url=world.address, headers=HEADERS)
        case.validate_response(response, checks=checks)

    send()
