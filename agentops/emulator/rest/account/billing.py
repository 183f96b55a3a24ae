"""What the account has paid and used, over HTTP. The emulator charges nothing, so the balance stays as it began."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agentops.emulator.rest.account.user import CREDITS, PLAN
from agentops.emulator.rest.schema import COUNT, FLAG, NUMBER, OBJECT, STAMP, TEXT, Schema, array, obj, one_of
from agentops.emulator.rest.wire import Answer, Request, Route, succeeded, success
from agentops.emulator.store.state import Store, to_iso

KINDS = (
    *("SIGNUP_BONUS", "CREDIT_PURCHASE", "AUTO_RELOAD", "USAGE_DEDUCTION", "ADMIN_ADJUSTMENT", "COUPON_CREDIT"),
    *("MIGRATION", "PAYMENTS"),
)
USUAL_PERIOD = timedelta(days=7)


def get_balance(store: Store, request: Request) -> Answer:
    return succeeded({"creditBalance": CREDITS, "planId": PLAN, "isEnterprise": False})


def list_ledger(store: Store, request: Request) -> Answer:
    """Nothing was ever bought or used."""
    end = request.moment("to") or store.clock.now()
    start = request.moment("from") or end - USUAL_PERIOD
    return succeeded(
        {
            "transactions": [],
            "total": 0,
            "hasMore": False,
            "summary": {"totalCreditsConsumed": 0, "totalCreditsAdded": 0},
            "period": {"from": to_iso(start), "to": to_iso(end)},
        }
    )


def get_usage(store: Store, request: Request) -> Answer:
    return succeeded({"platform": 0, "voiceAi": 0, "voiceModels": 0})


def list_invoices(store: Store, request: Request) -> Answer:
    return succeeded([])


def _all(properties: dict[str, Schema]) -> Schema:
    return obj(properties, required=tuple(properties))


def _get(path: str, handler: Any, summary: str, shape: Schema, **more: Any) -> Route:
    return Route("GET", f"/payment/v1{path}", handler, summary, {200: success(shape)}, **{"refuses": (), **more})


ROUTES = (
    _get(
        "/credits/balance",
        get_balance,
        "Read the balance",
        _all({"creditBalance": NUMBER, "planId": TEXT, "isEnterprise": FLAG}),
    ),
    _get(
        "/credits/ledger",
        list_ledger,
        "List what was bought and used",
        _all(
            {
                "transactions": array(OBJECT),
                "total": COUNT,
                "hasMore": FLAG,
                "summary": _all({"totalCreditsConsumed": NUMBER, "totalCreditsAdded": NUMBER}),
                "period": _all({"from": STAMP, "to": STAMP}),
            }
        ),
        query={
            "limit": COUNT,
            "offset": COUNT,
            "from": STAMP,
            "to": STAMP,
            "type": one_of(*KINDS),
            "scope": one_of("platform", "voice_ai", "voice_models"),
        },
        refuses=(400,),
    ),
    _get(
        "/credits/usage/breakdown",
        get_usage,
        "Read what was used, by product",
        _all({"platform": NUMBER, "voiceAi": NUMBER, "voiceModels": NUMBER}),
    ),
    _get("/invoices", list_invoices, "List invoices", array(OBJECT)),
)
