"""A session as a whole, one behaviour at a time, on virtual time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import trio
from typing_extensions import override

from parley.inference.errors import ProviderRefused, ProviderUnavailable
from parley.inference.scripted_speech import Mischief, ScriptedSpeaker, ScriptedTranscriber
from parley.inference.speech import TranscriberCapabilities
from parley.voice import Digit, HungUp, Interrupt, SemanticPause, Typed, events, fixed_sentences
from parley.voice.scripted import Forever, Think, Work
from tests.voice.stage import FILLER, MANNERS, WORD_MS, Call, dial, quiet


def one(call: Call) -> Call:
    return dial([call])[0]


def test_a_conversation_is_greeted_understood_answered_and_recorded() -> None:
    call = Call(replies=["Certainly. For when?"], greeting="Good evening.")
    call.script = [*quiet(800), *call.say("table for two people please")]
    one(call)
    assert call.finals == ["table for two people please"]
    assert call.heard == ["Good evening.", "Certainly. For when?"]
    assert [outcome.heard for outcome in call.responder.outcomes] == call.heard
    assert call.responder.outcomes[0].turn is None
    metrics = call.told(events.Metrics)[0]
    assert metrics.decision_ms == 300
    assert metrics.heard_ms == metrics.spoken_ms == 3 * WORD_MS
    order = [type(told.event) for told in call.line.told]
    assert order[0] is events.Ready
    states = [state.state for state in call.told(events.AgentState)]
    assert states == ["thinking", "speaking", "listening"] * 2


def test_the_first_audio_does_not_wait_for_the_whole_answer() -> None:
    call = Call(replies=[["We have a table, ", Think(2.0), "by the window. "]])
    call.script = [*quiet(100), Typed("hello")]
    one(call)
    assert call.when(events.Audio) < 0.2
    assert call.heard == ["We have a table, by the window."]


def test_words_said_before_the_transcriber_is_ready_are_kept() -> None:
    call = Call(replies=["Noted."])
    call.transcriber = ScriptedTranscriber(call.tape, opening_s=1.5)
    call.script = call.say("alpha bravo charlie delta echo foxtrot")
    one(call)
    assert call.finals == ["alpha bravo charlie delta echo foxtrot"]


@pytest.mark.parametrize(
    "capabilities", [TranscriberCapabilities(partials=False), TranscriberCapabilities(continuous=True)]
)
def test_transcribers_of_every_kind(capabilities: TranscriberCapabilities) -> None:
    call = Call(replies=["There are seven tables left, all of them outside by the river.", "Fine."])
    call.capabilities = capabilities
    call.script = [*quiet(100), Typed("hello"), *quiet(300), *call.say("please make it seven chairs instead")]
    one(call)
    assert call.finals == ["hello", "please make it seven chairs instead"]
    assert call.heard[1] == "Fine."


def test_a_transcriber_that_fails_is_opened_again() -> None:
    call = Call(replies=["Noted."])
    failures = [ProviderUnavailable("gone", vendor="scripted"), ProviderUnavailable("gone", vendor="scripted")]
    call.transcriber = ScriptedTranscriber(call.tape, faults=failures)
    call.script = call.say("alpha bravo charlie")
    one(call)
    assert call.finals == ["alpha bravo charlie"]
    assert call.transcriber.openings == 3


def test_without_a_transcriber_the_session_says_so_and_ends() -> None:
    call = Call(replies=["Noted."], greeting="Hello.")
    call.transcriber = ScriptedTranscriber(call.tape, faults=[ProviderRefused("no German", vendor="scripted")])
    one(call)
    assert call.reason == "no_transcriber"
    assert call.heard[-1] == fixed_sentences("en").no_transcriber
    assert call.played(call.told(events.Heard)[-1].reply, call.heard[-1])
    assert call.told(events.Error)[0].code == "provider.refused"


def test_a_transcriber_that_never_reports_does_not_hold_the_turn() -> None:
    call = Call(replies=["Noted."], mischief=Mischief(silent=1.0))
    call.script = call.say("alpha bravo charlie delta echo")
    one(call)
    assert call.finals == ["alpha bravo charlie delta echo"]
    assert call.heard == ["Noted."]


def test_keys_interrupt_and_are_one_turn() -> None:
    call = Call(replies=["Please enter your number now, and press hash when you are done.", "Thank you."])
    call.script = [Typed("hello"), *quiet(400), Digit("4"), *quiet(300), Digit("2"), *quiet(200), Digit("#")]
    one(call)
    assert [(final.text, final.kind) for final in call.told(events.TranscriptFinal)][1] == ("42", "digits")
    assert call.heard[1] == "Thank you."


def test_the_button_silences_the_agent_at_once() -> None:
    call = Call(replies=["There are seven tables left, all of them outside by the river."])
    call.script = [Typed("hello"), *quiet(400), Interrupt()]
    one(call)
    assert call.when(events.Clear) <= 0.42
    assert call.heard_audio[1] == call.heard[0].split()
    assert len(call.heard) == 1


def test_the_line_is_cleared_within_one_frame_of_the_deciding_one() -> None:
    call = Call(replies=["There are seven tables left, all of them outside by the river.", "Fine."], burst=1)
    call.script = [Typed("hello"), *quiet(200), *call.say("please make it seven chairs")]
    one(call)
    started = call.when(events.SpeechStarted)
    assert call.when(events.Clear) - started <= (MANNERS.least_speech_speaking_ms + 20) / 1000 + 1e-6


def test_hanging_up_in_the_middle_records_what_was_heard_and_lets_the_tool_finish() -> None:
    call = Call(replies=[["One moment. ", Work("reserve", 3.0), "It is reserved."]])
    call.script = [Typed("book it"), *quiet(200), HungUp()]
    call.lasts_s = 1.0
    one(call)
    assert call.reason == "hung_up"
    assert call.responder.done == ["reserve"]
    assert [outcome.complete for outcome in call.responder.outcomes] == [False]


def test_a_dictated_number_is_waited_for() -> None:
    call = Call(replies=["Thank you."], manners=replace(MANNERS, endpointing=SemanticPause()))
    call.script = [
        *call.say("my number is five six seven"),
        *quiet(1400),
        *call.say("one two three"),
        *quiet(1400),
        *call.say("four nine eight zero"),
    ]
    call.lasts_s = 9.0
    one(call)
    assert call.finals == ["my number is five six seven one two three four nine eight zero"]


def test_a_defect_of_the_responder_does_not_end_the_call() -> None:
    call = Call(replies=[[ValueError("a defect")]])
    call.script = [Typed("hello")]
    one(call)
    assert call.heard[-1] == fixed_sentences("en").apology
    assert call.told(events.Error)[0].code == "internal"
    assert call.reason == "hung_up"


def test_a_reply_after_a_goodbye_is_never_begun() -> None:
    call = Call(replies=["Hello."], manners=replace(MANNERS, longest_ms=1000))
    call.script = [*quiet(1200), Typed("one more thing")]
    one(call)
    assert call.reason == "too_long"
    assert call.heard == [fixed_sentences("en").too_long]


def test_speakers_of_other_rates_are_counted_right() -> None:
    call = Call(replies=["There are seven tables left. All of them are outside."])
    call.speakers = [ScriptedSpeaker(call.tape, word_ms=WORD_MS, sample_rate=24_000, word_times=False)]
    call.script = [Typed("hello")]
    one(call)
    assert call.told(events.Metrics)[0].heard_ms == pytest.approx(10 * WORD_MS)
    assert call.heard == ["There are seven tables left. All of them are outside."]


def test_who_waits_hears_that_it_takes_a_moment_and_then_the_answer_or_the_apology() -> None:
    call = Call(replies=[[Think(1.2), "Seven are free."]], manners=replace(MANNERS, filler_ms=1000))
    call.script = [*quiet(60), Typed("how many")]
    one(call)
    assert call.heard == [FILLER, "Seven are free."]
    assert [outcome.heard for outcome in call.responder.outcomes] == ["Seven are free."]
    assert not call.told(events.Clear)
    call = Call(replies=[[Forever()]] * 3, manners=replace(MANNERS, filler_ms=600, stall_ms=800), lasts_s=8.0)
    call.script = [*quiet(60), Typed("how many")]
    one(call)
    heard = [text for text in call.heard if text]
    assert heard[0] == FILLER
    assert heard[1].startswith("I'm sorry")


def test_an_answer_that_is_there_first_needs_no_filler() -> None:
    call = Call(replies=[[Think(0.9), "Seven are free."]], manners=replace(MANNERS, filler_ms=1000))
    call.speakers = [ScriptedSpeaker(call.tape, word_ms=WORD_MS, first_s=0.3)]
    call.script = [*quiet(60), Typed("how many")]
    one(call)
    assert [text for text in call.heard if text] == ["Seven are free."]


class _Slow(ScriptedTranscriber):
    """Is `behind` as many frames, always."""

    behind = 0

    @override
    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> Any:
        hearing: Any = await super().open(language=language, hints=hints)
        self.fed: list[float] = []
        feed = hearing.feed

        def noted(frame: bytes) -> None:
            self.fed.append(trio.current_time())
            feed(frame)

        hearing.feed, hearing.behind = noted, self.behind
        return hearing


@pytest.mark.parametrize(("behind", "apart"), [(50, 0.0), (51, 0.02)])
def test_a_recording_is_read_to_a_busy_transcriber_no_faster_than_in_real_time(behind: int, apart: float) -> None:
    call = Call(replies=["Noted."], burst=60)  # frames that are there at once
    call.transcriber = slow = _Slow(call.tape)
    slow.behind = behind
    call.script = call.say(" ".join(f"word{number}" for number in range(40)))
    one(call)
    steps = [later - earlier for earlier, later in pairwise(slow.fed[65:110])]
    assert steps == pytest.approx([apart] * len(steps), abs=1e-6)
