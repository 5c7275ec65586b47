"""Does a transcript sound finished? Rules over words, for English and German.

Transcribers punctuate badly or not at all while a sentence grows, so only a question mark or a trailing comma counts.
Whoever dictates a number, an address of electronic mail or a name letter by letter is unfinished until enough of it is
there. The classes follow turn-taking research (Gravano and Hirschberg 2011): syntactic completion is the strongest
textual cue, and its absence holds the floor.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from parley.voice.lexicon import Lexicon, ends_in, holds, lexicon
from parley.voice.transcript import words_of

Completeness = Literal["finished", "unclear", "unfinished"]

_GOES_ON = re.compile(r"(?:[,;:–-]|\.\.\.|…)\s*$")
_ENOUGH = 10  # digits: a complete telephone number almost everywhere
_DICTATES = 3  # single digits in a row without any cue
_LEAST_QUESTION = 4  # words


@lru_cache(maxsize=256)
def completeness(text: str, language: str, asked: str = "") -> Completeness:
    """Judge `text`, all the caller has said in this turn; `asked` is the agent's last reply."""
    words = words_of(text)
    if not words:
        return "unclear"
    known = lexicon(language)
    asked_words = words_of(asked)[-20:]
    dictation = _dictation(words, asked_words, text, known)
    if dictation is not None:
        return dictation
    if _GOES_ON.search(text) or ends_in(words, known.filler):
        return "unclear" if ends_in(words, known.closes) else "unfinished"
    if text.rstrip().endswith(("?", "!")):
        return "finished"
    if _wants_more(words, known):
        return "unfinished"
    if ends_in(words, known.closes) or _is_question(words, known):
        return "finished"
    return "finished" if _ends_in_number(words, known) and len(words) > 1 else "unclear"


def _dictation(words: list[str], asked: list[str], text: str, known: Lexicon) -> Completeness | None:
    """What a number, an e-mail address or spelling says; None where nothing is dictated."""
    mail = _mail(words, asked, text, known)
    if mail is not None:
        return mail
    run = _trailing_digits(words, known)
    letters = _trailing_letters(words)
    cue = max((least for phrase, least in known.dictated if holds(words, phrase) or holds(asked, phrase)), default=0)
    if run and (cue or run >= _DICTATES):
        digits = _all_digits(words, known)
        if digits >= _ENOUGH and digits >= cue:
            return "finished"
        return "unfinished" if digits < (cue or _ENOUGH) else "unclear"
    if letters and any(holds(words, phrase) or holds(asked, phrase) for phrase in known.spelt):
        return "unfinished"
    return None


def _mail(words: list[str], asked: list[str], text: str, known: Lexicon) -> Completeness | None:
    cued = any(holds(words, cue) or holds(asked, cue) for cue in known.mail)
    begun = "@" in text or (cued and any(holds(words, cue) for cue in known.mail_goes_on))
    if not begun:
        return "unfinished" if cued and _trailing_letters(words) else None
    if ends_in(words, known.mail_end) and ("." in text or any(dot in words for dot in ("dot", "punkt"))):
        return "finished"
    return "unfinished"


def _wants_more(words: list[str], known: Lexicon) -> bool:
    """Whether the sentence cannot end here."""
    if len(words) > 1 and words[0] == "between" and "and" not in words:
        return True
    if len(words) > 1 and words[0] == "zwischen" and "und" not in words:
        return True
    if tuple(words[:1]) in known.subordinate and len(words) < 2 * _LEAST_QUESTION - 1:
        return True
    asks = tuple(words[:1]) in known.question
    if len(words) == 2 and asks and tuple(words[1:]) in known.pronoun:
        return True
    if len(words) > 2 and tuple(words[-2:-1]) in known.subordinate and tuple(words[-1:]) in known.pronoun:
        return True
    if len(words) > 1 and words[-2] in {"on", "am"} and tuple(words[-1:]) in known.month:
        return True
    if not ends_in(words, known.goes_on):
        return False
    wh = tuple(words[:1]) in known.wh
    stranded = wh and len(words) >= _LEAST_QUESTION and tuple(words[-1:]) not in _articles(known)
    echoed = len(words) in {2, 3} and tuple(words[-2:-1]) in known.pronoun and not asks
    return not (stranded or (echoed and words[0] in {"yes", "yeah", "no", "sure"}))


def _articles(known: Lexicon) -> frozenset[tuple[str, ...]]:
    return known.goes_on - _STRANDED


_STRANDED = frozenset(
    {(word,) for word in "from of about like into is are was do does have has ist sind war haben hat kann".split()}
)


def _is_question(words: list[str], known: Lexicon) -> bool:
    return len(words) >= _LEAST_QUESTION and tuple(words[:1]) in known.question


def _ends_in_number(words: list[str], known: Lexicon) -> bool:
    return words[-1].isdigit() or tuple(words[-1:]) in known.number_word


def _trailing_digits(words: list[str], known: Lexicon) -> int:
    """How many digits or number words close the text."""
    count = 0
    for word in reversed(words):
        if word.isdigit():
            count += len(word)
        elif (word,) in known.number_word:
            count += 1
        else:
            break
    return count


def _all_digits(words: list[str], known: Lexicon) -> int:
    return sum(len(word) if word.isdigit() else (word,) in known.number_word for word in words)


def _trailing_letters(words: list[str]) -> int:
    count = 0
    for word in reversed(words):
        if len(word) != 1 or not word.isalpha() or (count == 0 and word in "ai"):
            break
        count += 1
    return count
