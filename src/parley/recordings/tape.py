"""Two tracks on one clock: what the caller was heard to say, and what the agent was heard to say.

The clock is the audio received, in samples at 16 kHz. The caller's frames follow one another; the agent's sound is laid
where it is played, a little ahead, and cut where it is cleared. What is behind the present is final and goes to a file
that has no name: a process that dies leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Final

import numpy as np

from parley.inference.speech import HEARD_RATE
from parley.kit.audio_stream import Encoder

RATE: Final = HEARD_RATE
MOST_SECONDS: Final = 4 * 60 * 60  # a WAV holds 4 GB; whoever talks longer is recorded so far
_HEAD: Final = 44
_BATCH: Final = RATE  # samples; a second at a time goes to the disk
_TOGETHER: Final = RATE // 5  # pieces nearer than this follow one another without a gap


@dataclass(slots=True)
class Stretch:
    """Who spoke, from when to when in milliseconds of the tape. `message_id`: the caller's line, or for the agent the
    line it answers; None where it speaks of its own accord. `complete` False: it was cut off."""

    role: str
    start_ms: int
    end_ms: int
    message_id: str | None = None
    complete: bool = True


@dataclass(slots=True)
class Tape:
    """Runs along. `open`: whether the caller's track is on; before that it holds silence."""

    open: bool = False
    stretches: list[Stretch] = field(default_factory=list)
    _file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    _caller: bytearray = field(default_factory=bytearray)  # from `_done` on
    _agent: bytearray = field(default_factory=bytearray)  # from `_done` on, beyond the present
    _done: int = 0  # samples that went to the file
    _encoder: Encoder = field(default_factory=lambda: Encoder("pcm16", RATE))
    _written: asyncio.Future[None] | None = None

    @property
    def now(self) -> int:
        """The present, in samples."""
        return self._done + len(self._caller) // 2

    @property
    def now_ms(self) -> int:
        """The present, in milliseconds."""
        return self.now * 1000 // RATE

    def hear(self, frame: bytes) -> None:
        """The caller's next 20 ms."""
        if self.now >= MOST_SECONDS * RATE:
            return
        self._caller += frame if self.open else bytes(len(frame))
        if len(self._caller) >= _BATCH * 2:
            self._write()

    def speak(self, pcm: bytes, sample_rate: int, ahead_ms: float, *, last: bool) -> tuple[int, int]:
        """Sound of the agent that is played in `ahead_ms`. Returns from when to when, in milliseconds of the tape."""
        sound = b"".join(self._encoder.push(pcm, sample_rate, last=last))
        end = self._done + len(self._agent) // 2
        begin = self.now + round(ahead_ms * RATE / 1000)
        if abs(begin - end) < _TOGETHER or begin < end:
            begin = max(end, self._done)
        if begin + len(sound) // 2 <= MOST_SECONDS * RATE:
            self._agent += bytes((begin - end) * 2) + sound
        return begin * 1000 // RATE, (begin + len(sound) // 2) * 1000 // RATE

    def clear(self, unplayed_ms: float) -> int:
        """The last `unplayed_ms` of the agent's sound were never played. Returns where it ends now, in milliseconds."""
        self._encoder.drop()
        end = self._done + len(self._agent) // 2
        end = max(min(self.now, end), end - round(unplayed_ms * RATE / 1000))
        del self._agent[(end - self._done) * 2 :]
        return end * 1000 // RATE

    async def finish(self) -> tuple[IO[bytes], int, int]:
        """The whole WAV, rewound, its size, and how long it lasts in milliseconds. Call `close` in the end."""
        self._write()
        if self._written is not None:
            await self._written
        size = self._done * 4
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", _HEAD - 8 + size, b"WAVE", b"fmt ", 16, 1, 2, RATE, RATE * 4,
                           4, 16, b"data", size)  # fmt: skip

        def rewind() -> None:
            self._file.seek(0)
            self._file.write(head)
            self._file.seek(0)

        await asyncio.to_thread(rewind)
        return self._file, _HEAD + size, self._done * 1000 // RATE

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    def timeline(self) -> list[dict[str, Any]]:
        """Who spoke when, in order."""
        return [asdict(one) for one in sorted(self.stretches, key=lambda one: one.start_ms)]

    def _write(self) -> None:
        """What is behind the present goes to the file, in order, in a thread."""
        samples = len(self._caller) // 2
        tracks = np.zeros((samples, 2), np.int16)
        tracks[:, 0] = np.frombuffer(self._caller, np.int16)
        agent = np.frombuffer(bytes(self._agent[: samples * 2]), np.int16)
        tracks[: len(agent), 1] = agent
        self._caller.clear()
        del self._agent[: samples * 2]
        place, self._done = _HEAD + self._done * 4, self._done + samples
        self._written = asyncio.ensure_future(self._append(self._written, place, tracks.tobytes()))

    async def _append(self, before: asyncio.Future[None] | None, place: int, data: bytes) -> None:
        if before is not None:
            await before

        def write() -> None:
            self._file.seek(place)
            self._file.write(data)

        await asyncio.to_thread(write)
