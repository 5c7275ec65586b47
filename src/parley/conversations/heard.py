"""How much of what the agent said was heard, by a carrier's own transcript of the call. Pure.

A transcript is all that was said; it may still correct the caller's last words or join two utterances to one. Positions
therefore count turns of speech (runs of one side), never utterances.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Talk = list[tuple[str, str]]  # (role: agent or user, words), the sides taking turns

_WORD = re.compile(r"\w+")
_ASIDE = re.compile(r"\([^)]*\)")  # what a carrier writes where nobody could understand
_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class Kept:
    """A line as it is on record, in clear."""

    id: str
    role: str
    words: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a record lacks of what was said. `cut`: line → what was heard of it, "" for nothing. `said`: what the caller
    said after the record ends."""

    cut: tuple[tuple[str, str], ...] = ()
    said: tuple[str, ...] = ()


def runs_of_speech(said: Iterable[tuple[str, str]]) -> Talk:
    """(role, words) with neighbours of one side joined."""
    found: Talk = []
    for role, words in said:
        if found and found[-1][0] == role:
            found[-1] = (role, f"{found[-1][1]} {words}")
        else:
            found.append((role, words))
    return found


def plain(text: str) -> list[str]:
    """The words alone, in small letters."""
    return [word.casefold() for word in _WORD.findall(text)]


def heard_of(said: str, shown: str) -> int | None:
    """How many characters of `said` the carrier's `shown` covers, cut after a word and its marks.

    None where `shown` is of something else: then nothing is known. Words of others may follow in `shown`.
    """
    told = list(_WORD.finditer(said))
    heard = plain(shown)
    count = 0
    for word, spoken in zip(told, heard, strict=False):
        if word.group().casefold() != spoken:
            break
        count += 1
    if count == len(told):
        return len(said)
    if count < _ENOUGH * len(heard) or count == 0:
        return None
    end = told[count - 1].end()
    while end < len(said) and not said[end].isspace():
        if said[end].isalnum():
            break
        end += 1
    return end


def correction(record: Sequence[Kept], talk: Talk) -> Correction:
    """What to put right at the end of a record, now that `talk` is all that was said on the call.

    Only what follows the caller's last line on record is judged: all before was put right while the call went on.
    """
    heard = ((role, _ASIDE.sub(" ", words) if role == "user" else words) for role, words in talk)
    talk = runs_of_speech((role, words) for role, words in heard if plain(words))
    last = next((at for at in reversed(range(len(record))) if record[at].role == "user"), None)
    since = record if last is None else record[last + 1 :]
    if last is None:
        return Correction(_cuts(since, talk, 0), tuple(_callers(talk, 0)))
    question = plain(record[last].words)
    place = _place_of(question, talk)
    if place is None:
        return Correction()
    more = " ".join(_after(talk[place - 1][1], len(question)).split())
    said = [words for words in (more, *_callers(talk, place)) if words]
    return Correction(_cuts(since, talk, place), tuple(said))


def _cuts(since: Sequence[Kept], talk: Talk, place: int) -> tuple[tuple[str, str], ...]:
    """Of the agent's lines `since`, those that were not heard to their end."""
    if any(line.role != "agent" for line in since):
        return ()  # a person stepped in, whose words are spoken to their end
    whole = " ".join(line.words for line in since)
    shown = " ".join(words for role, words in talk[place:] if role == "agent")
    length = 0 if not shown else _length_heard(whole, shown)
    if length is None or length >= len(whole.rstrip()):
        return ()
    cut: list[tuple[str, str]] = []
    begin = 0
    for line in since:
        kept = line.words[: max(0, length - begin)].rstrip()
        if kept != line.words.rstrip():
            cut.append((line.id, kept))
        begin += len(line.words) + 1
    return tuple(cut)


def _length_heard(whole: str, shown: str) -> int | None:
    told, heard = plain(whole), plain(shown)
    if len(heard) >= len(told):
        return len(whole)  # said in other words at most: "$24" is read out
    first = next((at for at in range(len(heard)) if heard[at : at + 2] == told[:2]), 0)  # a filler goes before
    return heard_of(whole, " ".join(heard[first:]))


def _place_of(question: Sequence[str], talk: Talk) -> int | None:
    """Where the caller's last run that begins with these words ends; None where there is none."""
    for at in reversed(range(len(talk))):
        role, words = talk[at]
        if role == "user" and question and plain(words)[: len(question)] == list(question):
            return at + 1
    return None


def _after(text: str, count: int) -> str:
    """The text behind its first `count` words."""
    words = list(_WORD.finditer(text))
    return text[words[count].start() :] if count < len(words) else ""


def _callers(talk: Talk, place: int) -> list[str]:
    return [words for role, words in talk[place:] if role == "user"]
