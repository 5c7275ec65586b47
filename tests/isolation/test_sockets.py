"""Sockets: another tenant's ids are refused with one error frame, and nothing of that tenant is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from parley.app.resources import Resources
from parley.inference.carrier import CarrierCall
from parley.kit.ids import new_id
from tests.conftest import _business
from tests.isolation.victims import Victim, furnish
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


class Socket:
    """A WebSocket client right at the application's door."""

    def __init__(self, app: Any, path: str, query: str, token: str) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [(b"host", b"localhost"), (b"authorization", token.encode())]
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
        }
        scope |= {"headers": headers, "scheme": "ws", "subprotocols": [], "root_path": "", "http_version": "1.1"}
        scope |= {"client": ("127.0.0.1", 1), "server": ("localhost", 80), "asgi": {"version": "3.0"}}
        self._sent.put_nowait({"type": "websocket.connect"})
        self._running = asyncio.create_task(app(scope, self._sent.get, self._heard.put))

    def say(self, event: dict[str, Any]) -> None:
        self._sent.put_nowait({"type": "websocket.receive", "text": json.dumps(event)})

    async def hear_until_closed(self) -> tuple[list[dict[str, Any]], int]:
        """Every frame and the closing code; hangs up itself when an error frame is not followed by a close."""
        frames: list[dict[str, Any]] = []
        while True:
            message = await asyncio.wait_for(self._heard.get(), PATIENCE)
            if message["type"] == "websocket.close":
                await self._running
                return frames, int(message["code"])
            if message["type"] == "websocket.send":
                frames.append(json.loads(message["text"]))
                if frames[-1].get("event") in {"error", "reply_delta"}:
                    self._sent.put_nowait({"type": "websocket.disconnect", "code": 1000})
                    await asyncio.wait_for(self._running, PATIENCE)
                    codes = [left["code"] for left in self._left() if left["type"] == "websocket.close"]
                    return frames, int(codes[0]) if codes else 1000

    def _left(self) -> list[dict[str, Any]]:
        return [self._heard.get_nowait() for _ in range(self._heard.qsize())]


@pytest.fixture(scope="module")
async def pair(app: Any, resources: Resources) -> AsyncIterator[tuple[Victim, Victim]]:
    """The victim and its rival."""
    async with AsyncExitStack() as stack:
        victim = await furnish(await stack.enter_async_context(_business(app, resources)))
        yield victim, await furnish(await stack.enter_async_context(_business(app, resources)), "Harmless")


@pytest.mark.parametrize("place", ["query", "start"])
@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("tenant_id",), 4403),
        (("agent_id",), 4404),
        (("tenant_id", "agent_id"), 4403),
        (("own tenant_id", "agent_id"), 4404),
    ],
    ids=lambda value: str(value),
)
async def test_a_voice_stream_reaches_only_ones_own(
    app: Any, pair: tuple[Victim, Victim], place: str, names: tuple[str, ...], code: int
) -> None:
    victim, rival = pair
    named = {
        name.removeprefix("own "): (rival if name.startswith("own ") else victim).ids[name.removeprefix("own ")]
        for name in names
    }
    query = "&".join(f"{name}={value}" for name, value in named.items()) if place == "query" else ""
    socket = Socket(app, "/voice/stream", query, rival.business.owner.headers["Authorization"])
    socket.say({"event": "start", **(named if place == "start" else {})})
    frames, closed = await socket.hear_until_closed()
    assert [frame["event"] for frame in frames] == ["error"]
    assert closed == code
    said = json.dumps(frames)
    assert not [secret for secret in (victim.word, *victim.ids.values()) if secret in said]


@pytest.mark.parametrize("kind", ["another's", "no one's", "no text"])
async def test_a_voice_stream_goes_on_only_with_ones_own_conversation(
    app: Any, pair: tuple[Victim, Victim], kind: str
) -> None:
    victim, rival = pair
    wanted: dict[str, Any] = {"another's": victim.ids["conversation_id"], "no one's": new_id(), "no text": {"a": [1]}}
    socket = Socket(app, "/voice/stream", "", rival.business.owner.headers["Authorization"])
    socket.say({"event": "start", "conversation_id": wanted[kind]})
    socket.say({"event": "text", "text": f"What does the {rival.word} lasagna cost?"})
    frames, closed = await socket.hear_until_closed()
    assert ([frame["event"] for frame in frames], closed) == (["error"], 4404)
    assert frames[0]["detail"] == "No such conversation."
    lines = await victim.business.owner.get(f"/conversations/{victim.ids['conversation_id']}/messages")
    assert rival.word not in lines.text


async def test_practice_is_ones_own(app: Any, pair: tuple[Victim, Victim]) -> None:
    victim, rival = pair
    for wanted in (victim.ids["session_id"], new_id()):
        socket = Socket(app, f"/chat/{wanted}", "", rival.business.owner.headers["Authorization"])
        socket.say({"type": "session_start", "content": "", "metadata": {}})
        frames, closed = await socket.hear_until_closed()
        assert ([frame["type"] for frame in frames], closed) == (["error"], 4404)
        assert frames[0]["detail"] == "No such session."
        assert victim.word not in json.dumps(frames)


async def test_a_media_stream_is_opened_by_a_token_alone(
    app: Any, pair: tuple[Victim, Victim], resources: Resources
) -> None:
    """Another tenant's token for a call of the victim's, and a token that names the victim, read alike: refused."""
    victim, rival = pair
    switchboard = resources.calls.switchboard
    told = CarrierCall(f"CA{new_id()}", "registered")
    call = await resources.calls.progress.opened(victim.business.id, victim.ids["agent_id"], "twilio", told)
    own = CarrierCall(f"CA{new_id()}", "registered")
    theirs = await resources.calls.progress.opened(rival.business.id, rival.ids["agent_id"], "twilio", own)
    token = await switchboard.token(theirs)
    _, _, secret = (await switchboard.token(call)).partition(".")
    forged = (token, f"st_{rival.business.id}.{secret}", f"st_{victim.business.id}.{'A' * 43}")
    for one in forged:
        socket = Socket(app, "/twilio/media", "", "")
        form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"streamSid": "MZ1", "callSid": told.id, "mediaFormat": form, "customParameters": {"token": one}}
        socket.say({"event": "start", "streamSid": "MZ1", "start": start})
        assert await socket.hear_until_closed() == ([], 1008)
    assert (await resources.calls.log.get(victim.business.id, call.id)).status == "initiated"
