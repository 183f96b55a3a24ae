"""Phone numbers over HTTP: listing, searching, renting, releasing and importing. Nothing is charged or dialled.

Assigning a number to an agent is a change of the agent's metadata and done in `agents.agent`.
"""

from __future__ import annotations

import re
from typing import Any

from agentops.emulator.rest.schema import COUNT, FLAG, ID, STAMP, TEXT, array, maybe, obj, one_of, text
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

OFFERED = 5  # candidates per search
# country -> country code and the first digits of a range whose numbers nobody has
RANGES = {"US": "1415555", "GB": "4420794", "IN": "9180471"}


def add_phone_number(store: Store, number: str, *, provider: str = "twilio", product_id: str | None = None) -> Body:
    """Gives the account a rented number and returns its product."""
    attributes = {"provider": provider, "phoneNumber": number, "countryCode": "US"}
    return _add(store, "telephony", attributes, product_id or store.new_id())


def _add(store: Store, product_type: str, attributes: Body, product_id: str) -> Body:
    product = {
        "_id": product_id,
        "productType": product_type,
        "isActive": True,
        "attributes": attributes,
        **store.stamps(),
        "__v": 0,
    }
    store.database.put("product", product_id, product)
    return product


def list_phone_numbers(store: Store, request: Request) -> Answer:
    """Rented numbers only; imported ones are in the other list."""
    return answer([each for each in store.database.all("product") if each["productType"] == "telephony"])


def list_all_numbers(store: Store, request: Request) -> Answer:
    products = store.database.all("product")
    rented = [each for each in products if each["productType"] == "telephony"]
    return answer({"telephonyProducts": rented, "customProducts": [each for each in products if each not in rented]})


def search_rentable(store: Store, request: Request) -> Answer:
    """Up to five free numbers, none at all for a country without a range."""
    country, provider = request.query.get("countryCode"), request.query.get("provider")
    if not country or provider not in ("plivo", "twilio"):
        raise ApiError(400, "countryCode and provider are required")
    prefix = RANGES.get(country.upper())
    taken = _taken(store)
    free = [f"+{prefix}{last:04d}" for last in range(100, 200)] if prefix else []
    offered = [number for number in free if number not in taken][:OFFERED]
    area = request.query.get("areaCode", "")
    shared = {"countryCode": country.upper(), "provider": provider, "areaCode": area}
    return answer([{"phoneNumber": number, **shared} for number in offered])


def rent(store: Store, request: Request) -> Answer:
    number = request.body["phoneNumber"]
    if not re.fullmatch(r"\+\d{7,15}", number):
        raise ApiError(400, "Invalid phone number")
    _refuse_taken(store, number)
    add_phone_number(store, number, provider=request.body["provider"])
    return answer({"requiresAction": False})


def release(store: Store, request: Request) -> Answer:
    product = store.database.get("product", request.body["productId"])
    if product is None:
        raise ApiError(400, "Invalid product id")
    if product.get("agentId"):
        raise ApiError(400, "This phone number is assigned to an agent. Please detach it before releasing.")
    store.database.drop("product", product["_id"])
    return answer({"success": True})


def import_number(store: Store, request: Request) -> Answer:
    """Imports a number on a SIP trunk. Its form is not checked; of the trunk's address the bare host is stored."""
    body = request.body
    _refuse_taken(store, body["phoneNumber"])
    host = re.sub(r"^sips?:", "", body["sipTerminationUrl"])
    product_id = store.new_id()
    attributes = {
        "name": body.get("name") or f"{body['phoneNumber']} {product_id[-6:]}",
        "phoneNumber": body["phoneNumber"],
        "sipTerminationUrl": host,
        "outboundSipTrunkId": f"ST_{product_id[-12:]}",
        "inboundSipTrunkId": f"ST_{product_id[:12]}",
    }
    return answer(_add(store, "custom", attributes, product_id))


def _taken(store: Store) -> set[str]:
    return {each["attributes"]["phoneNumber"] for each in store.database.all("product")}


def _refuse_taken(store: Store, number: str) -> None:
    if number in _taken(store):
        raise ApiError(400, "Number already present")


def unpaid_invoices(store: Store, request: Request) -> Answer:
    return answer({"paymentRequired": False})


_ATTRIBUTES = obj(
    {
        "provider": TEXT,
        "phoneNumber": TEXT,
        "countryCode": TEXT,
        "name": TEXT,
        "sipTerminationUrl": TEXT,
        "outboundSipTrunkId": TEXT,
        "inboundSipTrunkId": TEXT,
    },
    required=("phoneNumber",),
)
PRODUCT = obj(
    {
        "_id": ID,
        "productType": TEXT,
        "isActive": FLAG,
        "agentId": maybe(ID),
        "attributes": _ATTRIBUTES,
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "__v": COUNT,
    },
    required=("_id", "productType", "attributes"),
)
_PROVIDER = one_of("plivo", "twilio")
_CANDIDATE = obj(
    {"phoneNumber": TEXT, "countryCode": TEXT, "provider": _PROVIDER, "areaCode": TEXT}, required=("phoneNumber",)
)
_BOTH = obj(
    {"telephonyProducts": array(PRODUCT), "customProducts": array(PRODUCT)},
    required=("telephonyProducts", "customProducts"),
)
_IMPORT = obj(
    {
        "phoneNumber": text(least=1),
        "sipTerminationUrl": text(least=1),
        "name": TEXT,
        "sipUsername": TEXT,
        "sipPassword": TEXT,
    },
    required=("phoneNumber", "sipTerminationUrl"),
)
_RENTAL = obj({"phoneNumber": TEXT, "provider": _PROVIDER}, required=("phoneNumber", "provider"))


def _route(method: str, name: str, handler: Any, summary: str, schema: Any, **more: Any) -> Route:
    refuses = more.pop("refuses", (400,))
    path = f"/atoms/v1/product/{name}"
    return Route(method, path, handler, summary, {200: data(schema)}, refuses=refuses, **more)


ROUTES = (
    _route("GET", "phone-numbers", list_phone_numbers, "List rented phone numbers", array(PRODUCT), refuses=()),
    _route("GET", "all-numbers", list_all_numbers, "List rented and imported phone numbers", _BOTH, refuses=()),
    _route(
        "GET",
        "get-available-numbers",
        search_rentable,
        "Search numbers to rent",
        array(_CANDIDATE),
        query={"countryCode": TEXT, "provider": _PROVIDER, "areaCode": TEXT},
    ),
    _route(
        "POST",
        "rent-number",
        rent,
        "Rent a number",
        obj({"requiresAction": FLAG}, required=("requiresAction",)),
        body=_RENTAL,
    ),
    _route(
        "POST",
        "release-number",
        release,
        "Give a number back",
        obj({"success": FLAG}, required=("success",)),
        body=obj({"productId": TEXT}, required=("productId",)),
    ),
    _route("POST", "import-phone-number", import_number, "Import a number on a SIP trunk", PRODUCT, body=_IMPORT),
    _route(
        "GET",
        "unpaid-invoices",
        unpaid_invoices,
        "Say whether something is to be paid",
        obj({"paymentRequired": FLAG}, required=("paymentRequired",)),
        refuses=(),
    ),
)
