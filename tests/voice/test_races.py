"""The races that other engines lose, each over several hundred seeded schedules on virtual time.

Each names the kind of complaint that users of other engines file. `stage.check` holds for every schedule of every test:
history is what was heard, replies never overlap or mix, no tool runs twice, nothing freezes.
"""

from __future__ import annotations

import random

from parley.inference.errors import ProviderUnavailable
from parley.inference.scripted_speech import Hang, Mischief, Mute, ScriptedSpeaker
from parley.voice import Goodbye, Typed, events
from parley.voice.scripted import Forever, Step, Think, Work
from tests.voice.stage import WORD_MS, Call, quiet, schedules, with_manners

REPLY = "Certainly, there are seven tables left, most of them outside. Shall I reserve the round one?"
LATER = "Understood, we change that."
SPOKEN = "please make that eleven chairs instead"


def _interrupts_at(chance: random.Random, call: Call, earliest_ms: int, latest_ms: int) -> Call:
    """A written line starts the reply, speech interrupts it."""
    call.burst = chance.randint(2, 5)
    after = chance.randint(earliest_ms, latest_ms)
    call.script = [*quiet(60), Typed("book it"), *quiet(after), *call.say(SPOKEN)]
    call.lasts_s = after / 1000 + 2.8
    call.settling_s = chance.choice([0.0, 0.02, 0.2])
    call.mischief = Mischief(delay_s=(0.0, 0.4))
    return call


def _took_the_floor(call: Call) -> None:
    """The words of the interrupting sentence are all there, once, and answered."""
    assert call.finals == ["book it", SPOKEN], call.seed
    assert [turn.text for turn in call.responder.turns] == ["book it", SPOKEN], call.seed
    assert call.heard[-1] == LATER, call.seed


def test_interrupted_while_the_model_writes() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        pauses = [Think(chance.uniform(0.05, 0.8)) for _ in range(8)]
        words = [f"{word} " for word in REPLY.split()]
        steps = [step for pair in zip(pauses, words[: len(pauses)], strict=True) for step in pair]
        call.replies = [[*steps, Think(chance.uniform(0.5, 4)), " ".join(words[8:])], LATER]
        return _interrupts_at(chance, call, 0, 1000)

    for call in schedules(make):
        _took_the_floor(call)
        assert call.responder.turns[1].unanswered in {"", "book it"}
        assert (call.responder.turns[1].unanswered == "book it") == (call.heard[0] == ""), call.seed


def test_interrupted_while_a_tool_runs() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = [
            ["One moment. ", Work("reserve", chance.uniform(0.1, 2.5)), "It is reserved. ", Work("note", 0.1), REPLY],
            [Think(0.01), LATER],
        ]
        return _interrupts_at(chance, call, 0, 1200)

    for call in schedules(make):
        assert call.finals == ["book it", SPOKEN], call.seed
        assert call.responder.worked.count("reserve") == 1, call.seed
        assert [turn.text for turn in call.responder.turns][-1] == SPOKEN


def test_interrupted_while_the_speaker_synthesises() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = [REPLY, LATER]
        call.speakers = [
            ScriptedSpeaker(
                call.tape,
                word_ms=WORD_MS,
                first_s=chance.uniform(0.0, 0.6),
                piece_ms=chance.choice([200, 400, 1000]),
                pause_s=lambda: chance.uniform(0.0, 0.3),
            )
        ]
        return _interrupts_at(chance, call, 0, 1200)

    for call in schedules(make):
        _took_the_floor(call)


def test_interrupted_while_it_plays() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = [REPLY, LATER]
        call.speakers = [ScriptedSpeaker(call.tape, word_ms=WORD_MS, word_times=chance.random() < 0.5)]
        return _interrupts_at(chance, call, 100, 500)

    for call in schedules(make):
        _took_the_floor(call)
        assert REPLY.startswith(call.heard[0])
        assert call.heard[0] != REPLY
        cleared = call.when(events.Clear)
        late = [
            told.event.reply for told in call.line.told if told.at > cleared and isinstance(told.event, events.Audio)
        ]
        assert set(late) == {2}, call.seed


def test_double_finals_make_one_reply() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.mischief = Mischief(delay_s=(0.0, 0.5), twice=0.5, anew=0.5)
        call.replies = ["Noted.", "Thank you.", "Fine."]
        call.script = [
            *call.say("alpha bravo charlie"),
            *quiet(chance.randint(700, 1400)),
            *call.say("delta echo foxtrot"),
            *quiet(chance.randint(700, 1400)),
            *call.say("golf hotel india"),
        ]
        call.lasts_s = 6.0
        return call

    for call in schedules(make):
        said = " ".join(call.finals)
        assert said == "alpha bravo charlie delta echo foxtrot golf hotel india", (call.seed, call.finals)
        assert len(call.responder.turns) == len(call.finals), call.seed


def test_a_slow_or_gone_consumer_freezes_nothing() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.speed = chance.choice([0.0, 0.1, 0.5])
        call.replies = [REPLY, LATER]
        return _interrupts_at(chance, call, 0, 1000)

    for call in schedules(make):
        assert call.finals == ["book it", SPOKEN], call.seed
        yielded = call.when(events.Clear) if call.told(events.Clear) else 0.0
        assert yielded <= 0.06 + 1.0 + 0.6, call.seed


def test_a_cough_stops_nothing_or_is_made_good() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = [[REPLY[:30], Think(chance.uniform(0, 0.5)), REPLY[30:]]]
        call.speakers = [ScriptedSpeaker(call.tape, word_ms=WORD_MS, first_s=chance.uniform(0.0, 0.2))]
        call.mischief = Mischief(delay_s=(0.0, 0.4))
        coughs = [*call.tape.noise(chance.randint(40, 900)), *quiet(chance.randint(300, 1500))]
        call.script = [*quiet(60), Typed("book it"), *quiet(chance.randint(0, 1500)), *coughs, *coughs]
        call.lasts_s = 8.0
        return call

    paused, calls = 0, schedules(make)
    for call in calls:
        assert call.heard == [REPLY], call.seed
        assert call.played(1, REPLY), call.seed
        assert len(call.responder.turns) == 1
        paused += bool(call.told(events.Clear))
    assert paused > len(calls) / 5  # it was really silenced and went on


def test_a_backchannel_takes_no_floor() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = ["There are seven tables left, most of them outside, and one by the window."]
        call.mischief = Mischief(delay_s=(0.0, 0.4))
        language, word = chance.choice(
            [("en", "mhm"), ("en", "okay"), ("de", "ja genau"), ("en", "uh-huh"), ("de", "alles klar")]
        )
        call.manners = with_manners(language=language)
        murmur = call.tape.frames(word, chance.randint(300, 650))
        call.script = [*quiet(60), Typed("book it"), *quiet(chance.randint(100, 500)), *murmur]
        call.lasts_s = 3.5
        return call

    for call in schedules(make):
        assert call.heard == [call.replies[0]], call.seed
        assert call.finals == ["book it"], call.seed
        assert not call.told(events.Clear), call.seed


def test_a_goodbye_is_spoken_to_its_end() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.replies = [[Goodbye(), "Thank you for calling, ", Think(chance.uniform(0, 0.4)), "see you on Friday."]]
        call.script = [
            *quiet(60),
            Typed("bye then"),
            *quiet(chance.randint(700, 1300)),
            *(call.say("thanks a lot") if chance.random() < 0.5 else call.tape.noise(600)),
        ]
        return call

    for call in schedules(make):
        assert call.played(1, "Thank you for calling, see you on Friday."), call.seed
        assert call.reason == "goodbye", call.seed
        assert call.told(events.Ended)[0].duration_ms < 5000


def test_silence_is_asked_about_but_never_while_a_tool_runs() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(still_there_ms=1000)
        call.replies = [[Work("search", chance.uniform(0.5, 4)), "Found it."]]
        call.script = [*quiet(chance.randint(0, 500)), Typed("find it")]
        call.lasts_s = 16.0
        return call

    for call in schedules(make, 100):
        assert call.reason == "silence", call.seed
        assert call.heard[:3] == ["Found it.", "Are you still there?", "Are you still there?"], call.seed
        assert len(call.heard) == 4
        assert call.heard_audio[4][-1] == "Goodbye!"


def test_a_stalled_model_is_asked_again_and_then_apologised_for() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(stall_ms=400)
        failures = chance.randint(0, 4)
        troubles = [[_trouble(chance)] for _ in range(failures)]
        call.replies = [*troubles, REPLY]
        call.script = [*quiet(60), Typed("book it")]
        call.lasts_s = 6.0
        return call

    for call in schedules(make):
        failures = len(call.replies) - 1
        if failures < call.manners.attempts:
            assert [turn.attempt for turn in call.responder.turns] == list(range(1, failures + 2)), call.seed
            assert call.heard[-1] == REPLY, call.seed
        else:
            assert len(call.responder.turns) == call.manners.attempts
            assert call.heard[-1].startswith("I'm sorry"), call.seed
            assert call.played(call.told(events.Heard)[-1].reply, call.heard[-1])
        sounds = [told.at for told in call.line.told if isinstance(told.event, events.Audio)]
        assert sounds[0] <= 0.06 + call.manners.attempts * 0.45 + 0.1, call.seed


def test_a_wait_is_filled_once_and_mixes_with_nothing() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(filler_ms=600, stall_ms=1500)
        call.speakers = [ScriptedSpeaker(call.tape, word_ms=WORD_MS, first_s=chance.uniform(0.0, 0.3))]
        waits: list[Step] = [Think(chance.uniform(0.1, 1.4)), Work("search", chance.uniform(0.5, 5))]
        call.replies = [[chance.choice(waits), REPLY], LATER]
        if chance.random() < 0.3:
            call.replies = [[Forever()], *call.replies]
        call.script = [*quiet(60), Typed("book it")]
        if chance.random() < 0.5:
            call.script += [*quiet(chance.randint(300, 2500)), *call.say(SPOKEN)]
        call.mischief = Mischief(delay_s=(0.0, 0.4))
        call.lasts_s = 14.0
        call.settling_s = chance.choice([0.0, 0.1])
        return call

    filled, calls = 0, schedules(make)
    for call in calls:
        assert len(call.fillers) <= len(call.finals), call.seed
        filled += bool(call.fillers)
        said = [told.text for told in call.told(events.Heard) if told.reply not in call.fillers]
        assert said[-1] in {REPLY, LATER}, (call.seed, said)
    assert filled > len(calls) / 4


def test_a_reply_that_breaks_off_is_spoken_as_far_as_it_goes_and_apologised_for() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(stall_ms=400)
        call.replies = [["There are seven tables left. ", Think(chance.uniform(0, 0.3)), _trouble(chance)]]
        call.script = [*quiet(60), Typed("book it")]
        call.lasts_s = 6.0
        return call

    for call in schedules(make, 100):
        assert len(call.responder.turns) == 1, call.seed
        assert call.heard[0] == "There are seven tables left.", call.seed
        assert call.heard[1].startswith("I'm sorry"), call.seed


def test_a_stalled_speaker_is_replaced_without_losing_a_word() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(stall_ms=400)
        call.replies = [REPLY]
        first, second = (ScriptedSpeaker(call.tape, word_ms=WORD_MS, piece_ms=200) for _ in range(2))
        troubles: list[Exception | Mute | Hang | None] = [
            None,
            Hang(),
            Mute(),
            ProviderUnavailable("no speech", vendor="scripted"),
        ]
        first.script.extend(chance.choices(troubles, k=6))
        first.fails_after = chance.randint(0, 2)
        call.speakers = [first, second]
        call.script = [*quiet(60), Typed("book it")]
        call.lasts_s = 9.0
        return call

    for call in schedules(make):
        assert call.heard == [REPLY], call.seed
        assert call.played(1, REPLY), call.seed


def test_when_nobody_can_speak_the_session_says_so_and_goes_on() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(stall_ms=400, still_there_ms=1500)
        broken = ScriptedSpeaker(call.tape)
        broken.script.extend(Mute() if chance.random() < 0.5 else Hang() for _ in range(100))
        call.speakers = [broken]
        call.replies = [REPLY]
        call.script = [*quiet(60), Typed("book it"), *quiet(chance.randint(1000, 5000)), Typed("hello")]
        call.lasts_s = 40.0
        call.burst = 10
        return call

    for call in schedules(make, 40):
        assert call.reason in {"failed", "silence"}, call.seed
        assert any(error.code == "voice.no_speech" for error in call.told(events.Error)), call.seed
        assert not call.told(events.Audio)


def test_a_guess_leaves_no_trace_when_it_was_wrong() -> None:
    def make(chance: random.Random, call: Call) -> Call:
        call.manners = with_manners(endpointing=_Eager())
        call.mischief = Mischief(delay_s=(0.0, 0.5), twice=0.2)
        call.replies = [[Think(chance.uniform(0, 0.4)), "Noted. Anything else?"]]
        call.script = [
            *call.say("alpha bravo charlie"),
            *quiet(chance.randint(220, 900)),
            *call.say("delta echo foxtrot"),
        ]
        call.lasts_s = 4.0
        return call

    guessed = wrong = 0
    calls = schedules(make)
    for call in calls:
        responder = call.responder
        assert " ".join(call.finals) == "alpha bravo charlie delta echo foxtrot", (call.seed, call.finals)
        kept = [turn for turn in responder.turns if turn.id not in responder.discarded]
        assert [turn.text for turn in kept] == call.finals, call.seed
        assert [turn.id for turn in kept if turn.speculative] == responder.committed, call.seed
        settled = [outcome.turn for outcome in responder.outcomes]
        assert settled == kept, call.seed
        told = {delta.reply for delta in call.told(events.ReplyDelta)}
        assert len(told) == len(kept), call.seed
        guessed += bool(responder.committed)
        wrong += bool(responder.discarded)
    assert guessed > len(calls) / 10
    assert wrong > len(calls) / 10


def _trouble(chance: random.Random) -> Forever | Exception:
    return Forever() if chance.random() < 0.5 else ProviderUnavailable("no model", vendor="scripted")


class _Eager:
    """Guesses as soon as it is quiet."""

    def pause_ms(self, text: str, asked: str) -> int:
        return 500

    def likely_ms(self, text: str, asked: str) -> int | None:
        return 200
