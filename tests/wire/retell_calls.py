"""What Retell does beside its REST: it dials the agent's socket, lets somebody speak, and sends signed webhooks.

Signed with the SDK's own signer. Everything is taken from the agent as it was published: its socket's address, its
webhooks' address and which of them it wants.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets

from parley.kit.duplex import Closed
from parley.personas import Caller, Line
from tests.channels.retell_peer import Peer, content_of
from tests.wire.retell_server import RetellServer

_WORDS_PER_SECOND = 2.5


class Wire:
    """A WebSocket client as a `Duplex`."""

    def __init__(self, line: websockets.ClientConnection) -> None:
        self._line = line

    async def receive(self) -> str | bytes:
        try:
            return await self._line.recv()
        except websockets.ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from closed

    async def send(self, text: str) -> None:
        await self._line.send(text)

    async def close(self, code: int) -> None:
        await self._line.close(code)


@dataclass
class Switchboard:
    """Retell's side of the calls of one account. `patience`: of the answer to a caller who hangs up, so many words are
    heard; None: all of them."""

    server: RetellServer
    http: httpx.AsyncClient
    answered: list[int] = field(default_factory=list)
    patience: int | None = None

    async def carry(self, call_id: str, caller: Caller) -> dict[str, Any]:
        """A registered call from ringing to its analysis; returns the call object."""
        call = self.server.calls[call_id]
        agent = self.server.agents[call["agent_id"]][call["agent_version"] or -1]
        assert agent["is_published"]
        began = time.time()
        call |= {"call_status": "ongoing", "start_timestamp": round(began * 1000)}
        await self._tell(agent, "call_started", call)
        address = f"{agent['response_engine']['llm_websocket_url'].rstrip('/')}/{call_id}"
        async with websockets.connect(address.replace("http", "ws", 1), max_size=None) as line:
            peer = Peer(Wire(line))
            call["disconnection_reason"] = await self._talk(peer, caller, call)
        seconds = sum(len(one["content"].split()) for one in peer.transcript) / _WORDS_PER_SECOND
        call |= {"call_status": "ended", "end_timestamp": round(time.time() * 1000), "duration_ms": int(seconds * 1000)}
        call["transcript_object"] = peer.transcript
        call["transcript"] = "\n".join(f"{one['role'].title()}: {one['content']}" for one in peer.transcript)
        await self._tell(agent, "call_ended", call)
        await self._tell(agent, "call_analyzed", call | {"call_analysis": {"in_voicemail": False}})
        return call

    async def ring_in(self, number: str, caller: str) -> str:
        """Somebody calls one of our numbers; returns the id of the call that the answer made of it."""
        there = self.server.numbers[number]
        agent = there["inbound_agents"][0]
        asked = {"agent_id": agent["agent_id"], "from_number": caller, "to_number": number}
        answer = await self._post(there["inbound_webhook_url"], {"event": "call_inbound", "call_inbound": asked})
        told = answer.json()["call_inbound"]
        call_id = f"call_in_{len(self.server.calls)}"
        self.server.calls[call_id] = {
            "call_id": call_id,
            "call_type": "phone_call",
            "direction": "inbound",
            "call_status": "registered",
            "agent_id": told.get("override_agent_id", agent["agent_id"]),
            "agent_version": told.get("override_agent_version"),
            "from_number": caller,
            "to_number": number,
            "metadata": told.get("metadata"),
            "retell_llm_dynamic_variables": told.get("dynamic_variables", {}),
        }
        return call_id

    async def _talk(self, peer: Peer, caller: Caller, call: dict[str, Any]) -> str:
        heard = await peer.greeted()
        await peer.send({"interaction_type": "call_details", "call": call})
        line = await caller.opening() or await caller.reply(heard)
        while True:
            await peer.send({"interaction_type": "ping_pong", "timestamp": round(time.time() * 1000)})
            if line.hang_up and not line.text:
                return "user_hangup"
            frames = await self._exchange(peer, line)
            said = content_of(frames)
            peer.spoken(" ".join(said.split()[: self.patience]) if line.hang_up else said)
            if frames[-1].get("end_call"):
                return "agent_hangup"
            if frames[-1].get("transfer_number"):
                return "call_transfer"
            if line.hang_up:
                return "user_hangup"
            line = await caller.reply(said)

    async def _exchange(self, peer: Peer, line: Line) -> list[dict[str, Any]]:
        if line.silent or not line.text:
            return await peer.answer(await peer.ask("reminder_required"))
        peer.heard(line.text)
        await peer.send({"interaction_type": "update_only", "transcript": peer.transcript, "turntaking": "user_turn"})
        return await peer.answer(await peer.ask())

    async def _tell(self, agent: dict[str, Any], event: str, call: dict[str, Any]) -> None:
        if event in agent["webhook_events"]:
            await self._post(agent["webhook_url"], {"event": event, "call": call})

    async def _post(self, url: str, payload: dict[str, Any]) -> httpx.Response:
        from retell.lib.webhook_auth import symmetric  # brings a second of models with it

        raw = json.dumps(payload)
        headers = {"x-retell-signature": symmetric["sign"](raw, self.server.api_key)}
        async with asyncio.timeout(10):
            answer = await self.http.post(url, content=raw, headers=headers | {"content-type": "application/json"})
        self.answered.append(answer.status_code)
        assert answer.is_success, answer.text
        return answer
