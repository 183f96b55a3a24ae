"""Agent templates over HTTP: two of our own in the shape of the platform's."""

from __future__ import annotations

from agentops.emulator.rest.agents.agent import add_agent
from agentops.emulator.rest.schema import FLAG, ID, OBJECT, TEXT, array, obj, one_of, text
from agentops.emulator.rest.versioning import configuration
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

TEMPLATES: tuple[Body, ...] = (
    {
        "_id": "65f00000000000000000f001",
        "id": "sp-clinic-front-desk-us",
        "name": "Clinic front desk",
        "description": "Answers a clinic's phone and books appointments.",
        "avatarUrl": "",
        "industry": "Healthcare",
        "useCase": "Appointments",
        "callType": "Inbound",
        "workflowType": "SINGLE_PROMPT",
        "region": "US",
        "trending": True,
        "defaultLanguage": "en",
        "singlePromptConfig": {
            "_id": "65f00000000000000000f101",
            "prompt": "You answer the phone of a small clinic. Offer free appointments and ask for the caller's name.",
            "tools": [{"type": "end_call", "name": "end_call", "description": "Ends the call.", "input_schema": {}}],
        },
    },
    {
        "_id": "65f00000000000000000f002",
        "id": "sp-payment-reminder-in",
        "name": "Payment reminder",
        "description": "Calls customers whose payment is due.",
        "avatarUrl": "",
        "industry": "Finance",
        "useCase": "Collections",
        "callType": "Outbound",
        "workflowType": "SINGLE_PROMPT",
        "region": "India",
        "trending": False,
        "defaultLanguage": "en",
        "singlePromptConfig": {
            "_id": "65f00000000000000000f102",
            "prompt": "You remind customers politely that a payment is due and ask when they can pay.",
            "tools": [],
        },
    },
)


def list_templates(store: Store, request: Request) -> Answer:
    region = {"us": "US", "in": "India"}.get(request.query.get("region", ""))
    return answer([template for template in TEMPLATES if region in (None, template["region"])])


def create_from_template(store: Store, request: Request) -> Answer:
    body = request.body
    template = next((each for each in TEMPLATES if body["templateId"] in (each["_id"], each["id"])), None)
    if template is None:
        raise ApiError(400, "Template not found")
    single = template["singlePromptConfig"]
    tools = [{name: tool[name] for name in ("type", "name", "description")} for tool in single["tools"]]
    written = {"singlePromptConfig": {"prompt": single["prompt"], "tools": tools}}
    choices = store.options.choices
    config = configuration.merge(configuration.new_config({}, choices), written, choices)
    metadata = {"name": body["agentName"], "description": body.get("agentDescription", template["description"])}
    return answer(add_agent(store, metadata, config)["_id"])


_TEXTS = ("name", "description", "avatarUrl", "industry", "useCase", "defaultLanguage")
_TEMPLATE = obj(
    {
        "_id": ID,
        "id": text(pattern="^[a-z0-9-]+$"),
        **dict.fromkeys(_TEXTS, TEXT),
        "callType": one_of("Inbound", "Outbound", "Both"),
        "workflowType": one_of("SINGLE_PROMPT", "WORKFLOW_GRAPH"),
        "region": one_of("US", "India"),
        "trending": FLAG,
        "singlePromptConfig": obj({"_id": ID, "prompt": TEXT, "tools": array(OBJECT)}, required=("prompt", "tools")),
    },
    required=("_id", "id", "name", "workflowType", "region", "singlePromptConfig"),
)

ROUTES = (
    Route(
        "GET",
        "/atoms/v1/agent/template",
        list_templates,
        "List agent templates",
        {200: data(array(_TEMPLATE))},
        query={"region": one_of("us", "in")},
        refuses=(),
    ),
    Route(
        "POST",
        "/atoms/v1/agent/from-template",
        create_from_template,
        "Create an agent from a template",
        {200: data(ID)},
        body=obj(
            {"agentName": text(least=1), "agentDescription": TEXT, "templateId": TEXT},
            required=("agentName", "templateId"),
        ),
    ),
)
