"""Knowledge bases over HTTP: the bases, their files and their scraped pages. Nothing is fetched or read for content."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from agentops.emulator.rest.schema import COUNT, ID, OBJECT, STAMP, TEXT, Schema, array, number, obj, one_of, text
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, answer, data, done
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, USER_ID, Store, from_iso

_UNREADABLE = "error"
CONNECTED = "This knowledge base is connected to an agent. Please detach it from the agent before deleting."


def add_knowledge_base(store: Store, name: str, description: str) -> str:
    base_id = store.new_id()
    base = {
        "_id": base_id,
        "name": name.strip(),
        "description": description,
        "organization": ORGANIZATION_ID,
        "createdBy": USER_ID,
        "__v": 0,  # the platform shows its database's version counter, and no times
    }
    store.database.put("knowledge_base", base_id, base)
    return base_id


def list_bases(store: Store, request: Request) -> Answer:
    return answer(store.database.all("knowledge_base"))


def create_base(store: Store, request: Request) -> Answer:
    return answer(add_knowledge_base(store, request.body["name"], request.body.get("description", "")), 201)


def get_base(store: Store, request: Request) -> Answer:
    return answer(_read(store, request.params["kb_id"]))


def update_base(store: Store, request: Request) -> Answer:
    """A POST to the base's own path, not a PATCH, and with the name every time."""
    base = _read(store, request.params["kb_id"])
    base |= {"name": request.body["name"].strip()}
    base |= {"description": request.body["description"]} if "description" in request.body else {}
    store.database.put("knowledge_base", base["_id"], base)
    return done()


def delete_base(store: Store, request: Request) -> Answer:
    base = _read(store, request.params["kb_id"])
    named = ("globalKnowledgeBaseId", "singlePromptConfig", "playbooks")  # the fields that can name a knowledge base
    for agent in store.database.all("agent"):
        live = None if agent["archived"] else versions.live_revision(store, agent)
        if live and base["_id"] in json.dumps([live["config"].get(name) for name in named]):
            raise ApiError(400, CONNECTED)
    for kind in ("knowledge_item", "scraped_url"):
        store.database.drop_owned(kind, base["_id"])
    store.database.drop("knowledge_base", base["_id"])
    return done()


def _read(store: Store, base_id: str) -> Body:
    base = store.database.get("knowledge_base", base_id)
    if base is None:
        raise ApiError(404, "Knowledge base not found")
    return base


# -- items


def list_items(store: Store, request: Request) -> Answer:
    return answer(items_of(store, _read(store, request.params["kb_id"])["_id"]))


def items_of(store: Store, base_id: str) -> list[Body]:
    """The files of a base with their present status: processing takes as long as a security scan."""
    items = store.database.all("knowledge_item", owner=base_id)
    return [_processed(store, item, "processingStatus", has_failed=_UNREADABLE in item["metadata"]) for item in items]


def pages_of(store: Store, base_id: str) -> list[Body]:
    """The pages of a base with their present status; those of the reserved domain `.invalid` always fail."""
    pages = store.database.all("scraped_url", owner=base_id)
    return [
        _processed(store, page, "status", has_failed=(urlsplit(page["url"]).hostname or "").endswith(".invalid"))
        for page in pages
    ]


def _processed(store: Store, part: Body, field: str, *, has_failed: bool) -> Body:
    due = from_iso(part["createdAt"]) + timedelta(seconds=store.options.scan_delay_s)
    if due > store.clock.now():
        return {**part, field: "processing"}
    return {**part, field: "failed" if has_failed else "completed"}


def delete_item(store: Store, request: Request) -> Answer:
    return _delete(store, request, "knowledge_item", "Item not found")


def upload_media(store: Store, request: Request) -> Answer:
    """Takes PDF files only and answers without the new item's id."""
    base = _read(store, request.params["kb_id"])
    media = request.uploads.get("media")
    if media is None:
        raise ApiError(400, "media: Required")
    if media.content_type != "application/pdf" or not media.name.lower().endswith(".pdf"):
        raise ApiError(400, "Only PDF files are supported")
    # Accepted whatever is in it: an unreadable file fails when it is processed.
    metadata = {} if media.content.startswith(b"%PDF") else {_UNREADABLE: "The file is not a readable PDF"}
    _add_item(store, base["_id"], media.name, media.content_type, len(media.content), metadata=metadata)
    return done(201)


def _add_item(
    store: Store, base_id: str, name: str, content_type: str, size: int, key: str = "", metadata: Body | None = None
) -> None:
    item_id = store.new_id()
    item = {
        "_id": item_id,
        "itemType": "file",
        "metadata": metadata or {},
        "knowledgeBaseId": base_id,
        "processingStatus": "completed",  # `items_of` shows the one that it has by now
        "fileName": name,
        "contentType": content_type,
        "size": size,
        "key": key or f"{base_id}/{name}",
        "title": name,
        "content": "",
        **store.stamps(),
    }
    store.database.put("knowledge_item", item_id, item, owner=base_id)


def presign(store: Store, request: Request) -> Answer:
    base = _read(store, request.body["knowledgeBaseId"])
    key = f"{base['_id']}/{store.new_uuid()}"
    return answer({"url": f"{request.base_url}/_emulator/uploads/{key}", "key": key})


def complete_upload(store: Store, request: Request) -> Answer:
    """The second half of a presigned upload. The platform's path is misspelled: `compelete-file-upload`."""
    body = request.body
    base = _read(store, body["knowledgeBaseId"])
    _add_item(store, base["_id"], body["fileName"], body["contentType"], body["fileSize"], body["key"])
    return answer({})


# -- pages


def sitemap_urls(store: Store, request: Request) -> Answer:
    """Answers the site's own address as its only page, since the emulator fetches nothing."""
    _read(store, request.body["knowledgeBaseId"])
    url = request.body["siteUrl"]
    if not url.startswith(("http://", "https://")):
        raise ApiError(422, "The sitemap could not be read")
    return answer({"urls": [url], "extractedAt": store.now()})


def scrape(store: Store, request: Request) -> Answer:
    base = _read(store, request.params["kb_id"])
    for url in request.body["urls"]:
        page_id = store.new_id()
        page = {"_id": page_id, "url": url, "status": "completed", **store.stamps()}
        store.database.put("scraped_url", page_id, page, owner=base["_id"])
    return answer({})


def list_scraped(store: Store, request: Request) -> Answer:
    return answer(pages_of(store, _read(store, request.params["kb_id"])["_id"]))


def delete_scraped(store: Store, request: Request) -> Answer:
    return _delete(store, request, "scraped_url", "Scraped URL not found")


def _delete(store: Store, request: Request, kind: str, missing: str) -> Answer:
    base = _read(store, request.params["kb_id"])
    owned = {each["_id"] for each in store.database.all(kind, owner=base["_id"])}
    if request.params["part_id"] not in owned:
        raise ApiError(404, missing)
    store.database.drop(kind, request.params["part_id"])
    return done()


_ALL = "/atoms/v1/knowledgebase"
_ONE = _ALL + "/{kb_id}"
_BASE = obj(
    {"_id": ID, "name": TEXT, "description": TEXT, "organization": ID, "createdBy": ID, "__v": COUNT},
    required=("_id", "name", "organization", "createdBy"),
)
_ITEM = obj(
    {
        "_id": ID,
        "itemType": one_of("file", "text"),
        "knowledgeBaseId": ID,
        "processingStatus": one_of("pending", "processing", "completed", "failed"),
        "metadata": OBJECT,
        "fileName": TEXT,
        "contentType": TEXT,
        "size": COUNT,
        "key": TEXT,
        "title": TEXT,
        "content": TEXT,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "itemType", "knowledgeBaseId", "processingStatus"),
)
_PAGE = obj(
    {"_id": ID, "url": TEXT, "status": TEXT, "createdAt": STAMP, "updatedAt": STAMP}, required=("_id", "url", "status")
)
_WRITE = obj({"name": text(least=1, most=40), "description": TEXT}, required=("name",))
_FILE: dict[str, Schema] = {
    "fileName": text(least=1),
    "fileSize": number(1, whole=True),
    "contentType": TEXT,
    "knowledgeBaseId": TEXT,
}


def _route(method: str, path: str, handler: Any, summary: str, answers: dict[int, Schema], **more: Any) -> Route:
    refuses = more.pop("refuses", (404,) if method in ("GET", "DELETE") else (400, 404))
    return Route(method, path, handler, summary, answers, refuses=refuses, **more)


ROUTES = (
    _route("GET", _ALL, list_bases, "List knowledge bases", {200: data(array(_BASE))}, refuses=()),
    _route("POST", _ALL, create_base, "Create a knowledge base", {201: data(ID)}, body=_WRITE, refuses=(400,)),
    _route(
        "POST",
        _ALL + "/get-presigned-url",
        presign,
        "Get a place to upload a file to",
        {200: data(obj({"url": TEXT, "key": TEXT}, required=("url", "key")))},
        body=obj(_FILE, required=tuple(_FILE)),
    ),
    _route(
        "POST",
        _ALL + "/compelete-file-upload",
        complete_upload,
        "Say that a file has been uploaded",
        {200: data(OBJECT)},
        body=obj({**_FILE, "key": TEXT}, required=(*_FILE, "key")),
    ),
    _route(
        "POST",
        _ALL + "/get-sitemap-urls",
        sitemap_urls,
        "List the pages of a site",
        {200: data(obj({"urls": array(TEXT), "extractedAt": STAMP}, required=("urls",)))},
        body=obj({"siteUrl": TEXT, "knowledgeBaseId": TEXT}, required=("siteUrl", "knowledgeBaseId")),
        refuses=(400, 404, 422),
    ),
    _route("GET", _ONE, get_base, "Read a knowledge base", {200: data(_BASE)}),
    _route("POST", _ONE, update_base, "Change a knowledge base", {200: data()}, body=_WRITE),
    _route("DELETE", _ONE, delete_base, "Delete a knowledge base", {200: data()}, refuses=(400, 404)),
    _route("GET", _ONE + "/items", list_items, "List a knowledge base's files", {200: data(array(_ITEM))}),
    _route(
        "POST",
        _ONE + "/items/upload-media",
        upload_media,
        "Add a PDF file",
        {201: data()},
        multipart=obj({"media": {"type": "string", "format": "binary"}}, required=("media",)),
    ),
    _route("DELETE", _ONE + "/items/{part_id}", delete_item, "Delete a file", {200: data()}),
    _route(
        "POST",
        _ONE + "/scrape-urls",
        scrape,
        "Add pages",
        {200: data(OBJECT)},
        body=obj({"urls": array(TEXT, least=1)}, required=("urls",)),
    ),
    _route("GET", _ONE + "/scraped-urls", list_scraped, "List added pages", {200: data(array(_PAGE))}),
    _route("DELETE", _ONE + "/scraped-urls/{part_id}", delete_scraped, "Delete a page", {200: data()}),
)
