"""What an agent wrote about who hears and who speaks for it, and whether they can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parley.channels import SpeechName
from parley.kit.errors import InvalidInput
from parley.providers.speech_catalog import SpeechKeys, check_speaker, check_transcriber, check_voice

_MOST_FALLBACKS = 5


@dataclass(frozen=True, slots=True)
class SpeechWish:
    """Catalog names in order, and the voice that the first one has to speak with ("" for none)."""

    names: tuple[str, ...] = ()
    voice: str = ""


def read_wish(choice: SpeechName, where: str, *, speaks: bool = False) -> SpeechWish:
    """An agent's `stt` or `tts`: "vendor/model", or {provider, model, fallback}, a speaker's with voice.

    Raises `InvalidInput` naming the field below `where`.
    """
    if not choice:
        return SpeechWish()
    if isinstance(choice, str):
        return SpeechWish((choice.strip(),))
    known = ("provider", "model", "fallback", *(("voice",) if speaks else ()))
    for field in choice:
        if field not in known:
            raise InvalidInput(f"{where}.{field[:60]} is not known; it takes {', '.join(known)}.")
    provider, model = _text(choice, "provider", where), _text(choice, "model", where)
    names = [_named(provider, model)] if provider or model else []
    return SpeechWish((*names, *_fallback(choice.get("fallback"), where)), _text(choice, "voice", where))


class SpeechCheck:
    """Refuses what can never hear or speak: a vendor nobody knows, a model or a voice that it does not have."""

    def __init__(self, keys: SpeechKeys) -> None:
        self._keys = keys

    def of_agent(self, stt: SpeechName, tts: SpeechName) -> None:
        """Raises `InvalidInput` naming `stt` or `tts`, or the field below it."""
        self._check(read_wish(stt, "stt"), "stt", check_transcriber)
        wish = read_wish(tts, "tts", speaks=True)
        self._check(wish, "tts", check_speaker)
        if wish.voice and wish.names:
            check_voice(wish.voice, wish.names[0], self._keys, "tts.voice")

    def _check(self, wish: SpeechWish, where: str, check: Callable[[str, SpeechKeys, str], None]) -> None:
        for name in wish.names:
            check(name, self._keys, where)


def _named(provider: str, model: str) -> str:
    """A model may be written with its vendor or without."""
    if not provider or model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model}" if model else provider


def _text(choice: Mapping[str, Any], field: str, where: str) -> str:
    value = choice.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 200:
        raise InvalidInput(f"{where}.{field} must be text of 1 to 200 characters.")
    return value.strip()


def _fallback(value: Any, where: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_FALLBACKS or not all(isinstance(one, str) for one in value):
        raise InvalidInput(f'{where}.fallback must be a list of at most {_MOST_FALLBACKS} names, "vendor/model".')
    return [one.strip() for one in value if one.strip()]
