"""How the agent hears, speaks and takes turns: languages, voice, turn taking, and the limits of a conversation."""

from __future__ import annotations

import math

from agentops.importers.elevenlabs.conversion import AGENT, PROMPT, Conversion
from agentops.importers.elevenlabs.languages import language_of, nearest_language
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.voices import VoiceProposals, describe_source
from agentops.importers.fidelity import CHOSEN, Grade

CONFIG: Place = ("conversation_config",)
PRESETS: Place = (*CONFIG, "language_presets")
# The ranges that the platform accepts.
_IDLE_S = (1, 300)
_SESSION_S = (1, 3600)
_SPEED = (0.0, 2.0)
_MOST_RETRIES = 10  # by the vendor's MCP server; the published schema names no limit
# The rates of ElevenLabs, each with the nearest that the platform has.
_SAMPLE_RATES = {8000: 8000, 16000: 16000, 22050: 24000, 24000: 24000, 44100: 44100, 48000: 44100}
_SOUNDS = {"office1": "office", "office2": "office", "restaurant": "cafe"}


# ---- languages


def convert_language(conversion: Conversion) -> None:
    source, place = conversion.source, (*AGENT, "language")
    code = source.text(*place) or "en"
    main = language_of(code)
    presets = {name: language_of(name) for name in source.objects(*PRESETS)}
    further = [*filter(None, presets.values()), *_voice_languages(conversion)]
    if source.flag(*AGENT, "hinglish_mode"):
        main, further = "hi", [*further, "en"]
        conversion.sections.append("# Language\nMix Hindi and English naturally, the way the caller does.")
        source.ledger.carry((*AGENT, "hinglish_mode"), "config.language.supported", "en")
    if main is None:
        supported = [_ask_language(conversion, place, code)]
    else:
        supported = _without_tamil(conversion, main, list(dict.fromkeys([main, *further])))
        conversion.put("language", {"default": main, "supported": supported})
        why = "" if main == code else f"{code} became {main}"
        grade = Grade.EXACT if main == code.lower() else Grade.APPROXIMATED
        source.ledger.carry(place, "config.language.default", main, grade=grade, why=why)
        _convert_switching(conversion, supported)
    for name, kept in presets.items():
        _settle_preset(conversion, name, kept if kept in supported else None)


def _settle_preset(conversion: Conversion, name: str, code: str | None) -> None:
    place: Place = (*PRESETS, name)
    if code is None:
        why = f"the agent does not speak {name} here; the preset is dropped"
        conversion.remark(Grade.UNSUPPORTED, "EL003", place, why, "Send those callers elsewhere.")
        return
    why = f"{name} is listed in language.supported; its own greeting, voice and prompt are not kept"
    conversion.remark(Grade.APPROXIMATED, "EL003", place, why)
    _greet(conversion, name)


def _voice_languages(conversion: Conversion) -> list[str]:
    """The languages of the agent's further voices, which it spoke as well."""
    usable, voices = [], (*CONFIG, "tts", "supported_voices")
    for index, _ in enumerate(conversion.source.items(*voices)):
        place: Place = (*voices, index, "language")
        name = conversion.source.text(*place) if isinstance(conversion.source.get(*voices, index), dict) else ""
        code = language_of(name) if name else None
        if code is not None:
            usable.append(code)
            why = "the language is kept, the voice is not: one voice speaks all of them"
            conversion.source.ledger.carry(place, "config.language.supported", code, why=why)
    return usable


def _greet(conversion: Conversion, name: str) -> None:
    """Makes a preset's greeting a line of the prompt: an agent has one first message for all languages."""
    place: Place = (*PRESETS, name, "overrides", "agent", "first_message")
    text = conversion.source.text(*place).strip()
    if text:
        heading = "# Greetings in other languages"
        line = f"- {name}: {conversion.rewrite(text)}"
        if not any(section.startswith(heading) for section in conversion.sections):
            conversion.sections.append(heading)
        at = next(i for i, section in enumerate(conversion.sections) if section.startswith(heading))
        conversion.sections[at] += f"\n{line}"
        conversion.carry_to_prompt(place, line, grade=Grade.APPROXIMATED, why=_GREETING_WHY)


_GREETING_WHY = "one first message per agent; this one is a line of the prompt"


def _without_tamil(conversion: Conversion, main: str, supported: list[str]) -> list[str]:
    """The platform accepts Tamil as the only language of an agent."""
    if "ta" not in supported or len(supported) == 1:
        return supported
    kept = ["ta"] if main == "ta" else [code for code in supported if code != "ta"]
    why = "Tamil cannot be combined with other languages; " + ("only it is kept" if main == "ta" else "it is left out")
    conversion.remark(Grade.UNSUPPORTED, "EL003", PRESETS, why, "Make an agent of its own for the other language.")
    return kept


def _ask_language(conversion: Conversion, place: Place, code: str) -> str:
    near = nearest_language(code)
    proposals = (near,) if near else (("en", "the language that most agents of the platform speak"),)
    answer = conversion.choose("language", f"Which language? An Atoms agent does not speak {code}.", proposals)
    conversion.put("language", {"default": answer, "supported": [answer]})
    why = f"{code} is not among the platform's languages"
    conversion.source.ledger.carry(place, "config.language.default", CHOSEN, grade=Grade.CHOICE, why=why)
    return answer


def _convert_switching(conversion: Conversion, supported: list[str]) -> None:
    source = conversion.source
    built_in = source.get(*PROMPT, "built_in_tools", "language_detection")
    listed = any(isinstance(t, dict) and t.get("name") == "language_detection" for t in source.items(*PROMPT, "tools"))
    is_wanted = isinstance(built_in, dict) or listed
    # Presets are languages that the agent speaks, whether or not its model has the tool that switches to them.
    if len(supported) < 2 or not (is_wanted or source.objects(*PRESETS)):
        if is_wanted:
            why, todo = (
                "there is one language only, so nothing is switched",
                "List the others under language.supported.",
            )
            conversion.remark(Grade.UNSUPPORTED, "EL003", (*PROMPT, "built_in_tools", "language_detection"), why, todo)
        return
    switching = {
        "isEnabled": True,
        "minWordsForDetection": 2,
        "strongSignalThreshold": 0.7,
        "weakSignalThreshold": 0.3,
        "minConsecutiveForWeakThresholdSwitch": 2,
    }
    conversion.put("language.switching", switching)
    source.ledger.add(
        "config.language.switching", switching, "switching on needs all five values; these are the defaults"
    )


# ---- voice


def convert_voice(conversion: Conversion, proposals: VoiceProposals) -> None:
    source, place = conversion.source, (*CONFIG, "tts", "voice_id")
    voice = source.text(*place)
    languages = conversion.config.get("language", {}).get("supported", ["en"])
    question = f"Which voice? The agent spoke with {describe_source(voice)}."
    reference = conversion.choose("voice", question, proposals.for_voice(voice, languages))
    conversion.put("synthesizer.voiceConfig", {"model": "waves_lightning_v3_1", "voiceId": reference})
    source.ledger.carry(place, "config.synthesizer.voiceConfig.voiceId", CHOSEN, grade=Grade.CHOICE)
    if not voice:
        why = "the agent used the default voice of ElevenLabs"
        conversion.remark(Grade.CHOICE, "EL001", place, why, "Choose a voice in the choices file.")
    source.ledger.carry((*CONFIG, "tts", "model_id"), "config.synthesizer.voiceConfig.model", "waves_lightning_v3_1")
    _convert_speed(conversion)
    _convert_sample_rate(conversion)
    if source.text(*CONFIG, "tts", "text_normalisation_type") == "elevenlabs":
        conversion.carry((*CONFIG, "tts", "text_normalisation_type"), "speechFormatting", True)


def _convert_speed(conversion: Conversion) -> None:
    place: Place = (*CONFIG, "tts", "speed")
    speed = conversion.source.number(*place)
    if speed is None:
        conversion.add("synthesizer.speed", 1.0, "Atoms speaks at 1.2 by default, ElevenLabs at 1.0")
    else:
        kept = min(max(speed, _SPEED[0]), _SPEED[1])
        why = "" if kept == speed else f"brought into {_SPEED[0]:g} to {_SPEED[1]:g}"
        conversion.carry(place, "synthesizer.speed", kept, grade=None if kept == speed else Grade.APPROXIMATED, why=why)


def _convert_sample_rate(conversion: Conversion) -> None:
    place: Place = (*CONFIG, "tts", "agent_output_audio_format")
    codec, _, rate = conversion.source.text(*place).partition("_")
    if rate.isdigit() and int(rate) in _SAMPLE_RATES:
        kept = _SAMPLE_RATES[int(rate)]
        grade = Grade.EXACT if codec == "pcm" and kept == int(rate) else Grade.APPROXIMATED
        conversion.carry(place, "synthesizer.sampleRate", kept, grade=grade)


# ---- turns


def convert_turns(conversion: Conversion) -> None:
    timeout = _convert_turn_timeout(conversion)
    _convert_silence(conversion, timeout)
    source, place = conversion.source, (*CONFIG, "turn", "turn_eagerness")
    eagerness = source.text(*place)
    # A starting point for tuning, since the platforms decide in different ways when a turn is over.
    if eagerness == "patient":
        conversion.carry(place, "smartTurnConfig", {"isEnabled": True, "waitTimeInSecs": 3})
    elif eagerness == "eager":
        voicemail = "voiceMailDetectionConfig" in conversion.config
        conversion.carry(place, "voiceDetectionConfig", {"releaseTimeInSecs": 0.6 if voicemail else 0.3})
    elif "voiceMailDetectionConfig" in conversion.config:
        why = "detecting voicemail needs at least 0.6 s of quiet before a turn ends"
        conversion.add("voiceDetectionConfig", {"releaseTimeInSecs": 0.6}, why)


def _session_s(conversion: Conversion) -> int:
    """How long a call lasts at most; the reminders must fit into it."""
    seconds: int = conversion.config["sessionTimeoutConfig"]["timeoutTimeInSecs"]
    return seconds


def _convert_turn_timeout(conversion: Conversion) -> int:
    place: Place = (*CONFIG, "turn", "turn_timeout")
    seconds, target = conversion.source.number(*place), "llmIdleTimeoutConfig.webcallTimeoutTimeInSecs"
    # Half of a call at most, so that at least one reminder fits into it.
    longest = max(min(_IDLE_S[1], (_session_s(conversion) - 1) // 2), _IDLE_S[0])
    if seconds is None:
        kept = min(7, longest)
        conversion.add(target, kept, "ElevenLabs speaks up after 7 s of silence, Atoms after 20")
    else:
        # -1 means never on ElevenLabs
        kept = longest if seconds < 0 else min(max(math.ceil(seconds), _IDLE_S[0]), longest)
        why = "" if kept == seconds else f"{seconds:g} s became {kept} s: whole seconds, within half of a call at most"
        conversion.carry(place, target, kept, why=why)
    conversion.put("llmIdleTimeoutConfig.telephonyTimeoutTimeInSecs", kept)
    conversion.source.ledger.add("config.llmIdleTimeoutConfig.telephonyTimeoutTimeInSecs", kept, "as for web calls")
    return kept


def _convert_silence(conversion: Conversion, timeout: int) -> None:
    """Reminders, with the silence before each, must fit into the longest call: later ones would never be spoken."""
    place: Place = (*CONFIG, "turn", "silence_end_call_timeout")
    silence = conversion.source.number(*place)
    target = "llmIdleTimeoutConfig.maxRetries"
    most = max(min(_MOST_RETRIES, (_session_s(conversion) - 1) // timeout - 1), 1)
    if silence is None:
        conversion.add(target, most, "ElevenLabs never hangs up on silence by default; so many reminders come nearest")
        return
    kept = most if silence < 0 else min(max(round(silence / timeout), 1), most)
    conversion.carry(place, target, kept)


# ---- conversation


def convert_conversation(conversion: Conversion) -> None:
    source, place = conversion.source, (*CONFIG, "conversation")
    _convert_duration(conversion, (*place, "max_duration_seconds"))
    _convert_events(conversion, (*place, "client_events"))
    sound = source.text(*place, "background_sound", "source_id")
    if sound in _SOUNDS:
        conversion.carry((*place, "background_sound", "source_id"), "backgroundSound", _SOUNDS[sound])
        source.ledger.repeat((*place, "background_sound", "source_type"), "the kind of background sound")


def _convert_duration(conversion: Conversion, place: Place) -> None:
    target, seconds = "sessionTimeoutConfig.timeoutTimeInSecs", conversion.source.number(*place)
    if seconds is None:
        conversion.add(target, 600, "ElevenLabs ends a call after 600 s, Atoms after 1800")
        return
    kept = int(min(max(seconds, _SESSION_S[0]), _SESSION_S[1]))
    why = "" if kept == seconds else f"{seconds:g} s was brought into {_SESSION_S[0]} to {_SESSION_S[1]} s"
    conversion.carry(place, target, kept, grade=Grade.EXACT if kept == seconds else Grade.APPROXIMATED, why=why)


def _convert_events(conversion: Conversion, place: Place) -> None:
    """An ElevenLabs agent switches interruptions off by leaving `interruption` out of its list of events."""
    events = conversion.source.get(*place)
    if isinstance(events, list) and events and "interruption" not in events:
        conversion.put("allowInterruptions", False)
        why = "`interruption` is not in the list, which switches interrupting off"
        conversion.source.ledger.add("config.allowInterruptions", False, why)
