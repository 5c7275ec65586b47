"""Reading the carrier's transcript: what is new in it, and how much of an answer was heard.

Retell sends all that was said each time, and may still correct the caller's last words or join two utterances to one.
Positions therefore count turns of speech (runs of one side), never utterances.
"""

from __future__ import annotations

from parley.channels.retell_frames import UNINTELLIGIBLE, Transcript
from parley.conversations import Talk, plain, runs_of_speech


def runs(transcript: Transcript) -> Talk:
    """The transcript as (role, words), neighbours of one side joined."""
    return runs_of_speech((one.role, one.content) for one in transcript)


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
