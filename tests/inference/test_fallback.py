from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.inference.breaker import Breaker
from parley.inference.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, ToolCall
from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderUnavailable,
)
from parley.inference.facts import Facts
from parley.inference.fallback import Budget, FallbackChat
from parley.inference.scripted import Pause, ScriptedChat, ScriptStep, Stall
from parley.inference.usage import Usage

REQUEST = ChatRequest((Message("user", "When are you open?"),), Facts("When are you open?"))
CUT = ProviderCut("cut", vendor="a")
DOWN = ProviderUnavailable("down", vendor="a")
CALL = ToolCall("c", "book", {})
HOUSE = "We are open from nine to five."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """Time that moves only when told to, or by sleeping on it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def house(*scripts: str | Sequence[ScriptStep]) -> ScriptedChat:
    return ScriptedChat(*(scripts or (HOUSE,)), name="house/responder")


def vendor(*scripts: str | Sequence[ScriptStep], name: str = "a/one", **options: Any) -> ScriptedChat:
    return ScriptedChat(*scripts, name=name, **options)


async def collect(chat: FallbackChat) -> list[ChatEvent]:
    return [event async for event in chat.stream(REQUEST)]


def text_of(events: Sequence[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def finish_of(events: Sequence[ChatEvent]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return last


class TestOrder:
    async def test_a_healthy_first_model_answers_alone(self) -> None:
        with vendor([*"We open at 9. Bye!", Finished(usage=Usage(3, 4), model="a/one")]) as first:
            chain = FallbackChat([first, house()])
            events = await collect(chain)
        assert text_of(events) == "We open at 9. Bye!"
        assert finish_of(events) == Finished(usage=Usage(3, 4), model="a/one")
        assert chain.name == "a/one"

    async def test_the_next_model_answers_when_the_first_fails(self) -> None:
        with vendor([DOWN], [DOWN]) as first, house() as last:
            events = await collect(FallbackChat([first, last]))
        assert text_of(events) == HOUSE
        assert finish_of(events).model == "house/responder"
        assert last.requests == [REQUEST], "nothing was said, so the request is the original one"

    async def test_when_all_fail_the_last_error_is_raised(self) -> None:
        first, second = vendor([CUT], [CUT]), vendor([ProviderRefused("no", vendor="b")], name="b/two")
        with first, second, pytest.raises(ProviderRefused) as caught:
            await collect(FallbackChat([first, second]))
        assert caught.value.vendor == "b"

    async def test_an_empty_reply_is_a_failure(self) -> None:
        with vendor([" ", Finished()]) as first, house() as last:
            assert text_of(await collect(FallbackChat([first, last]))) == HOUSE

    async def test_a_stream_that_just_ends_is_a_failure(self) -> None:
        class Abrupt:
            name = "a/one"

            async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
                yield TextDelta("We")

            async def aclose(self) -> None:
                pass

        with house() as last:
            assert text_of(await collect(FallbackChat([Abrupt(), last]))) == HOUSE

    async def test_the_last_model_streams_word_by_word(self) -> None:
        with house(["We ", "are ", "open"]) as last:
            events = await collect(FallbackChat([last]))
        assert [event.text for event in events if isinstance(event, TextDelta)] == ["We ", "are ", "open"]

    async def test_other_models_pass_on_whole_sentences_at_once(self) -> None:
        with vendor(["We ", "open at", " 9", ".", " Bye", "!"]) as first:
            events = await collect(FallbackChat([first, house()]))
        assert [event.text for event in events if isinstance(event, TextDelta)] == ["We open at 9. ", "Bye!"]

    async def test_needs_a_model(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            FallbackChat([])


class TestTakingOver:
    async def test_the_unfinished_sentence_is_dropped_and_the_finished_one_kept(self) -> None:
        with vendor(["We open at nine. ", "Breakfast is ser", CUT]) as first, house("Breakfast is at eight.") as last:
            events = await collect(FallbackChat([first, last]))
        assert text_of(events) == "We open at nine. Breakfast is at eight."

    async def test_the_next_model_knows_what_was_said(self) -> None:
        with vendor(["We open at nine. Break", CUT]) as first, house("Breakfast is at eight.") as last:
            await collect(FallbackChat([first, last]))
        question, said, instruction = last.requests[0].messages
        assert question == REQUEST.messages[0]
        assert said == Message("assistant", "We open at nine.")
        assert instruction.role == "user"
        assert last.requests[0].facts == REQUEST.facts

    async def test_a_repeated_sentence_is_left_out(self) -> None:
        with vendor(["We open at nine. Break", CUT]) as first, house("We open at nine! Breakfast is at eight.") as last:
            events = await collect(FallbackChat([first, last]))
        assert text_of(events) == "We open at nine. Breakfast is at eight."

    async def test_nothing_but_repetition_still_ends_well(self) -> None:
        with vendor(["We open at nine. Break", CUT]) as first, house("We open at nine.") as last:
            events = await collect(FallbackChat([first, last]))
        assert text_of(events).strip() == "We open at nine."
        assert finish_of(events).model == "house/responder"

    async def test_a_model_with_nothing_to_add_ends_the_reply(self) -> None:
        empty = ProviderRefused("nothing", vendor="b", code="provider.empty_reply")
        with vendor(["We open at nine. ", CUT]) as first, vendor([empty], name="b/two") as second:
            events = await collect(FallbackChat([first, second, house()]))
        assert text_of(events).strip() == "We open at nine."
        assert finish_of(events).model == "b/two"

    async def test_a_space_joins_the_two_halves(self) -> None:
        with vendor(["We open at nine.", " Break", CUT]) as first, house("Breakfast is at eight.") as last:
            assert text_of(await collect(FallbackChat([first, last]))) == "We open at nine. Breakfast is at eight."

    async def test_after_something_was_said_the_same_model_is_not_asked_again(self) -> None:
        with vendor(["We open at nine. Break", CUT]) as first, house() as last:
            await collect(FallbackChat([first, last]))

    async def test_a_tool_call_of_a_failed_reply_never_runs(self) -> None:
        with vendor([CALL, CUT], [CALL, CUT]) as first, house() as last:
            events = await collect(FallbackChat([first, last]))
        assert CALL not in events

    async def test_a_tool_call_of_a_complete_reply_comes_after_its_text(self) -> None:
        with vendor(["One moment", CALL]) as first:
            events = await collect(FallbackChat([first, house()]))
        assert events == [TextDelta("One moment"), CALL, Finished("tool_calls", model="a/one")]

    @given(
        sentences=st.lists(
            st.text("abcÄ ,0123", min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=6, unique=True
        ),
        cut_at=st.integers(0, 60),
        size=st.integers(1, 9),
    )
    def test_wherever_a_model_is_cut_only_whole_sentences_are_heard(
        self, sentences: list[str], cut_at: int, size: int
    ) -> None:
        reply = " ".join(f"x{sentence}." for sentence in sentences)
        arrived = reply[:cut_at]
        pieces = [arrived[at : at + size] for at in range(0, len(arrived), size)]
        first = vendor([*pieces, CUT], [*pieces, CUT])
        events = asyncio.run(collect(FallbackChat([first, house()])))
        heard = text_of(events)
        assert heard.endswith(HOUSE)
        assert heard.count(HOUSE) == 1
        kept = heard.removesuffix(HOUSE).strip()
        assert reply.startswith(kept)
        assert not kept or kept.endswith(".")


class TestSecondAttempt:
    async def test_a_quick_failure_is_tried_again_at_once(self) -> None:
        with vendor([DOWN], "We open at nine.") as first:
            events = await collect(FallbackChat([first, house()]))
        assert finish_of(events).model == "a/one"

    async def test_a_short_retry_after_is_waited_for(self) -> None:
        clock = Clock()
        busy = ProviderBusy("busy", vendor="a", retry_after=0.3)
        with vendor([busy], "We open at nine.") as first:
            chain = FallbackChat([first, house()], clock=clock, sleep=clock.sleep)
            assert text_of(await collect(chain)) == "We open at nine."
        assert clock.slept == [0.3]

    @pytest.mark.parametrize(
        "error",
        [
            ProviderBusy("busy", vendor="a", retry_after=2.0),
            ProviderBusy("busy", vendor="a"),
            ProviderKeyRejected("key", vendor="a"),
            ProviderRefused("no", vendor="a"),
        ],
    )
    async def test_everything_else_goes_to_the_next_model(self, error: ProviderError) -> None:
        with vendor([error]) as first, house() as last:
            assert text_of(await collect(FallbackChat([first, last]))) == HOUSE

    async def test_a_failure_that_took_long_goes_to_the_next_model(self) -> None:
        clock = Clock()
        with vendor([Pause(0.5), DOWN], sleep=clock.sleep) as first, house() as last:
            assert text_of(await collect(FallbackChat([first, last], clock=clock))) == HOUSE


class TestBudget:
    async def test_all_models_but_the_last_share_the_time_to_the_first_sentence(self) -> None:
        budget = Budget(first_sentence_s=0.2, least_try_s=0.05)
        with vendor(["Well ", Stall()]) as first, house() as last:
            begun = time.monotonic()
            never_asked = vendor(name="b/two")
            events = await collect(FallbackChat([first, never_asked, last], budget=budget))
        assert text_of(events) == HOUSE
        assert time.monotonic() - begun < 0.5
        assert never_asked.requests == []

    async def test_a_model_that_trickles_words_without_a_sentence_is_left(self) -> None:
        trickle = [step for _ in range(50) for step in ("and ", Pause(0.01))]
        with vendor(trickle) as first, house() as last:
            events = await collect(FallbackChat([first, last], budget=Budget(first_sentence_s=0.1, least_try_s=0.01)))
        assert text_of(events) == HOUSE
        assert first.closed_early == 1

    async def test_once_a_sentence_is_out_there_is_no_hurry(self) -> None:
        with vendor(["We open at nine. ", Pause(0.15), "Bye."]) as first:
            events = await collect(
                FallbackChat([first, house()], budget=Budget(first_sentence_s=0.05, least_try_s=0.01))
            )
        assert text_of(events) == "We open at nine. Bye."

    async def test_the_last_model_has_no_limit(self) -> None:
        with house([Pause(0.1), HOUSE]) as last:
            assert text_of(await collect(FallbackChat([last], budget=Budget(first_sentence_s=0.01)))) == HOUSE


class TestLeaving:
    async def test_closing_the_reply_closes_the_model(self) -> None:
        first = vendor(["We open at nine. ", Stall()])
        stream = FallbackChat([first, house()]).stream(REQUEST)
        await anext(stream)
        await stream.aclose()
        assert first.closed_early == 1

    async def test_a_caller_who_leaves_is_no_failure_of_the_model(self) -> None:
        chain = FallbackChat([vendor(["We open at nine. ", Stall()]), house()])
        stream = chain.stream(REQUEST)
        await anext(stream)
        await stream.aclose()
        assert chain.health()[0].failures == 0

    async def test_aclose_closes_every_model(self) -> None:
        models = [vendor(), house()]
        await FallbackChat(models).aclose()
        assert all(model.closed for model in models)


class TestHealth:
    async def test_a_failing_model_is_skipped_and_tried_again_later(self) -> None:
        clock = Clock()
        down: list[ScriptStep] = [Pause(1.0), DOWN]
        with vendor(down, down, "Back. ", sleep=clock.sleep) as first, house(HOUSE, HOUSE, HOUSE) as last:
            chain = FallbackChat([first, last], breaker=Breaker(after=2, skip_s=10, clock=clock), clock=clock)
            for _ in range(3):
                assert text_of(await collect(chain)) == HOUSE
            assert len(first.requests) == 2, "the third reply did not wait for a vendor that is down"
            assert chain.health()[0].state == "skipped"
            clock.now += 10
            assert text_of(await collect(chain)) == "Back. "
        assert [health.state for health in chain.health()] == ["ok", "ok"]

    async def test_a_rejected_key_is_reported_and_skipped_at_once(self) -> None:
        with vendor([ProviderKeyRejected("a rejected the API key (401).", vendor="a")]) as first:
            chain = FallbackChat([first, house(HOUSE, HOUSE)])
            await collect(chain)
            await collect(chain)
        health = chain.health()[0]
        assert (health.state, health.error) == ("skipped", "provider.key_rejected")
        assert "API key" in health.detail
        assert health.retry_in_s > 60
