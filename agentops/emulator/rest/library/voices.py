"""The voice catalog and cloned voices under `/waves/v1`: no envelope, no paging, clones not in the catalog."""

from __future__ import annotations

from typing import Any

from agentops.emulator.rest.schema import ID, STAMP, TEXT, array, obj, one_of, text
from agentops.emulator.rest.wire import Answer, Request, Route
from agentops.emulator.store.state import ORGANIZATION_ID, Store

# id -> (gender, accent, languages); the ids are those the platform's own pages name.
CATALOG: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "avery": ("female", "american", ("english",)),
    "liam": ("male", "british", ("english",)),
    "devansh": ("male", "indian", ("hindi", "english")),
    "magnus": ("male", "american", ("english",)),
    "quinn": ("female", "american", ("english",)),
    "olivia": ("female", "british", ("english",)),
    "daniel": ("male", "american", ("english",)),
    "rachel": ("female", "american", ("english",)),
    "zorin": ("male", "american", ("english",)),
    "nyah": ("female", "american", ("english",)),
    "daniella": ("female", "american", ("english", "spanish")),
    "aarush": ("male", "indian", ("hindi", "english")),
    "meher": ("female", "indian", ("hindi", "english")),
    "mishka": ("female", "indian", ("hindi", "english")),
    "sophia": ("female", "american", ("english",)),
}

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
_MODEL_ENTRY = obj({**_VOICE, "_id": ID, "description": TEXT, "audioPreview": TEXT}, required=("_id", *_VOICE))
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


def exists(store: Store, voice_id: str) -> bool:
    """Whether an agent may use this voice: one of the catalog, or a clone of this account."""
    return voice_id in CATALOG or store.database.get("clone", voice_id) is not None


def list_voices(store: Store, request: Request) -> Answer:
    if request.params["model"] != "lightning-v3.1":
        return Answer(400, {"error": "Bad Request", "message": "Unknown model"})
    return Answer(200, {"voices": [_catalog_entry(voice_id) for voice_id in CATALOG]})


def list_all_models(store: Store, request: Request) -> Answer:
    entries = [_catalog_entry(voice_id) for voice_id in CATALOG]
    listed = [
        {**entry, "_id": f"{index:024x}", "description": "", "audioPreview": ""}
        for index, entry in enumerate(entries, start=1)
    ]
    return Answer(200, {"voices": listed})


def _catalog_entry(voice_id: str) -> dict[str, Any]:
    gender, accent, languages = CATALOG[voice_id]
    tags = {
        "language": list(languages),
        "accent": accent,
        "gender": gender,
        "age": "young",
        "emotions": [],
        "usecases": ["conversational"],
    }
    return {"voiceId": voice_id, "displayName": voice_id.capitalize(), "tags": tags}


def list_clones(store: Store, request: Request) -> Answer:
    return Answer(200, {"data": store.database.all("clone")})


def add_clone(store: Store, request: Request) -> Answer:
    sample = request.uploads.get("file")
    name = request.fields.get("displayName", "")
    if sample is None or not name or len(name) > 500 or len(sample.content) > CLONE_LIMIT_BYTES:
        return Answer(400, {"error": "displayName and an audio file of at most 5 MB are required"})
    clone_id = store.new_id()
    voice_id = f"voice_{clone_id[-10:]}"
    clone = {
        "_id": clone_id,
        "voiceId": voice_id,
        "displayName": name,
        "description": request.fields.get("description", ""),
        "accent": request.fields.get("accent", ""),
        "tags": [tag.strip() for tag in request.fields.get("tags", "").split(",") if tag.strip()],
        "language": request.fields.get("language", "english"),
        "status": "completed",
        "cloningType": "instant",
        "modelIds": [request.fields.get("model", "lightning-v3.1")],
        "createdAt": store.now(),
    }
    store.database.put("clone", voice_id, clone)
    made = {**clone, "model": request.fields.get("model", "lightning-v3.1"), "organizationId": ORGANIZATION_ID}
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
                "model": one_of("lightning-v3.1", "lightning-v3.1-pro"),
            },
            required=("displayName", "file"),
        ),
        failure=_WAVES_FAILURE,
    ),
)
