"""A language model behind an OpenAI-compatible endpoint, asked for one JSON object at a time.

The key goes to the host of `base_url` and nowhere else: redirects are not followed, and an unencrypted address is
refused unless it is this machine's. What the answers mean is for `judge` and `simulated_caller` to say.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from agentops.calls.report import Usage
from agentops.document import ModelEndpoint
from agentops.errors import InvalidRequestError, PlatformError
from agentops.json_text import read_json
from agentops.net import Http, NetOptions, RetryPolicy, Transport, Upload, platform_origin

Message = Mapping[str, str]


class NoAnswerError(Exception):
    """The endpoint gave no usable answer. The text says why; `usage` is what was spent all the same."""

    def __init__(self, reason: str, usage: Usage) -> None:
        super().__init__(reason)
        self.usage = usage


class ModelClient:
    """One endpoint. Use as an async context manager. Raises UsageError for an address that the key may not go to."""

    def __init__(self, settings: ModelEndpoint, transport: Transport | None = None) -> None:
        parts = urlsplit(platform_origin(settings.base_url))
        self._model = settings.model
        self._root = parts.path
        self._takes_schema = True
        options = NetOptions(
            requests_per_second=20.0,
            read_timeout_s=settings.timeout_s,
            retry=RetryPolicy(attempts=2, longest_wait_s=20),
        )
        self._http = Http(
            f"{parts.scheme}://{parts.netloc}", api_key=settings.api_key, options=options, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.close()

    async def ask(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[dict[str, Any], Usage]:
        """The JSON object that the model answers with; it is asked once more when the first answer is none.

        Raises NoAnswerError. The object is whatever the model wrote and need not fit `schema`: validate it.
        """
        usage = Usage()
        for _ in range(2):
            try:
                body = await self._complete(messages, schema)
            except PlatformError as error:
                raise NoAnswerError(error.summary, usage + Usage(1)) from None
            usage += Usage(1, _tokens(body))
            if (found := _object_in(_text_of(body))) is not None:
                return found, usage
        raise NoAnswerError("the answer was no JSON object", usage)

    async def transcribe(self, wav: bytes) -> str:
        """The words in a WAV file, as the endpoint hears them. Raises NoAnswerError."""
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{self._model}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="turn.wav"\r\n'
            "Content-Type: audio/wav\r\n\r\n"
        )
        form = Upload(
            head.encode() + wav + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
        )
        try:
            path = f"{self._root}/audio/transcriptions"
            answer = await self._http.request("POST", path, body=form, is_repeatable=True)
        except PlatformError as error:
            raise NoAnswerError(error.summary, Usage(1)) from None
        text = answer.body.get("text") if isinstance(answer.body, Mapping) else None
        if not isinstance(text, str):
            raise NoAnswerError("the answer holds no text", Usage(1))
        return text

    async def _complete(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Any:
        # Temperature 0: the same question should get the same answer, as far as a model can.
        request: dict[str, Any] = {"model": self._model, "messages": list(messages), "temperature": 0}
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        try:
            body = {**request, "response_format": form} if self._takes_schema else request
            answer = await self._http.request("POST", f"{self._root}/chat/completions", body=body, is_repeatable=True)
        except InvalidRequestError:
            if not self._takes_schema:
                raise
            # Not every compatible server knows schemas. The prompt describes the answer's form as well.
            self._takes_schema = False
            answer = await self._http.request(
                "POST", f"{self._root}/chat/completions", body=request, is_repeatable=True
            )
        return answer.body


def _text_of(body: Any) -> str:
    """The first choice's text; "" when there is none, or when it was cut off at the token limit."""
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping) or choice.get("finish_reason") not in (None, "stop"):
        return ""
    message = choice.get("message")
    text = message.get("content") if isinstance(message, Mapping) else None
    return text if isinstance(text, str) else ""


def _tokens(body: Any) -> int:
    usage = body.get("usage") if isinstance(body, Mapping) else None
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total > 0 else 0


def _object_in(text: str) -> dict[str, Any] | None:
    """The JSON object in `text`, whatever words or code fences stand around it."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = read_json(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
