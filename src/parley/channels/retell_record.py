"""Bringing the record of a call to what the carrier's transcript shows was really said."""

from __future__ import annotations

from parley.channels import retell_heard as heard
from parley.channels.retell_party import Memory, Party, Reply, TalkParts
from parley.conversations import Talk, heard_of, plain


async def put_right(parts: TalkParts, party: Party, memory: Memory, talk: Talk, words: str) -> None:
    """Put the last reply right, now that `words` are to be answered.

    An answer of which nothing was spoken is taken back with the line it answered: that line is part of `words`. One
    that was interrupted is cut. What the caller said while the agent went on is written down as it is.
    """
    past = memory.past
    if past is None:
        return
    place = past.place if past.place is not None else _place_of(past, talk)
    shown = heard.agent_after(talk, place)
    if shown is None:
        # A client that never shows what the agent said tells nothing by not showing it.
        if past.words and (memory.shows_agent or heard.goes_on(past.words, words)):
            await _take_back(parts, party, past)
    else:
        for said in heard.talked_over(talk, place):
            await parts.lines.say(party.tenant_id, party.conversation_id, said, "user")
        await _cut(parts, party, past, shown)
    memory.past = None


async def _take_back(parts: TalkParts, party: Party, past: Reply) -> None:
    if past.question_id is not None:
        await parts.lines.retract(party.tenant_id, party.conversation_id, past.question_id)
    elif past.line_id is not None:
        await parts.lines.take_back(party.tenant_id, party.conversation_id, past.line_id)


async def _cut(parts: TalkParts, party: Party, past: Reply, shown: str) -> None:
    length = heard_of(past.text, shown)
    stored = past.question_id or past.line_id
    if stored is not None and length is not None and length < len(past.text.rstrip()):
        kept = past.text[past.filler : length].strip()
        await parts.transcripts.cut(party.tenant_id, party.conversation_id, stored, kept)


def _place_of(past: Reply, talk: Talk) -> int:
    """Where in the transcript a turn ends that was asked for through another process: after the caller's last run
    that begins with its words."""
    wanted = plain(past.words)
    for at in reversed(range(len(talk))):
        role, words = talk[at]
        if role == "user" and wanted and plain(words)[: len(wanted)] == wanted:
            return at + 1
    return max(0, len(talk) - 1)
