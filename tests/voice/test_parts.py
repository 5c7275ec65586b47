"""The small parts of the engine: frames, voicing, the transcript, the far end's loudspeaker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley.inference.speech import FRAME_BYTES, Final, Partial
from parley.voice import Framer, Playout, VoicingRule
from parley.voice.transcript import Transcript
from parley.voice.voicing import Voicing


@given(st.lists(st.binary(max_size=2000), max_size=10))
def test_frames_are_the_bytes_in_order(pieces: list[bytes]) -> None:
    framer = Framer()
    frames = [frame for piece in pieces for frame in framer.push(piece)]
    rest = framer.flush()
    everything = b"".join(pieces)
    assert all(len(frame) == FRAME_BYTES for frame in [*frames, *([rest] if rest else [])])
    assert (b"".join(frames) + (rest or b"")).startswith(everything)
    assert framer.flush() is None


def test_voicing_opens_and_closes_with_hysteresis() -> None:
    voicing = Voicing(VoicingRule(start_ms=60, stop_ms=100))
    probabilities = [0.6, 0.6, 0.1, 0.6, 0.6, 0.4, 0.4, 0.3, 0.4, *[0.2] * 5]
    changes = [voicing.step(probability) for probability in probabilities]
    assert changes.index(True) == 4
    assert changes.index(False) == len(changes) - 1
    assert voicing.silent_ms == 100


def test_a_click_is_no_speech() -> None:
    voicing = Voicing()
    assert [voicing.step(1.0 if number % 5 == 0 else 0.0) for number in range(100)] == [None] * 100


def test_partials_and_finals_make_one_text() -> None:
    transcript = Transcript()
    assert transcript.partial(Partial("a tab", 0))
    assert transcript.partial(Partial("a table", 0))
    assert not transcript.partial(Partial("a table", 0))
    assert transcript.final(Final("a table for", 0))
    assert not transcript.partial(Partial("a late partial", 0))
    assert transcript.partial(Partial("two", 1))
    assert transcript.text == "a table for two"
    assert transcript.take() == "a table for two"
    assert transcript.text == ""


def test_a_late_final_brings_only_what_is_new() -> None:
    transcript = Transcript()
    transcript.partial(Partial("a table", 0))
    assert transcript.take() == "a table"
    assert not transcript.final(Final("a table", 0))
    assert not transcript.final(Final("The cable", 0))
    assert transcript.final(Final("A table, for two.", 0))
    assert transcript.take() == "for two."
    assert not transcript.final(Final("A table, for two.", 0))


def test_a_repeated_final_counts_once_but_repeated_words_count_twice() -> None:
    transcript = Transcript()
    transcript.speech()
    transcript.final(Final("Yes", 0))
    transcript.settled()
    assert not transcript.final(Final("yes", 1))
    transcript.take()
    assert not transcript.final(Final("yes", 2))
    transcript.speech()
    assert transcript.final(Final("yes", 3))
    assert transcript.final(Final("yes", 4))
    assert transcript.text == "yes yes"


def test_the_loudspeaker_is_reckoned_and_corrected() -> None:
    playout = Playout()
    playout.add(500, now=10.0)
    playout.mark("a")
    playout.add(500, now=10.1)
    playout.mark("b")
    assert round(playout.unplayed_ms(10.4)) == 600
    playout.reached("a", now=10.8)  # it began late
    assert round(playout.unplayed_ms(10.8)) == 500
    playout.reached("unknown", now=10.9)
    playout.clear(11.0)
    assert playout.unplayed_ms(11.0) == 0
    playout.reached("b", now=11.1)
    playout.add(100, now=12.0)
    assert round(playout.unplayed_ms(12.0)) == 100
