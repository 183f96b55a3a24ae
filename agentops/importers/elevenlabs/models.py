"""Which model to propose for the one an ElevenLabs agent names. Patterns, since their list grows every month."""

from __future__ import annotations

import re

_SAME = ((r"gpt-4o(-\d{4}.*)?", "gpt-4o"), (r"gpt-4\.1(-\d{4}.*)?", "gpt-4.1"))
# Small models are chosen for their latency, which `electron` matches; large ones for following long prompts.
_FAST = re.compile(r"mini|nano|flash|haiku|lite|luna|gpt-3\.5|qwen3-(4|30)b|qwen36-35b|glm-45-air|gpt-oss-20b|watt")
_CAREFUL = re.compile(
    r"gpt-(4|4-turbo|5|5\.\d+|6).*|gemini.*(pro|-4-).*|gemini-4.*|claude.*|grok.*|qwen35.*|gpt-oss-120b|glm-5.*|deepseek.*|.*nemotron.*"
)


def same_model(name: str) -> str | None:
    """The platform's model of the same name, or None."""
    for pattern, here in _SAME:
        if re.fullmatch(pattern, name.strip().lower()):
            return here
    return None


def proposed_models(name: str) -> tuple[tuple[str, str], ...]:
    """Models to propose for `name`, best first, each with the reason."""
    model = name.strip().lower()
    if not model:
        return (("electron", "the platform's own default"), ("gpt-4o", "a widely used general model"))
    if re.fullmatch(r"gpt-5\.2(-.*)?", model):
        return (
            ("gpt-5.2", "the same model; your organisation must be entitled to it"),
            ("gpt-4.1", "open to everybody"),
        )
    if _FAST.search(model):
        return (("electron", f"fast, as {name} is"), ("gpt-4o", "slower, follows long prompts more closely"))
    if _CAREFUL.fullmatch(model):
        return (("gpt-4.1", f"follows long prompts closely, as {name} does"), ("gpt-5.2", "if you are entitled to it"))
    return (("electron", "the platform's own default"), ("gpt-4.1", "follows long prompts closely"))


def is_custom(name: str) -> bool:
    """Whether the agent calls a model that the customer runs."""
    return name.strip().lower().replace("_", "-") == "custom-llm"
