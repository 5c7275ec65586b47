"""Reading the carrier's transcript: what is new in it, and how much of an answer was heard.

Retell sends all that was said each time, and may still correct the caller's last words or join two utterances to one.
Positions therefore count turns of speech (runs of one side), never utterances.
"""

from __future__ import annotations

import re

from parley.channels.retell_frames import UNINTELLIGIBLE, Transcript

Talk = list[tuple[str, str]]  # (role, words), the sides taking turns

_WORD = re.compile(r"\w+")
_ENOUGH = 0.6


def runs(transcript: Transcript) -> Talk:
    """The transcript as (role, words), neighbours of one side joined."""
    found: Talk = []
    for one in transcript:
        if found and found[-1][0] == one.role:
            found[-1] = (one.role, f"{found[-1][1]} {one.content}")
        else:
            found.append((one.role, one.content))
    return found


def words_after(talk: Talk) -> str:
    """What the caller said since the agent last spoke."""
    return talk[-1][1] if talk and talk[-1][0] == "user" else ""


def agent_after(talk: Talk, place: int) -> str | None:
    """What the agent was heard to say after the first `place` runs; None where it said nothing."""
    said = [words for role, words in talk[place:] if role == "agent"]
    return " ".join(said) if said else None


def talked_over(talk: Talk, place: int) -> list[str]:
    """What the caller said after the first `place` runs and before the agent went on: nothing of it was a turn."""
    return [words for role, words in talk[place:-1] if role == "user"]


def without_noise(words: str) -> str:
    """The words without the carrier's mark for what nobody could understand."""
    return " ".join(words.replace(UNINTELLIGIBLE, " ").split())


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts of the caller say the same; marks and capitals may still change."""
    return plain(one) == plain(other)


def goes_on(old: str, new: str) -> bool:
    """Whether `new` is `old` said further. The last words of a transcript may still be corrected."""
    before, after = plain(old), plain(new)
    same = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    same = min(len(before), len(after)) if same is None else same
    return same > 0 and 2 * same >= len(before)


def plain(text: str) -> list[str]:
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
