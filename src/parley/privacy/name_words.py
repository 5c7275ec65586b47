"""The words of a message and what each can be in a person's name, by the lists and by its shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from parley.privacy.words import cities, common_words, lines, names, proper_words, regions

WORD = re.compile(r"[^\W\d_]+(?:['’\-‐][^\W\d_]+)*|'t(?=\s)")
PARTICLES = frozenset(
    "van von 't de der den del della di da do dos das du la le ter ten zu zum zur vom al el bin ibn "
    "abu ben af av y e st".split()
)
_ALSO_NAMES = frozenset(("will", "april", "june", "may", "august"))


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `kind`: F first name, L last name (f, l: a common word as well), U a word no list knows, I an initial,
    P a particle ("van"), O any other. `able`: written so that it can be a name (a capital, or no text has any)."""

    text: str
    start: int
    end: int
    kind: str
    able: bool

    @property
    def lower(self) -> str:
        """The word in small letters without the genitive's s."""
        return bare(self.text)


def bare(word: str) -> str:
    """A word in small letters without the genitive's s."""
    lower = word.lower().replace("’", "'")
    return lower.removesuffix("'s") if len(lower) > 3 else lower


def is_function_word(word: str) -> bool:
    """Whether a word never is a name, nor goes on one."""
    return word in lines("function_words") and word not in _ALSO_NAMES


def words_of(text: str) -> list[Word]:
    """The words in order. A text without capitals (but for the I) is read as a recogniser of speech writes it."""
    matches = list(WORD.finditer(text))
    written = [m.group() for m in matches if not re.fullmatch(r"I(?:['’]\w+)?", m.group())]
    if not any(c.isupper() for word in written for c in word):
        return _spoken(matches)
    shouted = not any(c.islower() for word in written for c in word)
    return [_written(match, shouted=shouted) for match in matches]


def _written(match: re.Match[str], *, shouted: bool) -> Word:
    text = match.group()
    able = text[0].isupper()
    if len(text) == 1 and able and text != "I":
        kind = "I"
    elif text.lower() in PARTICLES and not (able and names().get(text.lower())):
        kind = "P"
    elif not able or is_function_word(text.lower()):
        kind = "O"
    else:
        kind = kind_of(text)
        kind = "O" if kind == "U" and text.isupper() and not shouted else kind
    return Word(text, *match.span(), kind, able)


def _spoken(matches: list[re.Match[str]]) -> list[Word]:
    found: list[Word] = []
    for match in matches:
        text = match.group()
        kind = "P" if text in PARTICLES else "O" if is_function_word(text.lower()) else kind_of(text)
        behind_first = bool(found) and found[-1].kind == "F"
        if (
            (kind == "U" and not behind_first)
            or (kind in "fl" and not (kind == "l" and behind_first))
            or (kind in "UL" and text in cities())
        ):
            kind = "O"
        found.append(Word(text, *match.span(), kind, True))
    return found


@lru_cache(maxsize=8192)
def kind_of(word: str) -> str:
    """What a word that could be a name is by the lists: F, L, f, l, U or O. A compound is what its best part is."""
    lower = bare(word)
    flags = names().get(lower, "")
    if flags:
        weak = "?" in flags or lower in lines("not_names") or lower in regions()
        kind = "F" if "f" in flags else "L"
        return kind.lower() if weak else kind
    if "-" in lower or "'" in lower:
        kinds = {kind_of(part.capitalize()) for part in re.split(r"[\-']", lower) if part}
        return next((k for k in "FLUfl" if k in kinds), "O") if "O" not in kinds or kinds & set("FL") else "O"
    return "O" if len(lower) < 3 or _is_known(lower) or _is_noun_like(lower) else "U"


def _is_known(lower: str) -> bool:
    if (
        lower in common_words()
        or lower in proper_words()
        or lower in regions()
        or lower in cities()
        or lower in lines("place_words")
    ):
        return True
    endings = ("s", "es", "ed", "ing", "ly", "er", "en", "e")
    return any(lower.endswith(end) and lower[: -len(end)] in common_words() for end in endings)


_NOUN_ENDINGS = tuple(
    "ung ungen heit heiten keit keiten schaft schaften tion tionen tät täten ismus nummer nummern platz straße zeit "
    "haus tag stelle karte zimmer anfrage schein amt konto daten adresse termin lich isch ische".split()
)


def _is_noun_like(lower: str) -> bool:
    """A German noun no list has: it ends like one, or it is put together of two words that the list knows."""
    return lower.endswith(_NOUN_ENDINGS) or (
        len(lower) > 8
        and any(lower[cut:] in common_words() and _is_head(lower[:cut]) for cut in range(3, len(lower) - 3))
    )


def _is_head(head: str) -> bool:
    """The first part of a compound: a word, or one with a linking s, n, en or without its e."""
    words = common_words()
    return any(
        form in words
        for form in (head, head.removesuffix("s"), head.removesuffix("n"), head.removesuffix("en"), head + "e")
    )
