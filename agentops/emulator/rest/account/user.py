"""The account over HTTP: the user, the subscription, and session tokens."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.schema import COUNT, FLAG, ID, STAMP, TEXT, array, mapping, obj, one_of, text
from agentops.emulator.rest.shapes import VARIABLES
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.state import ORGANIZATION_ID, TOKEN_TTL_S, USER_ID, Grant, Store

TOKEN_SAMPLE_RATE = 24000  # sessions opened with a token have this rate, whatever they ask for
PLAN, CREDITS = "emulator", 100_000  # nothing is charged, so the credits never become fewer
EMAIL = "developer@example.com"
FEATURES = ("telephony", "campaigns", "webhooks", "knowledgeBase", "voiceCloning", "analytics")


def get_user(store: Store, request: Request) -> Answer:
    return answer(
        {
            "_id": USER_ID,
            "firstName": "Local",
            "lastName": "Developer",
            "userEmail": EMAIL,
            "authProvider": "email",
            "isEmailVerified": True,
            "organizationId": ORGANIZATION_ID,
        }
    )


def get_account(store: Store, request: Request) -> Answer:
    """The user with the organizations, without an envelope: what the vendor's MCP server asks for first."""
    organization = {
        "orgId": ORGANIZATION_ID,
        "name": "Local",
        "ownerEmail": EMAIL,
        "roleId": 0,
        "onPremEnabled": False,
    }
    user = {"userId": USER_ID, "email": EMAIL, "firstName": "Local", "lastName": "Developer", "phone": ""}
    return Answer(200, {**user, "picture": "", "hasOnboarded": True, "organizations": [organization]})


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
            "planId": PLAN,
            "totalCredits": CREDITS,
            "currentCredits": CREDITS,
            "renewalDate": "2099-01-01T00:00:00.000Z",
            "subscriptionActive": True,
            "onPremEnabled": False,
            "limits": limits,
            "features": dict.fromkeys(FEATURES, True),
        }
    )


def register_call(store: Store, request: Request) -> Answer:
    """Mints a token for one session: single use, 30 seconds. Fields are in snake case, unlike elsewhere."""
    agent = store.database.get("agent", request.body["agent_id"])
    if agent is None:
        raise ApiError(404, "Agent not found")
    grant = Grant(agent["_id"], request.body.get("mode", "webcall"), request.body.get("variables", {}))
    token = store.add_token(grant)
    return answer({"access_token": token, "expires_in": TOKEN_TTL_S, "sample_rate": TOKEN_SAMPLE_RATE}, 201)


_USER = obj(
    {
        "_id": ID,
        "firstName": TEXT,
        "lastName": TEXT,
        "userEmail": TEXT,
        "authProvider": TEXT,
        "isEmailVerified": FLAG,
        "organizationId": ID,
    },
    required=("_id", "userEmail"),
)
_ORGANIZATION = {"orgId": ID, "name": TEXT, "ownerEmail": TEXT, "roleId": COUNT, "onPremEnabled": FLAG}
_ACCOUNT = {
    "userId": ID,
    "email": TEXT,
    "firstName": TEXT,
    "lastName": TEXT,
    "phone": TEXT,
    "picture": TEXT,
    "hasOnboarded": FLAG,
    "organizations": array(obj(_ORGANIZATION, required=("orgId", "name"))),
}
_SUBSCRIPTION = obj(
    {
        "_id": ID,
        "organization": ID,
        "planId": TEXT,
        "totalCredits": COUNT,
        "currentCredits": COUNT,
        "renewalDate": STAMP,
        "subscriptionActive": FLAG,
        "onPremEnabled": FLAG,
        "limits": mapping(COUNT),
        "features": mapping(FLAG),
    },
    required=("planId", "limits", "features"),
)

ROUTES = (
    Route("GET", "/atoms/v1/user", get_user, "Read the key's user", {200: data(_USER)}, refuses=()),
    Route(
        "GET",
        "/atoms/v1/account/get-account-details",
        get_account,
        "Read the key's user and organizations",
        {200: obj(_ACCOUNT, required=("userId", "organizations"))},
        refuses=(),
    ),
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
)
