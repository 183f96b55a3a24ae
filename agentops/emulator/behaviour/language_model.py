"""Replies from an OpenAI-compatible endpoint instead of a behaviour file's. No streaming, and no tools.

One request per turn of the caller: `POST <url>/chat/completions` with the agent's live prompt and the call so far.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

APOLOGY = "I'm sorry, something went wrong. Could you say that again?"
_ROLES = {"agent": "assistant", "user": "user"}  # of call records, and of chat completions


@dataclass(frozen=True, slots=True)
class Composed:
    """What a language model said, or why it said nothing."""

    text: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Where replies come from: `url` is the base, which ends in `/v1` for most servers."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0

    async def compose(self, messages: Sequence[Mapping[str, str]]) -> Composed:
        """The next words of the conversation; a failure is an answer with an error, never an exception."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        body = {"model": self.model, "messages": list(messages)}
        try:
            # One deadline for the whole exchange: httpx2's own start anew with every piece that arrives.
            async with asyncio.timeout(self.timeout_s), httpx2.AsyncClient(timeout=None) as client:
                answer = await client.post(f"{self.url.rstrip('/')}/chat/completions", json=body, headers=headers)
            if not answer.is_success:
                return Composed(error=f"the language model answered HTTP {answer.status_code}")
            content = answer.json()["choices"][0]["message"]["content"]
        except TimeoutError:
            return Composed(error=f"the language model gave no answer within {self.timeout_s:g} s")
        except (httpx2.HTTPError, httpx2.InvalidURL) as problem:
            return Composed(error=f"the language model was not reached: {type(problem).__name__}")
        except ValueError:
            return Composed(error="the language model's answer is not JSON")
        except (KeyError, IndexError, TypeError):
            content = None
        # As one paragraph; half of a surrogate pair, which JSON can hold, could not be sent on.
        text = " ".join(content.encode(errors="replace").decode().split()) if isinstance(content, str) else ""
        return Composed(text) if text else Composed(error="the language model's answer has no text")


def conversation(prompt: str, transcript: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], ...]:
    """The prompt and the lines of a call record, as messages of a chat completion."""
    system = [{"role": "system", "content": prompt}] if prompt else []
    return (*system, *({"role": _ROLES[line["role"]], "content": line["content"]} for line in transcript))
