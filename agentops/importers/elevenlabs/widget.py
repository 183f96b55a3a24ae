"""The website widget: converted only on request, since the platform wants it set up on a dashboard page.

Whether a conversation is by voice or chat is settled here as well: the platform lets the widget or the client decide.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.platform import SETTINGS
from agentops.importers.elevenlabs.secret_stand_ins import has_stand_in
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.importers.yaml_text import literal

_WIDGET: Place = (*SETTINGS, "widget")
_HOSTS: Place = (*SETTINGS, "auth", "allowlist")
_TEXT_ONLY: Place = ("conversation_config", "conversation", "text_only")
_PICTURES: tuple[Place, ...] = (
    (*_WIDGET, "custom_avatar_path"),
    (*_WIDGET, "avatar", "url"),
    (*_WIDGET, "avatar", "custom_url"),
)

_SIZES = {"tiny": "tiny", "compact": "compact", "full": "full", "expandable": "compact"}
_CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")
# The page that shows the widget honours bottom-right only, so that is nearest to a place without a side.
_POSITIONS = {**{corner: corner for corner in _CORNERS}, "top": "bottom-right", "bottom": "bottom-right"}
_COLOURS = {
    "bg_color": "baseColor",
    "btn_color": "accentColor",
    "text_color": "primaryTextColor",
    "btn_text_color": "textOnAccentColor",
}
# The colours of an ElevenLabs widget that sets none, where the platform's own differ.
_OTHER_DEFAULTS = {"btn_color": "#000000", "text_color": "#000000"}
# Target -> the fields with its text; of two, the first is the newer one.
_TEXTS: dict[str, tuple[Place, ...]] = {
    "startButtonText": (("text_contents", "start_call"), ("start_call_text",)),
    "endButtonText": (("text_contents", "end_call"), ("end_call_text",)),
    "ctaName": (("text_contents", "main_label"), ("action_text",)),
    "chatPlaceholder": (("text_contents", "input_placeholder"),),
    "consentStorageKey": (("terms_key",),),
}
_MODE_FLAGS = ("supports_text_only", "text_input_enabled", "conversation_mode_toggle_enabled")
_MOST_RADIUS = 50  # by the documentation of the widget's page

_LEFT_OUT = "the website widget is left out unless it is asked for"
_ASK_FOR_IT = "Import with --widget to port its texts, colours and hosts; set the rest on its dashboard page."
_AVATAR_QUESTION = (
    "Which image of the platform's own store is the widget's avatar? Upload it on the widget's dashboard page and "
    "give its address."
)


def convert_widget(conversion: Conversion, *, is_ported: bool) -> None:
    """Writes `widgetConfig`, or lists what it leaves behind. Addresses with credentials are never shown."""
    for place in _PICTURES:
        address = conversion.source.get(*place)
        if has_stand_in(address):
            conversion.source.ledger.hide(place, None, "an address with a credential in it", "Upload the image anew.")
    if is_ported:
        _port(conversion)
        return
    conversion.source.ledger.leave(_WIDGET, _LEFT_OUT, _ASK_FOR_IT)
    conversion.source.ledger.leave(_HOSTS, _LEFT_OUT, _ASK_FOR_IT)
    if conversion.source.flag(*_TEXT_ONLY):
        greeting = f"agents/calls/{conversion.key}-greeting.yaml"
        why = "voice or chat is chosen for each session; the greeting call is a chat"
        conversion.source.ledger.carry(_TEXT_ONLY, (greeting, "mode"), "chat", why=why)


def _port(conversion: Conversion) -> None:
    widget = conversion.source.objects(*_WIDGET)
    if widget or conversion.source.flag(*_TEXT_ONLY):
        _convert_mode(conversion)
    if widget:
        _convert_look(conversion)
        _convert_avatar(conversion)
        for target, places in _TEXTS.items():
            _convert_text(conversion, target, tuple((*_WIDGET, *place) for place in places))
        _convert_terms(conversion)
    _convert_hosts(conversion)


def _convert_mode(conversion: Conversion) -> None:
    """The platform's widget is for voice or for chat, not both: for voice, unless the agent is for text only."""
    is_chat = bool(conversion.source.flag(*_TEXT_ONLY))
    mode, target = "chat" if is_chat else "voice", "widgetConfig.mode"
    if is_chat:
        conversion.carry(_TEXT_ONLY, target, mode)
    else:
        conversion.add(target, mode, "a widget here is for chat unless it says voice")
    for name in _MODE_FLAGS:
        if conversion.source.flag(*_WIDGET, name) is not None:
            conversion.carry((*_WIDGET, name), target, mode)


def _convert_look(conversion: Conversion) -> None:
    _carry_known(conversion, "variant", "size", _SIZES.get)
    _carry_known(conversion, "placement", "position", _POSITIONS.get)
    for name, target in _COLOURS.items():
        _carry_known(conversion, name, target, _colour)
        if name in _OTHER_DEFAULTS and not _text(conversion, (*_WIDGET, name)):
            conversion.add(f"widgetConfig.{target}", _OTHER_DEFAULTS[name], "the platforms' own colours differ")
    radius = conversion.source.number(*_WIDGET, "border_radius")
    if radius is not None:
        kept = min(max(radius, 0), _MOST_RADIUS)
        conversion.carry((*_WIDGET, "border_radius"), "widgetConfig.borderRadius", kept)
    is_shown = conversion.source.flag(*_WIDGET, "transcript_enabled")
    if is_shown is not None:
        conversion.carry((*_WIDGET, "transcript_enabled"), "widgetConfig.voiceShowTranscript", is_shown)


def _carry_known(conversion: Conversion, name: str, target: str, counterpart: Callable[[str], str | None]) -> None:
    place: Place = (*_WIDGET, name)
    value = _text(conversion, place)
    kept = counterpart(value)
    if kept is not None:
        conversion.carry(place, f"widgetConfig.{target}", kept)
    elif value:
        conversion.source.ledger.carry(place, None, grade=Grade.UNSUPPORTED, why=f"{target} cannot be that")


def _colour(text: str) -> str | None:
    return text if re.fullmatch(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text) else None


def _convert_avatar(conversion: Conversion) -> None:
    """Asks for the avatar's image. An orb, which the page draws, has no counterpart, as its row says."""
    pictures = [place for place in _PICTURES if _text(conversion, place)]
    if not pictures:
        return
    target = "widgetConfig.avatarUrl"
    conversion.put(target, conversion.choose("avatar", _AVATAR_QUESTION))
    for place in (*pictures, (*_WIDGET, "avatar", "type")):
        conversion.source.ledger.carry(place, f"config.{target}", CHOSEN)


def _convert_text(conversion: Conversion, target: str, places: tuple[Place, ...]) -> None:
    given = [(place, text) for place in places if (text := _text(conversion, place))]
    for place, text in given:
        if place == given[0][0]:
            conversion.carry(place, f"widgetConfig.{target}", literal(text))
        else:
            why = f"a newer field says what {target} is"
            conversion.source.ledger.carry(place, None, grade=Grade.UNSUPPORTED, why=why)


def _convert_terms(conversion: Conversion) -> None:
    place, rendered = (*_WIDGET, "terms_text"), (*_WIDGET, "terms_html")
    text, page = _text(conversion, place), _plain(_text(conversion, rendered))
    if not text:
        place, text = rendered, page
    if not text:
        return
    names_it = "; it names ElevenLabs, which no longer takes the call" if "elevenlabs" in text.lower() else ""
    why = f"the widget asks for consent with this text{names_it}"
    conversion.carry(place, "widgetConfig.consentContent", literal(text), why=why)
    conversion.add("widgetConfig.consentRequired", True, "there are terms to agree to")
    if place != rendered:
        conversion.source.ledger.repeat(rendered, "the terms' text, as HTML")


def _plain(page: str) -> str:
    """The text of a piece of HTML, with one line for each block."""
    page = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", "", page)
    page = re.sub(r"(?i)<br\s*/?>|</(?:p|div|li|h[1-6]|tr)\s*>", "\n", page)
    text = html.unescape(re.sub(r"<[^>]*>", "", page))
    return "\n".join(line for each in text.splitlines() if (line := " ".join(each.split())))


def _convert_hosts(conversion: Conversion) -> None:
    hosts = []
    for index in range(len(conversion.source.items(*_HOSTS))):
        place: Place = (*_HOSTS, index)
        if isinstance(conversion.source.get(*place), dict):
            place = (*place, "hostname")
        host = _text(conversion, place)
        if host:
            hosts.append(literal(host))
            conversion.source.ledger.carry(place, "config.widgetConfig.allowlist", host)
    if hosts:
        conversion.put("widgetConfig.allowlist", hosts)


def _text(conversion: Conversion, place: Place) -> str:
    return conversion.source.text(*place).strip()
