"""The floor: what holds for any news at any time, and its manners one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from parley.voice import moves
from parley.voice.agent import NEVER
from parley.voice.endpointing import FixedPause, SemanticPause
from parley.voice.floor import Floor
from parley.voice.manners import Manners

MANNERS = Manners(endpointing=FixedPause(500), longest_ms=60_000)
WORDS = ["", "okay", "a table", "a table for two", "stop", "mhm"]

NEWS = st.one_of(
    st.just(moves.SpeechBegan()),
    st.just(moves.SpeechEnded(200)),
    st.sampled_from([moves.Words(text) for text in WORDS]),
    st.just(moves.Settled()),
    st.sampled_from([moves.Hint("likely_end"), moves.Hint("resumed"), moves.Hint("ended")]),
    st.just(moves.Wrote("a written line")),
    st.sampled_from([moves.Pressed("1"), moves.Pressed("#")]),
    st.just(moves.Stop()),
    st.just(moves.Progress()),
    st.integers(0, 2000).map(moves.Sounding),
    st.just(moves.ToolBegan()),
    st.just(moves.ToolDone()),
    st.just(moves.Parting()),
    st.sampled_from([moves.Finished("Done."), moves.Finished("Shall I?")]),
    st.sampled_from([moves.Failed(), moves.Failed(lost=True)]),
    st.just(moves.Deafened()),
)
STORY = st.lists(st.tuples(st.integers(0, 150), NEWS), max_size=40)
RULES = st.sampled_from(
    [
        MANNERS,
        replace(MANNERS, interruptible=False),
        replace(MANNERS, endpointing=SemanticPause(speculate=True)),
        replace(MANNERS, longest_ms=3000, grace_ms=500),
    ]
)


class Conversation(RuleBasedStateMachine):
    """Any news at any time. What the moves ask for is carried out in the shape of counters."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.reply = False  # one is under way
        self.silenced = False
        self.guess = False
        self.floor = Floor(MANNERS)

    @initialize(manners=RULES)
    def open(self, manners: Manners) -> None:
        self.floor = Floor(manners)

    @rule(news=NEWS, after=st.integers(0, 150))
    def news_arrives(self, news: moves.News, after: int) -> None:
        self.now += 20 * after
        self.carry_out(self.floor.step(news, self.now))

    @precondition(lambda self: self.floor.deadline < NEVER)
    @rule()
    def its_time_comes(self) -> None:
        self.now = max(self.now, self.floor.deadline)
        self.carry_out(self.floor.step(moves.Tick(), self.now))

    def carry_out(self, decided: Sequence[moves.Move]) -> None:
        for move in decided:
            match move:
                case moves.Answer() | moves.Speak():
                    self.reply, self.silenced = True, False
                case moves.Speculate():
                    assert not self.guess
                    self.guess = True
                case moves.Commit():
                    assert self.guess
                    self.guess, self.reply = False, True
                case moves.Discard():
                    assert self.guess
                    self.guess = False
                case moves.Yield():
                    assert self.reply
                    self.reply = self.silenced = False
                case moves.Pause():
                    assert self.reply
                    assert not self.silenced
                    self.silenced = True
                case moves.Resume():
                    assert self.silenced
                    self.silenced = False
                case moves.Recover() | moves.GiveUp():
                    assert self.reply
                    self.silenced = False
                case moves.End():
                    self.silenced = False
        if self.floor.state == "listening":
            self.reply = False

    @invariant()
    def a_timer_is_always_armed(self) -> None:
        assert self.floor.state == "ended" or self.now < self.floor.deadline < NEVER

    @invariant()
    def silenced_is_paused(self) -> None:
        assert self.silenced == (self.floor.state == "paused")

    @invariant()
    def a_reply_is_under_way_unless_somebody_listens(self) -> None:
        assert self.reply or self.floor.state in {"listening", "ended"}


Conversation.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestConversation = Conversation.TestCase


@settings(max_examples=150, deadline=None)
@given(story=STORY, manners=RULES)
def test_its_deadlines_lose_nothing_against_looking_at_every_frame(
    story: list[tuple[int, moves.News]], manners: Manners
) -> None:
    often, seldom = _play(story, manners, every_frame=True), _play(story, manners, every_frame=False)
    assert often == seldom


@settings(max_examples=100, deadline=None)
@given(story=STORY, manners=RULES)
def test_the_same_story_ends_the_same_and_every_story_ends(
    story: list[tuple[int, moves.News]], manners: Manners
) -> None:
    floor, now = Floor(manners), 0
    for after, news in story:
        now += 20 * after
        floor.step(news, now)
    for _ in range(300):  # nobody says anything any more, and no reply comes
        if floor.state == "ended":
            break
        now = max(now, floor.deadline)
        floor.step(moves.Tick(), now)
    assert floor.state == "ended"


def _play(
    story: list[tuple[int, moves.News]], manners: Manners, *, every_frame: bool
) -> list[tuple[int, list[moves.Move]]]:
    floor, now, decided = Floor(manners), 0, []
    for after, news in story:
        for _ in range(after):
            now += 20
            if every_frame or now >= floor.deadline:
                decided.append((now, floor.step(moves.Tick(), now)))
        decided.append((now, floor.step(news, now)))
    return [(at, found) for at, found in decided if found]


class Talk:
    """A floor with a clock, told what happens."""

    def __init__(self, manners: Manners = MANNERS) -> None:
        self.floor = Floor(manners)
        self.now = 0

    def tell(self, *news: moves.News) -> list[moves.Move]:
        return [move for each in news for move in self.floor.step(each, self.now)]

    def wait(self, ms: int) -> list[moves.Move]:
        found = []
        for _ in range(ms // 20):
            self.now += 20
            if self.now >= self.floor.deadline:
                found += self.floor.step(moves.Tick(), self.now)
        return found

    def say(self, text: str, ms: int = 600) -> list[moves.Move]:
        """The caller speaks for `ms`, is silent for 200 and understood at once."""
        found = self.tell(moves.SpeechBegan(), moves.Words(text)) + self.wait(ms + 200)
        return found + self.tell(moves.SpeechEnded(200), moves.Settled())

    def speaking(self) -> Talk:
        """In the middle of a reply of ten seconds."""
        self.tell(moves.Wrote("hello"), moves.Progress(), moves.Sounding(10_000))
        self.wait(1000)
        return self


def test_a_turn_is_taken_after_the_pause() -> None:
    talk = Talk()
    talk.say("a table for two")
    assert talk.wait(280) == []
    assert talk.wait(20) == [moves.Answer("a table for two")]


def test_the_turn_waits_for_its_words_but_not_for_ever() -> None:
    talk = Talk()
    talk.tell(moves.SpeechBegan(), moves.Words("a table"))
    talk.wait(800)
    talk.tell(moves.SpeechEnded(200))
    assert talk.wait(1480) == []
    assert talk.wait(20) == [moves.Answer("a table")]


def test_an_unfinished_sentence_gets_more_time() -> None:
    manners = replace(MANNERS, endpointing=SemanticPause())
    pauses = {}
    for text in ["my number is five five", "a table for two please", "i would like a table and"]:
        talk = Talk(manners)
        talk.say(text)
        waited = 200
        while not any(isinstance(move, moves.Answer) for move in talk.wait(20)):
            waited += 20
        pauses[text] = waited + 20
    assert pauses["a table for two please"] == SemanticPause().finished_ms + 10
    assert pauses["my number is five five"] == pauses["i would like a table and"] == SemanticPause().unfinished_ms


def test_speech_within_the_pause_goes_on_with_the_turn() -> None:
    talk = Talk()
    talk.say("a table")
    talk.wait(200)
    assert talk.say("a table for two") == [moves.Flush()]
    assert talk.wait(300) == [moves.Answer("a table for two")]


def test_words_interrupt_after_the_least_speech() -> None:
    talk = Talk().speaking()
    talk.tell(moves.SpeechBegan())
    assert talk.wait(200) == []
    assert talk.tell(moves.Words("make it three")) == []
    assert talk.wait(200) == [moves.Yield()]


def test_stop_interrupts_at_once() -> None:
    talk = Talk().speaking()
    talk.tell(moves.SpeechBegan())
    talk.wait(100)
    assert talk.tell(moves.Words("stop")) == [moves.Yield()]


def test_a_noise_silences_and_is_made_good() -> None:
    talk = Talk().speaking()
    talk.tell(moves.SpeechBegan())
    assert talk.wait(400) == [moves.Pause()]
    talk.wait(300)
    assert talk.tell(moves.SpeechEnded(200)) == [moves.Flush()]
    assert talk.tell(moves.Settled()) == [moves.Resume()]


def test_noise_without_end_is_not_waited_for() -> None:
    talk = Talk().speaking()
    talk.tell(moves.SpeechBegan())
    assert talk.wait(3980) == [moves.Pause()]
    assert talk.wait(20) == [moves.Flush()]
    assert talk.tell(moves.Settled()) == [moves.Resume()]
    talk.tell(moves.Sounding(4000))
    assert talk.wait(3000) == []


def test_a_short_cough_changes_nothing() -> None:
    talk = Talk().speaking()
    talk.tell(moves.SpeechBegan())
    assert talk.wait(380) == []
    assert talk.tell(moves.SpeechEnded(200)) == [moves.Flush()]
    assert talk.tell(moves.Settled()) == []
    assert talk.floor.state == "speaking"


def test_a_backchannel_is_no_turn_but_answers_a_question() -> None:
    for said, expected in [("We are open.", [moves.Ignore()]), ("Shall I book it?", [])]:
        talk = Talk().speaking()
        assert talk.say("okay", 300) == [moves.Flush()]
        assert talk.tell(moves.Finished(said)) == expected
        answered = talk.wait(600)
        assert answered == ([] if expected else [moves.Answer("okay")])


def test_going_on_while_the_agent_thinks_keeps_both() -> None:
    talk = Talk()
    talk.say("a table for two")
    talk.wait(300)
    talk.tell(moves.SpeechBegan(), moves.Words("and for friday"))
    assert talk.wait(260) == [moves.Yield()]
    talk.wait(500)
    talk.tell(moves.SpeechEnded(200), moves.Settled())
    assert talk.wait(500) == [moves.Answer("and for friday", "speech", "a table for two")]


def test_keys_are_collected() -> None:
    talk = Talk().speaking()
    assert talk.tell(moves.Pressed("4")) == [moves.Yield()]
    talk.wait(1000)
    assert talk.tell(moves.Pressed("2")) == []
    assert talk.wait(2480) == []
    assert talk.wait(20) == [moves.Answer("42", "digits")]
    talk = Talk()
    assert talk.tell(moves.Pressed("7"), moves.Pressed("#")) == [moves.Answer("7", "digits")]


def test_silence_is_asked_about_twice_and_then_ends() -> None:
    talk, asked = Talk(), []
    for _ in range(3):
        asked += talk.wait(8000)
        talk.tell(moves.Sounding(500))
        talk.wait(500)
        asked += talk.tell(moves.Finished("Are you still there?"))
    assert asked == [
        moves.Speak("still_there"),
        moves.Speak("still_there"),
        moves.Speak("silence"),
        moves.End("silence"),
    ]


def test_no_prompt_while_a_tool_runs() -> None:
    talk = Talk()
    talk.tell(moves.Wrote("book it"), moves.ToolBegan(), moves.Stop())
    assert talk.wait(15_000) == []
    talk.tell(moves.ToolDone())
    assert talk.wait(7980) == []
    assert talk.wait(20) == [moves.Speak("still_there")]


def test_a_goodbye_is_not_interrupted() -> None:
    talk = Talk().speaking()
    talk.tell(moves.Parting(), moves.SpeechBegan(), moves.Words("one more thing"))
    assert talk.wait(1000) == []
    assert talk.tell(moves.Stop(), moves.Wrote("hey"), moves.Finished("Goodbye.")) == [moves.End("goodbye")]


def test_the_longest_time_is_kept() -> None:
    talk = Talk(replace(MANNERS, longest_ms=5000, grace_ms=1000))
    assert talk.wait(5000) == [moves.Speak("too_long")]
    talk = Talk(replace(MANNERS, longest_ms=5000, grace_ms=1000)).speaking()
    assert talk.wait(4980) == []
    assert talk.wait(20) == [moves.Speak("too_long")]
    talk.tell(moves.Sounding(1000), moves.SpeechBegan(), moves.Words("but wait"))
    assert talk.wait(900) == []
    assert talk.tell(moves.Finished("Goodbye")) == [moves.End("too_long")]


def test_a_stall_is_tried_again_and_apologised_for() -> None:
    talk = Talk()
    talk.tell(moves.Wrote("hello"))
    assert talk.wait(3000) == [moves.Fill(), moves.Recover(2)]
    assert talk.wait(3000) == [moves.Recover(3)]
    assert talk.wait(3000) == [moves.Speak("apology")]


def test_a_transcribers_own_end_of_turn_is_believed() -> None:
    talk = Talk()
    talk.tell(moves.SpeechBegan(), moves.Words("a table"))
    talk.wait(600)
    talk.tell(moves.SpeechEnded(200))
    assert talk.tell(moves.Hint("ended")) == [moves.Answer("a table")]
