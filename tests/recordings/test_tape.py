"""Two tracks on one clock."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.recordings import RATE, Tape
from parley.recordings.tape import PIECE_BYTES, PIECE_SECONDS, wav_head

pytestmark = pytest.mark.anyio
FRAME = RATE // 50


def level(value: int, ms: int) -> bytes:
    return np.full(RATE * ms // 1000, value, np.int16).tobytes()


async def tracks(tape: Tape) -> Any:
    """Samples of the caller and of the agent."""
    duration_ms = tape.now_ms
    tape.finish()
    pieces = []
    while (piece := tape.take()) is not None:
        pieces.append(piece)
    assert all(len(piece) == PIECE_BYTES for piece in pieces[:-1])
    data = b"".join(pieces)
    with wave.open(io.BytesIO(wav_head(len(data)) + data)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 2, RATE)
        assert sound.getnframes() * 1000 // RATE == duration_ms
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16).reshape(-1, 2)


async def test_the_agent_is_laid_where_it_is_played() -> None:
    tape = Tape(open=True)
    for _ in range(50):
        tape.hear(level(100, 20))
    assert tape.speak(level(7, 300), RATE, 200.0, last=False) == (1200, 1500)
    assert tape.speak(level(7, 300), RATE, 495.0, last=True) == (1500, 1800), "pieces of a reply follow one another"
    for _ in range(50):
        tape.hear(level(100, 20))
    both = await tracks(tape)
    assert both.shape == (2 * RATE, 2)
    assert (both[:, 0] == 100).all()
    spoken = np.flatnonzero(both[:, 1] == 7)
    assert (spoken[0], spoken[-1] + 1, len(spoken)) == (1.2 * RATE, 1.8 * RATE, 0.6 * RATE)


async def test_what_was_never_played_is_not_on_it() -> None:
    tape = Tape(open=True)
    tape.speak(level(7, 400), RATE, 0.0, last=False)
    for _ in range(10):
        tape.hear(bytes(FRAME * 2))
    assert tape.clear(200.0) == 200
    for _ in range(60):
        tape.hear(bytes(FRAME * 2))
    assert tape.speak(level(9, 100), RATE, 0.0, last=True) == (1400, 1500)
    for _ in range(10):
        tape.hear(bytes(FRAME * 2))
    agent = (await tracks(tape))[:, 1]
    assert np.count_nonzero(agent == 7) == 0.2 * RATE
    assert np.flatnonzero(agent == 9)[0] == 1.4 * RATE


async def test_before_it_is_open_the_caller_is_silent() -> None:
    tape = Tape()
    tape.hear(level(100, 20))
    tape.open = True
    tape.hear(level(100, 20))
    caller = (await tracks(tape))[:, 0]
    assert (caller[:FRAME] == 0).all()
    assert (caller[FRAME:] == 100).all()


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("hear"), st.integers(1, 120)),
            st.tuples(st.just("speak"), st.integers(1, 900)),
            st.tuples(st.just("clear"), st.integers(0, 900)),
        ),
        max_size=25,
    )
)
def test_the_tracks_are_always_as_long_as_what_was_heard(steps: list[tuple[str, int]]) -> None:
    import asyncio

    async def run() -> None:
        tape, frames, end = Tape(open=True), 0, 0
        for what, amount in steps:
            if what == "hear":
                for _ in range(amount):
                    tape.hear(level(1, 20))
                frames += amount
            elif what == "speak":
                begin, until = tape.speak(level(2, amount), RATE, float(amount % 500), last=amount % 2 == 0)
                assert end <= begin + 1 <= until + 1
                end = until
            else:
                end = tape.clear(float(amount))
        both = await tracks(tape)
        assert len(both) == frames * FRAME
        assert (both[:, 0] == 1).all()

    asyncio.run(run())


async def test_pieces_come_off_while_it_runs() -> None:
    tape = Tape(open=True)
    for _ in range(PIECE_SECONDS * 50 * 2 + 10):
        tape.hear(level(3, 20))
    assert tape.has_pieces
    assert [len(tape.take() or b"") for _ in range(2)] == [PIECE_BYTES] * 2
    assert tape.take() is None
    tape.finish()
    assert len(tape.take() or b"") == 10 * FRAME * 4


async def test_what_nobody_takes_ends_it() -> None:
    """An announcement that is never heard out, a disk that stands still: no more than a minute is held."""
    tape = Tape()
    for _ in range(70 * 50):
        tape.hear(level(3, 20))
    assert tape.is_off
    assert not tape.has_pieces
    tape.speak(level(3, 200), RATE, 0.0, last=True)
    assert not tape._agent
