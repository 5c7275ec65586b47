"""A line with a tape running along, whatever the line is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from parley.inference.speech import FRAME_MS
from parley.recordings import Recordings, Reel, Stretch, Tape
from parley.voice import (
    Audio,
    Clear,
    Event,
    Heard,
    Incoming,
    Line,
    SpeechStarted,
    SpeechStopped,
    TranscriptFinal,
)

_FRAME = timedelta(milliseconds=FRAME_MS)


class RecordedLine:
    """A `voice.Line` over another. The caller's track opens when the announcement was heard to its end, and not before:
    who talks over it is not recorded. `started_at`: the moment of the first sample, None before it."""

    def __init__(self, line: Line, announcement: str) -> None:
        self.tape = Tape()
        self.started_at: datetime | None = None
        self._line = line
        self._announcement = announcement
        self._speech: tuple[int, int | None] | None = None  # the caller's, since the last turn
        self._turn: int | None = None
        self._of_turn: dict[int, list[Stretch]] = {}
        self._reply: tuple[int, Stretch] | None = None
        self._cut = asyncio.Event()
        self._over = False

    async def receive(self) -> Incoming:
        """See `voice.Line.receive`."""
        item = await self._line.receive()
        if isinstance(item, bytes):
            if self.started_at is None:
                self.started_at = datetime.now(UTC) - _FRAME
            self.tape.hear(item)
            if self.tape.has_pieces:
                self._cut.set()
        return item

    def tell(self, event: Event) -> None:
        """See `voice.Line.tell`."""
        unplayed = self._line.unplayed_ms
        self._line.tell(event)
        match event:
            case Audio():
                self._speaks(event, unplayed)
            case Clear():
                end = self.tape.clear(unplayed)
                if self._reply is not None:
                    self._reply[1].end_ms = end
            case Heard():
                self._heard(event)
            case SpeechStarted(at_ms) if self._speech is None or self._speech[1] is not None:
                self._speech = (at_ms if self._speech is None else self._speech[0], None)
            case SpeechStopped(at_ms) if self._speech is not None:
                self._speech = (self._speech[0], at_ms)
            case TranscriptFinal():
                self._turns(event)
            case _:
                pass

    @property
    def unplayed_ms(self) -> float:
        """See `voice.Line.unplayed_ms`."""
        return self._line.unplayed_ms

    async def wind(self, recordings: Recordings, reel: Reel, conversation: Callable[[], str | None]) -> None:
        """Write down what comes off the tape, until `stop`, and then the rest."""
        while not self._over:
            await self._cut.wait()
            self._cut.clear()
            if not self._over:
                await recordings.wind(reel, conversation(), self.started_at)
        await recordings.keep(reel, conversation(), self.started_at)

    def stop(self) -> None:
        """The talk is over."""
        self._over = True
        self._cut.set()

    def note(self, turn: int, message_id: str) -> None:
        """The caller's line as which a turn is on record: it and what answers it carry its id."""
        for stretch in self._of_turn.get(turn, ()):
            stretch.message_id = message_id

    def _speaks(self, event: Audio, unplayed_ms: float) -> None:
        begin, end = self.tape.speak(event.pcm, event.sample_rate, unplayed_ms, last=event.last)
        if self._reply is None or self._reply[0] != event.reply:
            self._reply = (event.reply, self._stretch("agent", begin, end))
        self._reply[1].end_ms = max(end, self._reply[1].start_ms)

    def _heard(self, event: Heard) -> None:
        if self._reply is not None and self._reply[0] == event.reply:
            self._reply[1].complete = event.complete
        if event.text.startswith(self._announcement):
            self.tape.open = True

    def _turns(self, event: TranscriptFinal) -> None:
        self._turn = event.turn
        now = self.tape.now_ms
        begin, end = self._speech if event.kind == "speech" and self._speech is not None else (now, now)
        self._speech = None
        self._stretch("user", begin, now if end is None else end)

    def _stretch(self, role: str, begin: int, end: int) -> Stretch:
        made = Stretch(role, begin, end)
        self.tape.stretches.append(made)
        if self._turn is not None:
            known = self._of_turn.setdefault(self._turn, [])
            made.message_id = known[0].message_id if known else None
            known.append(made)
        return made
