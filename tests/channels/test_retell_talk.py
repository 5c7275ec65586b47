"""The custom-LLM protocol over a line in this process, with the true responder behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.channels import retell_reply, retell_talk
from parley.channels.retell_frames import Transcript
from parley.channels.retell_party import Memory, Party, TalkParts
from parley.channels.retell_talk import PhoneTalk
from parley.conversations import Acting, Action, Ask, Delta, Done, Event, Opened
from parley.kit.duplex import Closed, LocalEnd, connected
from parley.kit.errors import Unavailable
from parley.kit.events import Event as News
from parley.kit.events import publish
from parley.kit.ids import new_id
from tests.channels.retell_peer import Peer, content_of
from tests.channels.test_chat import furnish
from tests.conftest import Business
from tests.journeys.conftest import coming, open_desk, rows
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

GREETING = "Hello, this is Tony's. How can I help?"
NOTED_S = 5.0  # tight on a busy machine too: far below `LONGEST_QUIET`, so it is noted while the talk goes on


async def closed_with(line: LocalEnd) -> int:
    """The code our side closes the line with."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                await line.receive()
    except Closed as closed:
        return closed.code


@dataclass
class Noted:
    """A ledger that remembers."""

    talks_of: list[str] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    async def talks(self, party: Party) -> None:
        self.talks_of.append(party.conversation_id)

    async def heard(self, party: Party, transcript: Transcript) -> None:
        self.transcripts.append(transcript)
        self.noted.set()

    async def is_over(self, party: Party) -> bool:
        return self.over


@dataclass
class Stage:
    """A call and what is needed to connect it."""

    business: Business
    resources: Resources
    party: Party
    memory: Memory = field(default_factory=Memory)
    ledger: Noted = field(default_factory=Noted)
    responder: Any = None

    @asynccontextmanager
    async def line(self, peer: Peer | None = None) -> AsyncIterator[tuple[Peer, LocalEnd]]:
        """A connection; left, it breaks, and everything of it is on record."""
        ours, theirs = connected()
        here = self.resources
        parts = TalkParts(self.responder or here.responder, here.lines, here.transcripts, here.listener, self.ledger)
        talk = asyncio.create_task(PhoneTalk(ours, self.party, parts, self.memory).run())
        try:
            yield (Peer(theirs, peer.transcript, peer.number) if peer else Peer(theirs)), theirs
        finally:
            await theirs.close(1006)
            async with asyncio.timeout(PATIENCE):
                await talk

    async def lines(self) -> list[tuple[str, str]]:
        """The record: who said what."""
        answer = await self.business.owner.get(f"/conversations/{self.party.conversation_id}/messages")
        return [(line["role"], line["content"]) for line in answer.json()["messages"]]

    async def state(self) -> dict[str, Any]:
        found = await self.resources.transcripts.get(self.party.tenant_id, self.party.conversation_id)
        return found.conversation.state


@pytest.fixture
async def stage(business: Business, resources: Resources) -> Stage:
    agent = await furnish(business)
    await open_desk(business)
    party = Party(business.id, agent, new_id(), new_id(), greeting=GREETING, transfer_number="+14155550100")
    return Stage(business, resources, party)


async def test_a_call_from_the_greeting_on(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        assert await peer.frame() == {
            "response_type": "config",
            "config": {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": True},
        }
        greeting = {"response_id": 0, "content": GREETING, "content_complete": True}
        assert await peer.frame() == {"response_type": "response", **greeting}
        peer.spoken(GREETING)
        await peer.send({"interaction_type": "call_details", "call": {"call_id": "call_1"}})
        await peer.send({"interaction_type": "ping_pong", "timestamp": 1767225600000})
        assert await peer.frame() == {"response_type": "ping_pong", "timestamp": 1767225600000}
        answer = await peer.say("How much is the lasagna?")
        assert "14.50" in answer
    assert await stage.lines() == [("agent", GREETING), ("user", "How much is the lasagna?"), ("agent", answer)]
    assert stage.ledger.talks_of == [stage.party.conversation_id]


async def test_only_the_last_frame_of_an_answer_is_complete(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("When are you open?")
        frames = await peer.answer(await peer.ask())
        assert [frame["content_complete"] for frame in frames] == [False] * (len(frames) - 1) + [True]
        assert all(isinstance(frame["content"], str) for frame in frames)


async def test_the_caller_may_speak_first(stage: Stage) -> None:
    stage.party = replace(stage.party, greeting="")
    async with stage.line() as (peer, _):
        assert await peer.greeted() == ""
        await peer.say("Can I bring my dog?")
    assert [role for role, _ in await stage.lines()] == ["user", "agent"]


async def test_updates_are_noted_and_never_answered(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_talk, "NOTE_AFTER", 0)
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("Can I")
        await peer.send({"interaction_type": "update_only", "transcript": peer.transcript, "turntaking": "user_turn"})
        await peer.send({"interaction_type": "ping_pong", "timestamp": 1})
        assert (await peer.frame())["response_type"] == "ping_pong"
        async with asyncio.timeout(NOTED_S):
            await stage.ledger.noted.wait()
    assert [one.content for one in stage.ledger.transcripts[-1]] == [GREETING, "Can I"]
    assert await stage.lines() == [("agent", GREETING)]


class Slow:
    """A responder that stops in the middle until it is told to go on."""

    def __init__(self, resources: Resources) -> None:
        self._true = resources.responder
        self.before_words = asyncio.Event()
        self.go = asyncio.Event()
        self.asked: list[str] = []

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        self.asked.append(ask.message)
        async with aclosing(self._true.respond(ask)) as events:
            async for event in events:
                if isinstance(event, Delta) and not self.go.is_set():
                    self.before_words.set()
                    await self.go.wait()
                yield event

    async def at_words(self) -> None:
        """Wait until a reply is about to be spoken."""
        await self.before_words.wait()
        self.before_words.clear()


async def test_who_goes_on_talking_is_answered_once_and_stored_once(stage: Stage) -> None:
    """Retell asks for an answer, the caller goes on, Retell asks again with more words."""
    stage.responder = slow = Slow(stage.resources)
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("How much is")
        await peer.ask()
        await slow.at_words()
        peer.transcript[-1]["content"] = "How much is the risotto?"
        number = await peer.ask()
        await slow.at_words()
        slow.go.set()
        assert "16.00" in content_of(await peer.answer(number))
    assert slow.asked == ["How much is", "How much is the risotto?"]
    assert [line for line in await stage.lines() if line[0] == "user"] == [("user", "How much is the risotto?")]
    assert {frame["response_id"] for frame in peer.seen if "response_id" in frame} == {0, number}


async def test_two_utterances_in_a_row_are_one_line(stage: Stage) -> None:
    """The same where Retell makes a second utterance of it, and after the first answer was complete."""
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("Hello there.")
        await peer.answer(await peer.ask())
        peer.heard("How much is the tiramisu?")
        assert "7.50" in content_of(await peer.answer(await peer.ask()))
    lines = await stage.lines()
    assert lines[1] == ("user", "Hello there. How much is the tiramisu?")
    assert len(lines) == 3


async def test_the_same_words_again_get_the_same_answer(stage: Stage) -> None:
    stage.responder = slow = Slow(stage.resources)
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("How much is the lasagna?")
        await peer.ask()
        await slow.at_words()
        peer.transcript[-1]["content"] = "how much is the lasagna"  # the transcriber thinks again
        second = await peer.ask()
        slow.go.set()
        first_answer = content_of(await peer.answer(second))
        third = await peer.ask()
        assert content_of(await peer.answer(third)) == first_answer
    assert "14.50" in first_answer
    assert slow.asked == ["How much is the lasagna?"]
    assert len(await stage.lines()) == 3


async def test_a_booking_is_made_once_however_often_it_is_asked_for(stage: Stage) -> None:
    day = coming("saturday").isoformat()
    stage.responder = slow = Slow(stage.resources)
    slow.go.set()
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say(f"I want to book a table for 4 on {day} at 19:30")
        slow.go.clear()
        peer.heard("Maria Lopez, 212 555 0134")
        await peer.ask()
        await slow.at_words()  # the table is booked, nothing was said of it
        slow.go.set()
        peer.transcript[-1]["content"] = "Maria Lopez, 212 555 0134, thank you"
        confirmed = content_of(await peer.answer(await peer.ask()))
        peer.transcript[-1]["content"] = "Maria Lopez, 212 555 0134, thank you very much"
        again = content_of(await peer.answer(await peer.ask()))
    assert "reference" in confirmed
    assert "reference" in again
    assert len(await rows(stage.business, "reservations")) == 1
    said = [content for role, content in await stage.lines() if role == "user"]
    assert said[1:] == ["Maria Lopez, 212 555 0134, thank you very much"]
    tools = [frame for frame in peer.seen if frame["response_type"].startswith("tool_call")]
    assert {"tool_call_invocation", "tool_call_result"} == {frame["response_type"] for frame in tools}
    assert all(isinstance(frame["arguments"], str) for frame in tools if "arguments" in frame)


async def test_an_interrupted_answer_is_kept_as_far_as_it_was_spoken(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("When are you open?")
        answer = content_of(await peer.answer(await peer.ask()))
        heard = " ".join(answer.split()[:3])
        peer.spoken(heard.rstrip(".,:;").lower())
        assert await peer.say("And can I bring my dog?")
    lines = await stage.lines()
    assert lines[2][0] == "agent"
    assert lines[2][1].rstrip(".,:;") == heard.rstrip(".,:;")
    assert lines[3] == ("user", "And can I bring my dog?")


async def test_an_interrupted_greeting_is_kept_as_far_as_it_was_spoken(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.frame()
        await peer.frame()
        peer.spoken("Hello, this")
        await peer.say("Can I bring my dog?")
    assert (await stage.lines())[0] == ("agent", "Hello, this")


async def test_what_was_taken_back_leaves_no_trace_in_the_flow(stage: Stage) -> None:
    """The first half of a sentence must not be read as the answer to a question that nobody heard."""
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say("I want to book a table for 4 people")
        before = await stage.state()
        peer.heard("tomorrow")
        await peer.answer(await peer.ask())
        peer.transcript[-1]["content"] = "never mind, how much is the lasagna?"
        assert "14.50" in content_of(await peer.answer(await peer.ask()))
    after = await stage.state()
    assert "date" not in after["slots"]
    assert before["slots"] == {**after["slots"]}


async def test_what_is_said_while_the_agent_goes_on_is_written_down(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("When are you open?")
        words = content_of(await peer.answer(await peer.ask())).split()
        peer.spoken(" ".join(words[:4]))
        peer.heard("uh-huh")
        peer.spoken(" ".join(words[4:]))
        await peer.say("Thank you")
    assert [line for line in await stage.lines() if line[0] == "user"] == [
        ("user", "When are you open?"),
        ("user", "uh-huh"),
        ("user", "Thank you"),
    ]
    assert (await stage.lines())[2][1] == " ".join(words)


# Reconnecting


async def test_a_broken_line_goes_on_where_it_was(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say("How much is the lasagna?")
    async with stage.line(peer) as (again, _):
        assert (await again.frame())["response_type"] == "config"
        assert "16.00" in await again.say("And the risotto?")
    assert all(frame.get("response_id") != 0 for frame in again.seen)
    assert [role for role, _ in await stage.lines()] == ["agent", "user", "agent", "user", "agent"]


@pytest.mark.parametrize("same_process", [True, False])
async def test_a_line_that_breaks_in_an_answer_asks_again(stage: Stage, same_process: bool) -> None:
    stage.responder = slow = Slow(stage.resources)
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("How much is the lasagna?")
        await peer.ask()
        await slow.at_words()
    slow.go.set()
    if not same_process:
        stage.memory = Memory()
    async with stage.line(peer) as (again, _):
        assert (await again.frame())["response_type"] == "config"
        assert "14.50" in content_of(await again.answer(await again.ask()))
    assert [role for role, _ in await stage.lines()] == ["agent", "user", "agent"]


async def test_a_turn_whose_process_died_leaves_the_state_as_it_was(stage: Stage) -> None:
    """Its line is on record, its answer is not; what the turns before it established must stay."""
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say("I want to book a table for 4 people")
        await peer.say("on Saturday at 19:30")
        before = await stage.state()
        peer.heard("and my name is Maria Lopez")
    async with stage.resources.db.begin(stage.party.tenant_id) as connection:
        line = text(
            "WITH place AS (UPDATE conversations SET message_count = message_count + 1 WHERE id = :talk"
            " RETURNING message_count) INSERT INTO messages (id, tenant_id, conversation_id, ordinal, role, content)"
            " SELECT :id, :tenant, :talk, message_count, 'user', 'and my name is Maria Lopez' FROM place"
        )
        ids = {"id": new_id(), "tenant": stage.party.tenant_id, "talk": stage.party.conversation_id}
        await connection.execute(line, ids)
    stage.memory = Memory()
    async with stage.line(peer) as (again, _):
        await again.frame()
        await again.answer(await again.ask())
    after = await stage.state()
    assert {name: after["slots"].get(name) for name in before["slots"]} == before["slots"]
    assert [role for role, _ in await stage.lines()] == ["agent", "user", "agent", "user", "agent", "user", "agent"]


async def test_a_greeting_that_nobody_heard_is_said_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_talk, "GREET_AFTER", 0.01)
    async with stage.line() as (peer, _):
        await peer.frame()
    async with stage.line() as (again, _):
        assert await again.greeted() == GREETING
    assert await stage.lines() == [("agent", GREETING)]


async def test_a_greeting_that_was_heard_is_not(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_talk, "GREET_AFTER", 0.05)
    async with stage.line() as (peer, _):
        await peer.greeted()
    async with stage.line(peer) as (again, _):
        await again.frame()
        await again.send({"interaction_type": "update_only", "transcript": again.transcript})
        await asyncio.sleep(0.1)
        await again.send({"interaction_type": "ping_pong", "timestamp": 7})
        assert (await again.frame())["response_type"] == "ping_pong"


# Silence, noise, digits


async def test_silence_is_asked_about_and_then_ends_the_call(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        first = await peer.answer(await peer.ask("reminder_required"))
        peer.spoken(content_of(first))
        last = await peer.answer(await peer.ask("reminder_required"))
    assert "there?" in content_of(first)
    assert "end_call" not in first[-1]
    assert last[-1]["end_call"] is True
    assert all("end_call" not in frame for frame in last[:-1])
    assert [role for role, _ in await stage.lines()] == ["agent", "agent", "agent"]


async def test_who_speaks_again_is_reminded_anew(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.spoken(content_of(await peer.answer(await peer.ask("reminder_required"))))
        await peer.say("Can I bring my dog?")
        assert "end_call" not in (await peer.answer(await peer.ask("reminder_required")))[-1]


async def test_noise_is_asked_about_three_times(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        asked = []
        for _ in range(3):
            peer.heard("(unintelligible audio)")
            frames = await peer.answer(await peer.ask())
            assert "end_call" not in frames[-1]
            asked.append(content_of(frames))
            peer.spoken(asked[-1])
        peer.heard("(unintelligible audio)")
        assert (await peer.answer(await peer.ask()))[-1]["end_call"] is True
    assert len(set(asked)) == 3


async def test_words_in_the_noise_are_heard(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        assert "14.50" in await peer.say("(unintelligible audio) how much is the lasagna? (unintelligible audio)")
    assert (await stage.lines())[1] == ("user", "how much is the lasagna?")


async def test_keys_that_are_pressed_are_words(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        pressed = [{"role": "dtmf", "digit": digit} for digit in "4#"]
        number = await peer.ask(transcript_with_tool_calls=[*peer.transcript, *pressed])
        assert content_of(await peer.answer(number))
    assert (await stage.lines())[1] == ("user", "4#")


# Faults


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"interaction_type": 7}',
        '{"interaction_type": "something_new", "x": 1}',
        '{"interaction_type": "ping_pong", "timestamp": "soon"}',
        '{"interaction_type": "update_only"}',
        '{"interaction_type": "update_only", "transcript": [7]}',
        '{"interaction_type": "call_details", "call": []}',
        '{"interaction_type": "response_required", "response_id": "1", "transcript": []}',
        '{"interaction_type": "response_required", "response_id": true, "transcript": []}',
        '{"interaction_type": "response_required", "response_id": -1, "transcript": []}',
    ],
)
async def test_a_frame_that_cannot_be_read_does_no_harm(stage: Stage, frame: str) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.send(frame)
        assert "14.50" in await peer.say("How much is the lasagna?")


async def test_a_request_that_cannot_be_read_is_answered_all_the_same(stage: Stage) -> None:
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.send({"interaction_type": "response_required", "response_id": 1, "transcript": "hello"})
        assert "again" in content_of(await peer.answer(1))


async def test_nonsense_without_end_ends_the_connection(stage: Stage) -> None:
    async with stage.line() as (peer, line):
        await peer.greeted()
        for _ in range(60):
            await peer.send("nonsense")
        assert await closed_with(line) == 1007


async def test_a_frame_too_large_ends_the_connection_so_that_it_is_dialled_again(stage: Stage) -> None:
    async with stage.line() as (peer, line):
        await peer.greeted()
        await peer.send("x" * 8_000_001)
        assert await closed_with(line) == 1009


class Broken:
    """A responder that fails at a chosen place."""

    def __init__(self, resources: Resources, error: Exception, *, after_words: bool) -> None:
        self._true = resources.responder
        self._error = error
        self._after_words = after_words
        self.mended = False

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        if not self.mended and not self._after_words:
            raise self._error
        async with aclosing(self._true.respond(ask)) as events:
            async for event in events:
                yield event
                if isinstance(event, Delta) and not self.mended:
                    raise self._error


@pytest.mark.parametrize("after_words", [False, True])
@pytest.mark.parametrize("error", [Unavailable("The database cannot be reached."), ZeroDivisionError()], ids=repr)
async def test_what_goes_wrong_is_apologised_for(stage: Stage, error: Exception, after_words: bool) -> None:
    stage.responder = broken = Broken(stage.resources, error, after_words=after_words)
    async with stage.line() as (peer, _):
        await peer.greeted()
        apology = await peer.say("How much is the lasagna?")
        assert "something went wrong" in apology
        broken.mended = True
        assert "16.00" in await peer.say("How much is the risotto?")


async def test_a_slow_answer_is_announced(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_reply, "FILLER_AFTER", 0.01)
    stage.responder = slow = Slow(stage.resources)
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("How much is the lasagna?")
        number = await peer.ask()
        first = await peer.frame()
        assert (first["response_id"], first["content"]) == (number, "One moment, please. ")
        slow.go.set()
        answer = content_of(await peer.answer(number))
        peer.spoken(f"One moment, please. {' '.join(answer.split()[:2])}")
        await peer.say("Can I bring my dog?")
    assert (await stage.lines())[2] == ("agent", " ".join(answer.split()[:2]))


async def test_an_answer_that_never_comes_is_apologised_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retell_reply, "LONGEST_TURN", 0.2)
    stage.responder = Slow(stage.resources)
    async with stage.line() as (peer, _):
        await peer.greeted()
        assert "something went wrong" in await peer.say("How much is the lasagna?")


# Endings


@dataclass
class Told:
    """A responder that plays one turn of these events, in a record that the true one began."""

    events: list[Event]

    async def respond(self, ask: Ask) -> AsyncGenerator[Event, None]:
        assert ask.conversation_id is not None
        yield Opened(ask.conversation_id, new_id())
        for event in self.events:
            yield event
        done = Done(ask.conversation_id, new_id(), "", "goodbye", "en", {})
        yield replace(done, ends=not any(isinstance(event, Action) for event in self.events))


async def test_a_goodbye_hangs_up_after_the_words(stage: Stage) -> None:
    stage.responder = Told([Delta("Goodbye "), Delta("and drive safely!")])
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("bye")
        frames = await peer.answer(await peer.ask())
    assert [frame.get("end_call") for frame in frames] == [None, None, True]


async def test_a_handover_transfers_after_the_words(stage: Stage) -> None:
    stage.responder = Told(
        [
            Acting("transfer_to_person"),
            Action("transfer_to_person", {}, {"status": "requested"}, True),
            Delta("Moment."),
        ]
    )
    async with stage.line() as (peer, _):
        await peer.greeted()
        peer.heard("a person please")
        frames = await peer.answer(await peer.ask())
    assert frames[-1]["transfer_number"] == "+14155550100"
    assert "end_call" not in frames[-1]


async def test_who_interrupts_the_goodbye_is_answered(stage: Stage) -> None:
    """The true flow ends with a goodbye; the caller has one more question."""
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say("How much is the lasagna?")
        peer.heard("Thanks, goodbye")
        frames = await peer.answer(await peer.ask())
        assert frames[-1].get("end_call") is True
        peer.spoken(content_of(frames).split()[0])
        assert "16.00" in await peer.say("Wait, how much is the risotto?")


async def test_a_person_who_steps_in_is_heard_on_the_line(stage: Stage) -> None:
    owner, conversation = stage.business.owner, stage.party.conversation_id
    async with stage.line() as (peer, _):
        await peer.greeted()
        await peer.say("How much is the lasagna?")
        await owner.post(f"/conversations/{conversation}/takeover")
        peer.heard("Is anybody there?")
        silent = await peer.answer(await peer.ask())
        assert content_of(silent) == ""
        said = await owner.post(f"/conversations/{conversation}/reply", json={"content": "This is Maria. I can help."})
        assert said.status_code == 201, said.text
        frame = await peer.frame()
    assert frame == {
        "response_type": "agent_interrupt",
        "interrupt_id": 1,
        "content": "This is Maria. I can help.",
        "content_complete": True,
        "no_interruption_allowed": True,
    }


async def test_a_call_that_is_cancelled_is_hung_up(stage: Stage) -> None:
    async with stage.line() as (peer, line):
        await peer.greeted()
        stage.ledger.over = True
        async with stage.resources.db.begin(stage.party.tenant_id) as connection:
            data = {"call_id": stage.party.call_id, "status": "cancelled"}
            await publish(connection, News(stage.party.tenant_id, "call.changed", data))
        assert await closed_with(line) == 1000
