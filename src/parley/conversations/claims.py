"""What a sentence claims was done for the caller, in English and German.

A claim is a statement that something has happened ("I've booked it", "Ihr Tisch steht"), or is happening while it is
said ("I'm booking that now"). Questions, conditions, offers, negations and what holds for everybody ("tables are booked
for two hours") are none. Rules over word lists (claims.yaml); a few microseconds where no word of the lists occurs.
"""

from __future__ import annotations

from functools import cache

from parley.conversations.claims_de import German
from parley.conversations.claims_en import English
from parley.conversations.claims_words import NONE, Claims

__all__ = ["NONE", "Claims", "claimed_actions", "read_claims"]


def claimed_actions(sentence: str, language: str) -> frozenset[str]:
    """What the sentence says has been done: booked, changed, cancelled, viewing, noted, transferred, sent, refunded,
    discounted, alerted, paid; or `done`, where it says no more than that."""
    return read_claims(sentence, language).done


def read_claims(sentence: str, language: str) -> Claims:
    """Everything the sentence claims. Both languages are tried: a model may answer in another one than it should."""
    first, second = (_german(), _english()) if language == "de" else (_english(), _german())
    found = first.read(sentence)
    return found if found is not NONE else second.read(sentence)


@cache
def _english() -> English:
    return English()


@cache
def _german() -> German:
    return German()
