"""What belongs to the service around the agent: the webhook before a call, guardrails, privacy, phone numbers."""

from __future__ import annotations

from agentops.document import Document
from agentops.importers.elevenlabs.addresses import is_address
from agentops.importers.elevenlabs.conversion import AGENT, Conversion
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.toolbox import header
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.importers.yaml_text import literal

SETTINGS: Place = ("platform_settings",)
_HOOK: Place = (*SETTINGS, "workspace_overrides", "conversation_initiation_client_data_webhook")
_SWITCH: Place = (*SETTINGS, "overrides", "enable_conversation_initiation_client_data_from_webhook")
_RULES: Place = (*SETTINGS, "guardrails", "custom", "config", "configs")


def convert_platform(conversion: Conversion) -> None:
    _convert_webhook(conversion)
    _convert_guardrails(conversion)
    _convert_redaction(conversion)


def _convert_webhook(conversion: Conversion) -> None:
    source = conversion.source
    url = source.text(*_HOOK, "url")
    if not url and not source.flag(*_SWITCH):
        return
    # The variables come from `dynamic_variables` of the answer, as on ElevenLabs.
    names = sorted(
        conversion.placeholders.name_of(name)
        for name in source.objects(*AGENT, "dynamic_variables", "dynamic_variable_placeholders")
        if not name.startswith("system__")
    )
    made: Document = {
        "isEnabled": bool(source.flag(*_SWITCH)),
        "url": _address(conversion, url),
        "method": "POST",
        "timeout": 5,  # the platform's own default, in seconds; those of tools are in milliseconds
        "body": {
            "caller_id": "{{user_number}}",
            "called_number": "{{agent_number}}",
            "call_sid": "{{call_id}}",
        },
        "responseVariables": [{"variableName": name, "jsonPath": f"$.dynamic_variables.{name}"} for name in names],
    }
    source.ledger.carry(_SWITCH, "config.preCallAPI.isEnabled", made["isEnabled"])
    headers = source.objects(*_HOOK, "request_headers")
    if headers:
        target = "config.preCallAPI.headers"
        made["headers"] = {
            name: header(
                conversion, (*_HOOK, "request_headers", name), ("pre_call", name), value, (*target.split("."), name)
            )
            for name, value in headers.items()
        }
    conversion.put("preCallAPI", made)


def _address(conversion: Conversion, url: str) -> str:
    at: Place = (*_HOOK, "url")
    if not is_address(url):
        conversion.source.ledger.carry(at, "config.preCallAPI.url", CHOSEN, grade=Grade.CHOICE)
        return conversion.choose("webhook_url", _URL_QUESTION)
    made = literal(conversion.placeholders.outside_the_model(url))
    conversion.source.ledger.carry(at, "config.preCallAPI.url", made)
    return made


_URL_QUESTION = (
    "Which address gives the caller's data before a call? It stood in the workspace's settings, not in the agent."
)


def _convert_guardrails(conversion: Conversion) -> None:
    source, rules = conversion.source, []
    for index, rule in enumerate(source.items(*_RULES)):
        place: Place = (*_RULES, index)
        if not isinstance(rule, dict) or rule.get("is_enabled") is False:
            continue
        text = (source.text(*place, "prompt") or source.text(*place, "name")).strip()  # the name can be the whole rule
        if text:
            rules.append(f"- {conversion.rewrite(text)}")
            for key in ("prompt", "name", "is_enabled"):
                conversion.carry_to_prompt((*place, key), rules[-1])
    if rules:
        conversion.sections.append("# Guardrails\n" + "\n".join(rules))


def _convert_redaction(conversion: Conversion) -> None:
    """Always written, since the platforms' defaults differ."""
    place: Place = (*SETTINGS, "privacy", "conversation_history_redaction", "enabled")
    enabled, target = conversion.source.flag(*place), "redactionConfig.isEnabled"
    if enabled is None:
        conversion.add(
            target, False, "ElevenLabs redacts nothing by default; Atoms does, even before the model reads it"
        )
    else:
        conversion.carry(place, target, enabled, grade=None if enabled else Grade.EXACT)
    if enabled:
        why = "the model itself will see placeholders such as [ACCOUNTNUMBER_1] where the caller gives numbers"
        conversion.remark(Grade.APPROXIMATED, "EL018", place, why, "Switch it off if the agent must note them down.")
