"""Whether a sentence says what a cue looks for: not where it denies it, and, where that is wanted, only where it asks.

"I won't apologise" is no apology and "that is not your fault" no reproach. What a negation reaches is left out of the
sentence before cues are looked for; a cue that holds a negation itself ("not my problem") is looked for in all of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from parley.personas import is_question, recognises
from parley.training.scenario import Evidence

_NOT = {
    "en": r"\b(?:not|never|cannot|without|nobody|nothing|none|no|unable|refuse[sd]?|\w+n['’]t)\b",
    "de": r"\b(?:nicht|nichts|nie|niemals|kein\w*|niemand\w*|ohne|weigere)\b",
}
# Negations that deny nothing of what follows.
_IDIOMS = {
    "en": r"\b(?:(?:can['’]?t|cannot|can not) \w+ enough|not only|not just|not least|no doubt|no problem|no worries"
    r"|no trouble|not a problem|don['’]?t worry|do not worry|never mind|why (?:don['’]?t|not)|no later than"
    r"|(?:don['’]?t|do not) (?:hesitate|mind)|nothing but|isn['’]?t it|doesn['’]?t it|won['’]?t you)\b",
    "de": r"\b(?:nicht nur|kein problem|keine sorge|keine ursache|ohne weiteres|nicht zuletzt|nicht später als"
    r"|nicht wahr)\b",
}
_CLAUSE = {
    "en": r"[,;:()–—]|\b(?:but|and|because|so|although|though|while|however|then)\b",
    "de": r"[,;:()–—]|\b(?:aber|und|weil|dass|sondern|denn|obwohl|doch|dann|wenn)\b",
}
# What makes a statement sound like a question: "You will have it tomorrow, all right?"
_TAG = re.compile(
    r",\s*(?:and )?(?:ok(?:ay)?|all ?right|right|(?:is|would) that (?:be )?(?:ok(?:ay)?|all ?right|fine)"
    r"|in ordnung|einverstanden|ja|passt (?:das|ihnen das)|ist das (?:ok(?:ay)?|in ordnung|recht))\s*\?\s*$",
    re.IGNORECASE,
)


def shows(evidence: Evidence, sentence: str, language: str) -> bool:
    """Whether a sentence of the trainee's holds one of the evidence's cues, and means it."""
    if evidence.asks is not None and is_question(_TAG.sub("", sentence), language) != evidence.asks:
        return False
    denying, plain = _parted(tuple(evidence.cues), language)
    return recognises(denying, sentence) or recognises(plain, affirmed(sentence, language))


def denies(sentence: str, language: str) -> bool:
    """Whether something is denied in it."""
    return affirmed(sentence, language) != sentence


@lru_cache(maxsize=1024)
def affirmed(sentence: str, language: str) -> str:
    """The sentence without what it denies. In German all of a clause: the negation stands behind what it is about."""
    bare = re.sub(_IDIOMS[language], " ", sentence, flags=re.IGNORECASE)
    if not (found := re.search(_NOT[language], bare, re.IGNORECASE)):
        return sentence
    kept, at = "", 0
    for end in [*(mark.span() for mark in re.finditer(_CLAUSE[language], bare, re.IGNORECASE)), (len(bare), len(bare))]:
        clause = bare[at : end[0]]
        found = re.search(_NOT[language], clause, re.IGNORECASE)
        kept += (clause if found is None else clause[: found.start()] if language == "en" else "") + bare[slice(*end)]
        at = end[1]
    return kept


@lru_cache(maxsize=4096)
def _parted(cues: tuple[str, ...], language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cues that hold a negation, and the others."""
    denying = tuple(cue for cue in cues if re.search(_NOT[language], cue.replace("|", " "), re.IGNORECASE))
    return denying, tuple(cue for cue in cues if cue not in denying)
