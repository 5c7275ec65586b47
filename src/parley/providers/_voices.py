"""From the voice an agent asks for to the nearest one that a speaker has. Never an error: an agent's voice is often
named for another vendor, and a chain's second speaker has other names than its first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parley.inference.speech import Voice

Gender = Literal["f", "m", ""]
_LOCALE = re.compile(r"^([a-z]{2,3})-([A-Z]{2})\b")
_FEMALE = frozenset(
    "achernar alice amy ashley aoede coral danielle diana emma hannah hedda jane jenny jessica joanna kendra "
    "kimberly kore laura leda lily marin marlene matilda nova rachel ruth salli samantha sarah shimmer tara vicki "
    "zephyr autumn katja petra".split()
)
_MALE = frozenset(
    "ash austin brian cedar charlie charon daniel echo enceladus fable fenrir george guy hans iapetus joey "
    "justin liam matthew onyx orus puck stephen thorsten troy verse".split()
)


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """A voice that a vendor has. `id` is what the vendor is sent; `locale` "" speaks every language of the model."""

    name: str
    id: str
    gender: Gender = ""
    locale: str = ""


def nearest(asked: Voice, voices: Sequence[KnownVoice]) -> KnownVoice:
    """The voice of that name where it speaks the call's language; else one of the language, of the region and the
    gender that the asked name tells of, the first where it tells nothing."""
    name, language = asked.name.strip(), asked.language[:2].lower()
    able = [one for one in voices if not one.locale or one.locale[:2] == language] or list(voices)
    for one in able:
        if name and name.casefold() in {one.name.casefold(), one.id.casefold()}:
            return one
    locale, gender = _LOCALE.match(name), _gender(name)
    wanted = locale.group(0) if locale is not None and locale.group(1) == language else ""

    def distance(one: KnownVoice) -> tuple[bool, bool]:
        return bool(wanted and one.locale and one.locale != wanted), bool(
            gender and one.gender and one.gender != gender
        )

    return min(able, key=distance)


def _gender(name: str) -> Gender:
    parts = set(re.findall(r"[a-z]+", name.casefold()))
    return "f" if parts & _FEMALE or "female" in parts else "m" if parts & _MALE or "male" in parts else ""
