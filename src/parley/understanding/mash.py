"""Keys that are no words: "asdfgh", "xxxx", "...". Whoever types them wants nothing that could be guessed."""

from __future__ import annotations

import re
from itertools import pairwise

_TOKEN = re.compile(r"[^\W_]+")
_VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôûœæø")
_ROWS = ("qwertyuiopü", "asdfghjklöä", "zxcvbnm", "qwertzuiopü", "yxcvbnm")
_NEIGHBOURS = frozenset(pair for row in _ROWS for two in pairwise(row) for pair in ("".join(two), "".join(two[::-1])))
_SAME_ROW = 0.8
_LEAST = 4  # letters: shorter ones may be anybody's abbreviation
_SOUNDS = re.compile(r"h+m+|m+h*m*|p?s+t+|t+s+k+|b+r+|p+f+t*|z{2,3}|g+r+|s+h+")
_SPEAKABLE = re.compile(r"s?ch|ck|st|th|ng|ph|ght|pf|tz|nk")
_CLUSTER = re.compile(r"[^aeiouyäöüàâéèêîïôûœæøåíóú]{6,}")
_SHORT_FORMS = frozenset(
    "bdrm bdrms bthrm sqft tmrw tmrrw smth smthg lkws pkws gmbh bldg blvd mgmt dept pymt rsrv rsvp rsvn brkfst blck "
    "html http https nbsp strg wlan bzgl mfgr nxtwk".split()
)


def is_mash(message: str) -> bool:
    """Whether a message holds no letter or digit, or nothing but keys that lie side by side or cannot be said."""
    tokens = _TOKEN.findall(message.lower())
    words = [token for token in tokens if not token.isdigit()]
    if not tokens:
        return not any(ord(character) > 0x2190 for character in message)  # a sign such as a thumb says something
    return bool(words) and all(_walks(word) or _unspeakable(word) for word in words)


def _walks(word: str) -> bool:
    """Keys side by side, or one key again and again."""
    if len(word) < _LEAST:
        return len(set(word)) == 1 and len(word) > 1
    if len(set(word)) == 1:
        return not _SOUNDS.fullmatch(word)
    steps = ["".join(two) in _NEIGHBOURS for two in pairwise(word)]
    if len(word) == _LEAST:  # "were" and "rewe" lie side by side too
        return all(steps) and not re.search(r"e|o|i$", word)
    return sum(steps) / len(steps) >= _SAME_ROW


def _unspeakable(word: str) -> bool:
    """No vowel anywhere, or a run of consonants that no syllable has."""
    if len(word) < _LEAST or not word.isalpha() or word in _SHORT_FORMS or _SOUNDS.fullmatch(word):
        return False
    if not _VOWELS & set(word):
        return True
    return any(not _SPEAKABLE.search(run) for run in _CLUSTER.findall(word))
