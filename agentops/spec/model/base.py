"""The building blocks of the models: strictness, open enumerations, texts that may hold secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

from agentops.document import Secret
from agentops.resources import Kind, Ref


class Model(BaseModel):
    """Nothing unknown, nothing converted: what is not understood is a diagnostic and never a guess.

    REMOVED: fields of earlier releases, each with what to do about one that a file still names.
    """

    REMOVED: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        populate_by_name=True,
        allow_inf_nan=False,
        defer_build=True,  # a run builds the few models that it reads with, when it does
    )


@dataclass(frozen=True, slots=True)
class Known:
    """Marks a text whose known values are listed although the platform grows them: an unknown one is a warning."""

    what: str
    values: tuple[str, ...]

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "enum": list(self.values)}, {"type": "string"}]}


@dataclass(frozen=True, slots=True)
class Patterned:
    """A text that has to match `pattern` as a whole. Subclasses give the error for one that doesn't."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise self._error()
        return text

    def _error(self) -> PydanticCustomError:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Format(Patterned):
    """`expected` describes to an author what does match."""

    expected: str

    def _error(self) -> PydanticCustomError:
        return PydanticCustomError("wrong_format", "expected {expected}", {"expected": self.expected})


@dataclass(frozen=True, slots=True)
class Vocabulary(Patterned):
    """A name of the project's own vocabulary, such as the key of a mapping: one of `known`, or what fits `pattern`."""

    what: str
    known: tuple[str, ...]

    def _error(self) -> PydanticCustomError:
        context = {"what": self.what, "known": self.known}
        return PydanticCustomError("unknown_name", "there is no such {what}", context)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Marks a text that the caller hears as it is written."""


@dataclass(frozen=True, slots=True)
class ForModel:
    """Marks a text that a language model reads: a prompt, a description of a tool."""


@dataclass(frozen=True, slots=True)
class _SecretAllowed:
    """A text that may hold secrets; everywhere else a `Secret` is a wrong type."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._check, json_schema_input_schema=core_schema.str_schema()
        )

    @staticmethod
    def _check(value: Any) -> str | Secret:
        if isinstance(value, str | Secret):
            return value
        raise PydanticCustomError("string_type", "Input should be a valid string")


SecretText = Annotated[str | Secret, _SecretAllowed()]


@dataclass(frozen=True, slots=True)
class _ReferenceAllowed:
    """An id of the account, or a reference to a resource of one kind; everywhere else a `Ref` is a wrong type."""

    kind: Kind
    may_be_empty: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.str_schema(min_length=None if self.may_be_empty else 1)
        return core_schema.no_info_plain_validator_function(self._check, json_schema_input_schema=text)

    def _check(self, value: Any) -> str | Ref:
        if isinstance(value, Ref) and value.kind is not self.kind:
            raise PydanticCustomError("wrong_format", "", {"expected": f"${{{{ ref.{self.kind.value}.KEY }}}}"})
        if value == "" and not self.may_be_empty:
            raise PydanticKnownError("string_too_short", {"min_length": 1})
        if isinstance(value, str | Ref):
            return value
        raise PydanticCustomError("string_type", "Input should be a valid string")


ToolId = Annotated[str | Ref, _ReferenceAllowed(Kind.TOOL)]
KnowledgeBaseId = Annotated[str | Ref, _ReferenceAllowed(Kind.KNOWLEDGE)]
AnyKnowledgeBaseId = Annotated[str | Ref, _ReferenceAllowed(Kind.KNOWLEDGE, may_be_empty=True)]
Scalar = str | int | float | bool

MODELS = (
    "electron",
    "electron-kogta",
    "electron-kogta-v2",
    "gpt-4o",
    "gpt-4.1",
    "gpt-5.2",
    "gpt-realtime",
    "gpt-realtime-mini",
)
REALTIME_MODELS = ("gpt-realtime", "gpt-realtime-mini")
VOICE_MODELS = (
    "waves_lightning_v3_1",
    "waves_lightning_v3_1_pro",
    "gpt-realtime",
    "gpt-realtime-mini",
    "waves",
    "waves_lightning_large",
    "waves_lightning_large_voice_clone",
    "waves_lightning_v2",
    "waves_lightning_v2_http",
    "waves_lightning_v3",
)
LANGUAGES = ("en", "hi", "mr", "gu", "ta", "es", "north_indic", "bn", "or")
TRANSCRIBERS = ("deepgram", "pulse", "pulse-legacy")
BACKGROUND_SOUNDS = ("", "office", "cafe", "call_center", "static")

# Filled by the platform on every call; a caller or a spec can't set them.
SYSTEM_VARIABLES = (
    "call_id",
    "conversation_type",
    "agent_number",
    "user_number",
    "current_date",
    "current_time",
    "current_day",
    "agent_gender",
    "default_language",
    "supported_languages",
    "timezone",
)

MOST_NAME = 200
Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
HttpUrl = Annotated[SecretText, Field(json_schema_extra={"format": "uri"})]
TransferNumber = Annotated[
    str,
    Format(
        r"^(\+[1-9][0-9]{6,14}|.*\{\{.*\}\}.*)$",
        expected="a phone number with + and country code, such as +14155550199",
    ),
    Field(examples=["+14155550199"]),
]
Identifier = Annotated[str, Format(r"^[a-z0-9_]+$", expected="lower-case letters, digits and underscores")]
