from __future__ import annotations

import pytest

from parley.inference.chat import ChatRequest, Finished, Message, TextDelta
from parley.inference.errors import ProviderBusy
from parley.inference.facts import Facts
from parley.inference.metered import MeteredChat, Reading
from parley.inference.scripted import Pause, ScriptedChat
from parley.inference.usage import Usage

REQUEST = ChatRequest((Message("user", "Hi"),), Facts("Hi"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_reports_a_complete_reply_once() -> None:
    clock, readings = Clock(), list[Reading]()
    finished = Finished(usage=Usage(9, 3, 4), model="groq/openai/gpt-oss-20b")
    with ScriptedChat([Pause(0.5), "Hi", Pause(1), " there.", finished], sleep=clock.sleep) as model:
        metered = MeteredChat(model, readings.append, clock=clock)
        events = [event async for event in metered.stream(REQUEST)]
    assert events == [TextDelta("Hi"), TextDelta(" there."), finished]
    assert readings == [Reading("groq", "openai/gpt-oss-20b", Usage(9, 3, 4), 0.5, 1.5, "")]
    assert metered.name == "scripted/chat"


async def test_reports_an_error_and_passes_it_on() -> None:
    readings = list[Reading]()
    with ScriptedChat([ProviderBusy("busy", vendor="a")], name="a/one") as model, pytest.raises(ProviderBusy):
        [event async for event in MeteredChat(model, readings.append).stream(REQUEST)]
    [reading] = readings
    assert (reading.vendor, reading.model, reading.error) == ("a", "one", "provider.busy")
    assert reading.first_event_s is None


async def test_reports_a_consumer_who_left_and_closes_the_model() -> None:
    readings = list[Reading]()
    model = ScriptedChat(["Hi", " there."])
    stream = MeteredChat(model, readings.append).stream(REQUEST)
    await anext(stream)
    await stream.aclose()
    assert [reading.error for reading in readings] == ["closed_early"]
    assert model.closed_early == 1


async def test_leaving_after_the_last_event_is_a_complete_reply() -> None:
    readings = list[Reading]()
    stream = MeteredChat(ScriptedChat("Hi"), readings.append).stream(REQUEST)
    await anext(stream)
    assert isinstance(await anext(stream), Finished)
    await stream.aclose()
    assert [reading.error for reading in readings] == [""]


async def test_aclose_goes_through() -> None:
    model = ScriptedChat()
    await MeteredChat(model, lambda reading: None).aclose()
    assert model.closed
