"""The voice catalog and cloned voices under `/waves/v1`: no envelope, no paging, clones not in the catalog."""

from __future__ import annotations

import re
from typing import Any

from agentops.emulator.rest.library.voice_catalog import CATALOG, PRO, STANDARD, CatalogVoice
from agentops.emulator.rest.schema import ID, STAMP, TEXT, array, obj, one_of, text
from agentops.emulator.rest.wire import Answer, Request, Route
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, Store

_WAVES_FAILURE = obj({"error": TEXT, "message": TEXT}, required=("error",))
_TAGS = obj(
    {
        "language": array(TEXT),
        "accent": TEXT,
        "gender": TEXT,
        "age": TEXT,
        "emotions": array(TEXT),
        "usecases": array(TEXT),
    },
    required=("language",),
)
_VOICE = {"voiceId": TEXT, "displayName": TEXT, "tags": _TAGS}
_ENTRY = obj(_VOICE, required=tuple(_VOICE))
_MODEL_ENTRY = obj(
    {**_VOICE, "_id": ID, "description": TEXT, "audioPreview": TEXT, "modelIds": array(one_of(STANDARD, PRO))},
    required=("_id", *_VOICE),
)
_CLONE = {
    "_id": ID,
    "voiceId": text(pattern="^voice_[A-Za-z0-9]{10}$"),
    "displayName": TEXT,
    "description": TEXT,
    "accent": TEXT,
    "tags": array(TEXT),
    "language": TEXT,
    "status": one_of("pending", "processing", "completed", "failed"),
    "cloningType": one_of("instant", "professional"),
    "modelIds": array(TEXT),
    "createdAt": STAMP,
}
_LISTED = obj(_CLONE, required=("voiceId", "displayName", "status"))
_MADE = obj(
    {
        **_CLONE,
        "model": TEXT,
        "organizationId": ID,
        "audioFileNames": array(TEXT),
        "samples": array(obj({"text": TEXT, "audioUrl": TEXT})),
    },
    required=("voiceId", "displayName", "status"),
)
CLONE_LIMIT_BYTES = 5 * 1024 * 1024
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def is_listed(store: Store, voice_id: str) -> bool:
    """Whether the voice is in the catalog, or a clone of this account."""
    return voice_id in _catalog(store) or store.database.get("clone", voice_id) is not None


def accepts(store: Store, voice_id: str) -> bool:
    """Whether an agent may use this voice.

    The documented catalog is not the whole one, so a well-formed id that is not in it is taken with a warning, unless
    the emulator is strict about voices.
    """
    if is_listed(store, voice_id):
        return True
    if store.options.strict_voices or not WELL_FORMED.fullmatch(voice_id):
        return False
    store.warn(f"voice {voice_id} is not in the emulator's catalog and was taken unchecked; --strict-voices refuses it")
    return True


def _catalog(store: Store) -> dict[str, CatalogVoice]:
    """The documented voices and those of the seed file."""
    added = {row["voiceId"]: row for row in store.database.all("voice")}
    return CATALOG | {
        voice_id: CatalogVoice(voice_id, row["gender"], row["accent"], tuple(row["languages"]), tuple(row["models"]))
        for voice_id, row in added.items()
    }


def list_voices(store: Store, request: Request) -> Answer:
    """The voices of both pools; the answer doesn't say which pool a voice is of."""
    if request.params["model"] != STANDARD:
        return Answer(400, {"error": "Bad Request", "message": "Unknown model"})
    return Answer(200, {"voices": [_catalog_entry(voice) for voice in _catalog(store).values()]})


def list_all_models(store: Store, request: Request) -> Answer:
    listed = [
        {
            **_catalog_entry(voice),
            "_id": f"{index:024x}",
            "description": "",
            "audioPreview": "",
            "modelIds": list(voice.models),
        }
        for index, voice in enumerate(_catalog(store).values(), start=1)
    ]
    return Answer(200, {"voices": listed})


def _catalog_entry(voice: CatalogVoice) -> dict[str, Any]:
    tags = {
        "language": list(voice.languages),
        "accent": voice.accent,
        "gender": voice.gender,
        "age": "young",
        "emotions": [],
        "usecases": ["conversational"],
    }
    return {"voiceId": voice.voice_id, "displayName": voice.voice_id.capitalize(), "tags": tags}


def list_clones(store: Store, request: Request) -> Answer:
    return Answer(200, {"data": store.database.all("clone")})


def put_clone(store: Store, fields: Body) -> Body:
    """Stores a clone that is ready to be used; `fields` replace its defaults."""
    clone_id = store.new_id()
    clone = {
        "_id": clone_id,
        "voiceId": f"voice_{clone_id[-10:]}",
        "description": "",
        "accent": "",
        "tags": [],
        "language": "english",
        "status": "completed",
        "cloningType": "instant",
        "modelIds": [STANDARD],
        "createdAt": store.now(),
        **fields,
    }
    store.database.put("clone", clone["voiceId"], clone)
    return clone


def add_clone(store: Store, request: Request) -> Answer:
    sample = request.uploads.get("file")
    name = request.fields.get("displayName", "")
    if sample is None or not name or len(name) > 500 or len(sample.content) > CLONE_LIMIT_BYTES:
        return Answer(400, {"error": "displayName and an audio file of at most 5 MB are required"})
    model = request.fields.get("model", STANDARD)
    given = {field: request.fields[field] for field in ("description", "accent", "language") if field in request.fields}
    tags = [tag.strip() for tag in request.fields.get("tags", "").split(",") if tag.strip()]
    clone = put_clone(store, {"displayName": name, "tags": tags, "modelIds": [model], **given})
    made = {**clone, "model": model, "organizationId": ORGANIZATION_ID}
    made |= {"audioFileNames": [sample.name], "samples": []}
    return Answer(200, {"message": "Voice cloned successfully", "data": made})


ROUTES = (
    Route(
        "GET",
        "/waves/v1/{model}/get_voices",
        list_voices,
        "List the voices of the catalog",
        {200: obj({"voices": array(_ENTRY)}, required=("voices",))},
        failure=_WAVES_FAILURE,
    ),
    Route(
        "GET",
        "/waves/v1/voice/get-all-models",
        list_all_models,
        "List the voices of all models",
        {200: obj({"voices": array(_MODEL_ENTRY)}, required=("voices",))},
        refuses=(),
        is_public=True,  # the vendor's MCP server asks without a key
        failure=_WAVES_FAILURE,
    ),
    Route(
        "GET",
        "/waves/v1/voice-cloning",
        list_clones,
        "List cloned voices",
        {200: obj({"data": array(_LISTED)}, required=("data",))},
        refuses=(),
        failure=_WAVES_FAILURE,
    ),
    Route(
        "POST",
        "/waves/v1/voice-cloning",
        add_clone,
        "Clone a voice from a recording",
        {200: obj({"message": TEXT, "data": _MADE}, required=("data",))},
        multipart=obj(
            {
                "displayName": text(least=1, most=500),
                "file": {"type": "string", "format": "binary"},
                "description": TEXT,
                "accent": TEXT,
                "tags": TEXT,
                "language": TEXT,
                "model": one_of(STANDARD, PRO),
            },
            required=("displayName", "file"),
        ),
        failure=_WAVES_FAILURE,
    ),
)
