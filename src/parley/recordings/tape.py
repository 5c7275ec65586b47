"""Two tracks on one clock: what the caller was heard to say, and what the agent was heard to say.

The clock is the audio received, in samples at 16 kHz. The caller's frames follow one another; the agent's sound is laid
where it is played, a little ahead, and cut where it is cleared. What is behind the present is final: it comes off the
tape in pieces of some seconds, and is kept nowhere else.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from parley.inference.speech import HEARD_RATE
from parley.kit.audio_stream import Encoder

RATE: Final = HEARD_RATE
FRAME_BYTES: Final = 4  # of one sample of both tracks
PIECE_SECONDS: Final = 5  # so much is lost with a process that dies
PIECE_BYTES: Final = PIECE_SECONDS * RATE * FRAME_BYTES
HEAD: Final = 44
MOST_SECONDS: Final = 4 * 60 * 60  # a WAV holds 4 GB; whoever talks longer is recorded so far
_MOST_WAITING: Final = 60 // PIECE_SECONDS  # a minute; an announcement, or a disk, that takes longer ends the recording
_PIECE: Final = PIECE_SECONDS * RATE
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
    """Runs along. `open`: whether the caller's track is on; before that it holds silence. `is_off`: it records no more,
    because what came off it was not taken in time."""

    open: bool = False
    is_off: bool = False
    stretches: list[Stretch] = field(default_factory=list)
    _final: deque[bytes] = field(default_factory=deque)
    _caller: bytearray = field(default_factory=bytearray)  # from `_done` on
    _agent: bytearray = field(default_factory=bytearray)  # from `_done` on, beyond the present
    _done: int = 0  # samples that came off
    _encoder: Encoder = field(default_factory=lambda: Encoder("pcm16", RATE))

    @property
    def now(self) -> int:
        """The present, in samples."""
        return self._done + len(self._caller) // 2

    @property
    def now_ms(self) -> int:
        """The present, in milliseconds."""
        return self.now * 1000 // RATE

    @property
    def has_pieces(self) -> bool:
        """Whether something waits to be taken off."""
        return bool(self._final)

    def hear(self, frame: bytes) -> None:
        """The caller's next 20 ms."""
        if self.is_off or self.now >= MOST_SECONDS * RATE:
            return
        self._caller += frame if self.open else bytes(len(frame))
        if len(self._caller) >= _PIECE * 2:
            self._cut(_PIECE)
            if len(self._final) > _MOST_WAITING:
                self.stop()

    def speak(self, pcm: bytes, sample_rate: int, ahead_ms: float, *, last: bool) -> tuple[int, int]:
        """Sound of the agent that is played in `ahead_ms`. Returns from when to when, in milliseconds of the tape."""
        sound = b"".join(self._encoder.push(pcm, sample_rate, last=last))
        end = self._done + len(self._agent) // 2
        begin = self.now + round(ahead_ms * RATE / 1000)
        if abs(begin - end) < _TOGETHER or begin < end:
            begin = max(end, self._done)
        if not self.is_off and begin + len(sound) // 2 <= MOST_SECONDS * RATE:
            self._agent += bytes((begin - end) * 2) + sound
        return begin * 1000 // RATE, (begin + len(sound) // 2) * 1000 // RATE

    def clear(self, unplayed_ms: float) -> int:
        """The last `unplayed_ms` of the agent's sound were never played. Returns where it ends now, in milliseconds."""
        self._encoder.drop()
        end = self._done + len(self._agent) // 2
        end = max(min(self.now, end), end - round(unplayed_ms * RATE / 1000))
        del self._agent[(end - self._done) * 2 :]
        return end * 1000 // RATE

    def take(self) -> bytes | None:
        """The next piece that is final: `PIECE_BYTES` of stereo 16-bit PCM. None where there is none yet."""
        return self._final.popleft() if self._final else None

    def finish(self) -> None:
        """Nothing more is heard: the rest, shorter than a piece, may be taken too."""
        if self._caller:
            self._cut(len(self._caller) // 2)

    def stop(self) -> None:
        """Record no more, and forget what was not taken."""
        self.is_off = True
        for held in (self._final, self._caller, self._agent):
            held.clear()

    def timeline(self) -> list[dict[str, Any]]:
        """Who spoke when, in order."""
        return [asdict(one) for one in sorted(self.stretches, key=lambda one: one.start_ms)]

    def _cut(self, samples: int) -> None:
        """So many samples behind the present come off."""
        tracks = np.zeros((samples, 2), np.int16)
        tracks[:, 0] = np.frombuffer(bytes(self._caller[: samples * 2]), np.int16)
        agent = np.frombuffer(bytes(self._agent[: samples * 2]), np.int16)
        tracks[: len(agent), 1] = agent
        del self._caller[: samples * 2]
        del self._agent[: samples * 2]
        self._done += samples
        self._final.append(tracks.tobytes())


def wav_head(sound_bytes: int) -> bytes:
    """The head of a WAV that holds so many bytes of sound of both tracks."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", HEAD - 8 + sound_bytes, b"WAVE", b"fmt ", 16, 1, 2, RATE, RATE * FRAME_BYTES,
        FRAME_BYTES, 16, b"data", sound_bytes,
    )  # fmt: skip
