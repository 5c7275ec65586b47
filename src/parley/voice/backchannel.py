"""Words that do not ask for the floor ("mhm", "okay", "ja genau"), and words that do, however short ("stop")."""

from __future__ import annotations

from functools import cache

from parley.voice.lexicon import Phrases, lexicon
from parley.voice.transcript import words_of

_LONGEST = 5  # words; whoever says more wants to say something
_PHRASE = 3


def is_backchannel(text: str, language: str, *, growing: bool = False) -> bool:
    """Whether all of `text` only shows that somebody listens. "" is no backchannel. `growing`: the words are not all
    there yet, so that the beginning of such a phrase ("alles", of "alles klar") counts as well."""
    words = words_of(text)
    if not 0 < len(words) <= _LONGEST:
        return False
    phrases = lexicon(language).backchannel
    return _made_of(words, _begun(phrases) if growing else phrases)


def is_stop(text: str, language: str) -> bool:
    """Whether `text` tells the agent to stop, and begins with it."""
    words = words_of(text)
    return any(tuple(words[:size]) in lexicon(language).stop for size in range(1, min(_PHRASE, len(words)) + 1))


@cache
def _begun(phrases: Phrases) -> Phrases:
    return frozenset(phrase[:size] for phrase in phrases for size in range(1, len(phrase) + 1))


def _made_of(words: list[str], phrases: Phrases) -> bool:
    """Whether the words can be cut into phrases without a rest."""
    reached = {0}
    for start in range(len(words)):
        if start in reached:
            reached |= {start + size for size in range(1, _PHRASE + 1) if tuple(words[start : start + size]) in phrases}
    return len(words) in reached
