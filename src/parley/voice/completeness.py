"""Does a transcript sound finished? Rules over words, for English and German.

Transcribers punctuate badly or not at all while a sentence grows, so only a question mark or a trailing comma counts.
Whoever dictates a number, an address of electronic mail or a name letter by letter is unfinished until enough of it is
there. The classes follow turn-taking research (Gravano and Hirschberg 2011): syntactic completion is the strongest
textual cue, and its absence holds the floor.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from parley.voice.lexicon import Lexicon, ends_in, holds, lexicon
from parley.voice.transcript import words_of

Completeness = Literal["finished", "unclear", "unfinished"]

_GOES_ON = re.compile(r"(?:[,;:–-]|\.\.\.|…)\s*$")
_LAST_QUESTION = re.compile(r"[^.?!]*[?]\s*$")
_TIME = re.compile(r"\d[:.]\d\d?\s*$")
_MAIL_END = re.compile(r"\w\.[a-z]{2,}\W*$", re.IGNORECASE)
_MAIL = re.compile(r"@\S+\.[a-z]{2,}", re.IGNORECASE)
_DOTS = (["dot"], ["punkt"])
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
    asked_words = words_of(question.group()) if (question := _LAST_QUESTION.search(asked)) else []
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
    return "finished" if _is_number(words[-1], known) and len(words) > 1 else "unclear"


def _dictation(words: list[str], asked: list[str], text: str, known: Lexicon) -> Completeness | None:
    """What a number, an e-mail address or spelling says; None where nothing is dictated."""
    mail = _mail(words, asked, text, known)
    if mail is not None:
        return mail
    run = 0 if _TIME.search(text) else _trailing_digits(words, known)
    letters = _trailing_letters(words)
    cue = max((least for phrase, least in known.dictated if holds(words, phrase) or holds(asked, phrase)), default=0)
    if run and (cue or _trailing_single(words, known) >= _DICTATES):
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
    if _MAIL_END.search(text) or (ends_in(words, known.mail_end) and words[-2:-1] in _DOTS):
        return "finished"
    ended = any([dot] in _DOTS and (end,) in known.mail_end for dot, end in pairwise(words))
    return None if ended or _MAIL.search(text) else "unfinished"


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
    if (
        ends_in(words, known.closes)
        or not ends_in(words, known.goes_on)
        or (words[-1] == "am" and len(words) > 1 and _is_number(words[-2], known))
    ):
        return False
    if tuple(words[-2:-1]) in known.pronoun and any((word,) in known.relative for word in words[:-2]):
        return False
    wh = tuple(words[:1]) in known.wh
    stranded = wh and len(words) >= _LEAST_QUESTION and tuple(words[-1:]) not in _articles(known)
    echoed = len(words) in {2, 3} and tuple(words[-2:-1]) in known.pronoun and not asks
    return not (stranded or (echoed and words[0] in {"yes", "yeah", "no", "sure"}))


def _articles(known: Lexicon) -> frozenset[tuple[str, ...]]:
    return known.goes_on - known.stranded


def _is_question(words: list[str], known: Lexicon) -> bool:
    return len(words) >= _LEAST_QUESTION and tuple(words[:1]) in known.question


def _is_number(word: str, known: Lexicon) -> bool:
    return word.isdigit() or (word,) in known.number_word


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


def _trailing_single(words: list[str], known: Lexicon) -> int:
    """How many single digits or number words close the text, one by one."""
    count = 0
    for word in reversed(words):
        if not ((word.isdigit() and len(word) == 1) or (word,) in known.number_word):
            break
        count += 1
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
