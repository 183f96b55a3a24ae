"""The account over HTTP: the user, the subscription, phone numbers, and session tokens."""

from __future__ import annotations

from typing import Any

from agentops.emulator.schema import COUNT, FLAG, ID, OBJECT, STAMP, TEXT, array, mapping, maybe, obj, one_of, text
from agentops.emulator.shapes import VARIABLES
from agentops.emulator.store import ORGANIZATION_ID, TOKEN_TTL_S, USER_ID, Grant, Store
from agentops.emulator.wire import Answer, Refusal, Request, Route, answer, data

TOKEN_SAMPLE_RATE = 24000  # sessions opened with a token have this rate, whatever they ask for
FEATURES = ("telephony", "campaigns", "webhooks", "knowledgeBase", "voiceCloning", "analytics")


def get_user(store: Store, request: Request) -> Answer:
    return answer(
        {
            "_id": USER_ID,
            "firstName": "Local",
            "lastName": "Developer",
            "userEmail": "developer@example.com",
            "authProvider": "email",
            "isEmailVerified": True,
            "organizationId": ORGANIZATION_ID,
        }
    )


def get_subscription(store: Store, request: Request) -> Answer:
    limit = store.database.get("setting", "agent_limit")
    limits: dict[str, Any] = {
        "agents": limit["value"] if limit else 1000,
        "campaigns": 100,
        "numbers": 10,
        "dailyCalls": 10000,
        "concurrentCalls": 100,
        "knowledgeBaseItemLimit": 100,
        "knowledgeBaseLimits": 20,
    }
    return answer(
        {
            "_id": "65f0000000000000000000cc",
            "organization": ORGANIZATION_ID,
            "planId": "emulator",
            "totalCredits": 100000,
            "currentCredits": 100000,
            "renewalDate": "2099-01-01T00:00:00.000Z",
            "subscriptionActive": True,
            "onPremEnabled": False,
            "limits": limits,
            "features": dict.fromkeys(FEATURES, True),
        }
    )


def register_call(store: Store, request: Request) -> Answer:
    """Mints a token for one session: single use, 30 seconds. The agent's id is in snake case here."""
    agent = store.database.get("agent", request.body["agent_id"])
    if agent is None:
        raise Refusal(404, "Agent not found")
    grant = Grant(agent["_id"], request.body.get("mode", "webcall"), request.body.get("variables", {}))
    token = store.add_token(grant)
    return answer({"access_token": token, "expires_in": TOKEN_TTL_S, "sample_rate": TOKEN_SAMPLE_RATE}, 201)


def add_phone_number(store: Store, number: str, *, provider: str = "twilio", product_id: str | None = None) -> str:
    """Gives the account a rented number and returns its product id."""
    key = product_id or store.new_id()
    product = {
        "_id": key,
        "productType": "telephony",
        "isActive": True,
        "attributes": {"provider": provider, "phoneNumber": number, "countryCode": "US"},
        "createdAt": store.now(),
        "updatedAt": store.now(),
        "__v": 0,
    }
    store.database.put("product", key, product)
    return key


def list_phone_numbers(store: Store, request: Request) -> Answer:
    return answer([each for each in store.database.all("product") if each["productType"] == "telephony"])


def list_all_numbers(store: Store, request: Request) -> Answer:
    products = store.database.all("product")
    rented = [each for each in products if each["productType"] == "telephony"]
    return answer({"telephonyProducts": rented, "customProducts": [each for each in products if each not in rented]})


PRODUCT = obj(
    {
        "_id": ID,
        "productType": TEXT,
        "isActive": FLAG,
        "agentId": maybe(ID),
        "attributes": OBJECT,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "productType", "attributes"),
)
_USER = obj({"_id": ID, "userEmail": TEXT, "organizationId": ID}, required=("_id", "userEmail"))
_SUBSCRIPTION = obj(
    {"planId": TEXT, "currentCredits": COUNT, "limits": mapping(COUNT), "features": mapping(FLAG)},
    required=("planId", "limits", "features"),
)

ROUTES = (
    Route("GET", "/atoms/v1/user", get_user, "Read the key's user", {200: data(_USER)}, refuses=()),
    Route(
        "GET",
        "/atoms/v1/user/subscription",
        get_subscription,
        "Read the plan's limits and features",
        {200: data(_SUBSCRIPTION)},
        refuses=(),
    ),
    Route(
        "POST",
        "/atoms/v1/conversation/register-call",
        register_call,
        "Mint a token for one realtime session",
        {
            201: data(
                obj(
                    {"access_token": text(pattern="^wct_"), "expires_in": COUNT, "sample_rate": COUNT},
                    required=("access_token", "expires_in", "sample_rate"),
                )
            )
        },
        body=obj({"agent_id": TEXT, "mode": one_of("webcall", "chat"), "variables": VARIABLES}, required=("agent_id",)),
        refuses=(400, 404),
    ),
    Route(
        "GET",
        "/atoms/v1/product/phone-numbers",
        list_phone_numbers,
        "List rented phone numbers",
        {200: data(array(PRODUCT))},
        refuses=(),
    ),
    Route(
        "GET",
        "/atoms/v1/product/all-numbers",
        list_all_numbers,
        "List rented and imported phone numbers",
        {
            200: data(
                obj(
                    {"telephonyProducts": array(PRODUCT), "customProducts": array(PRODUCT)},
                    required=("telephonyProducts", "customProducts"),
                )
            )
        },
        refuses=(),
    ),
)
