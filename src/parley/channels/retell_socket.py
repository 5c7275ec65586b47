"""Where Retell dials us for the words of a call: `WS /retell/llm/{token}/{call_id}`.

The handshake carries no signature, so the address does: `token` is the secret of the agent's line. Without one only a
call of ours that is in progress is answered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from parley.agents import Agent, Agents, default_flow
from parley.calls import Answering, CallRecord, Progress
from parley.channels.greeting import first_words
from parley.channels.retell_frames import Transcript
from parley.channels.retell_party import Memory, Party, TalkParts
from parley.channels.retell_talk import BROKEN, PhoneTalk
from parley.channels.transfer import transfer_number
from parley.inference.carrier import CarrierLine
from parley.kit import log
from parley.kit.duplex import Closed, Duplex
from parley.kit.errors import NotFound, VoiceAgentException
from parley.tenants import Businesses

router = APIRouter()

_CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404, 409: 4409, 429: 4429}
_REMEMBERED = 2000

_log = log.get("retell")


@dataclass(frozen=True, slots=True)
class LineParts:
    """What the lines are made of. `talk.ledger` is `CallLedger` over the same progress."""

    talk: TalkParts
    answering: Answering
    progress: Progress
    agents: Agents
    businesses: Businesses


class PhoneLines:
    """Answers every line that a carrier dials, over whatever it is dialled."""

    def __init__(self, parts: LineParts) -> None:
        self._parts = parts
        self._live: dict[str, PhoneTalk] = {}
        self._memories: OrderedDict[str, Memory] = OrderedDict()

    async def answer(self, line: Duplex, token: str | None, carrier_call_id: str) -> None:
        """Talk until the connection ends. One that may not be answered gets one error frame and is closed."""
        try:
            call = await self._parts.answering.answer(token, carrier_call_id)
            party = await self._party(call)
        except VoiceAgentException as error:
            await _refuse(line, error)
            return
        earlier = self._live.get(party.call_id)
        talk = PhoneTalk(line, party, self._parts.talk, self._memory(party.call_id))
        self._live[party.call_id] = talk
        if earlier is not None:
            await earlier.leave()
        try:
            await talk.run()
        except Exception:  # noqa: BLE001 - the carrier dials again, the log has the rest
            _log.exception("retell.line_failed", call_id=party.call_id)
            await line.close(BROKEN)
        finally:
            if self._live.get(party.call_id) is talk:
                del self._live[party.call_id]

    def _memory(self, call_id: str) -> Memory:
        memory = self._memories.setdefault(call_id, Memory())
        self._memories.move_to_end(call_id)
        if len(self._memories) > _REMEMBERED:
            self._memories.popitem(last=False)
        return memory

    async def _party(self, call: CallRecord) -> Party:
        if call.agent_config_id is None:
            raise NotFound("agent")
        agent = await self._parts.agents.get(call.tenant_id, call.agent_config_id)
        tenant = await self._parts.businesses.get(call.tenant_id)
        language = agent.definition.language or tenant.language
        known = {"driver_name": call.driver_name, "load_number": call.load_number}
        about = {"call_id": call.id, "phone_number": call.phone_number, **known}
        return Party(
            tenant_id=call.tenant_id,
            agent_id=agent.id,
            call_id=call.id,
            conversation_id=call.conversation_id or call.id,
            language=language,
            greeting=first_words(agent, tenant.name, language, known),
            transfer_number=transfer_number(agent, tenant),
            hears_noise=_hears_noise(agent),
            user_id=call.phone_number or None,
            metadata={name: value for name, value in about.items() if value},
        )


def _hears_noise(agent: Agent) -> bool:
    own = agent.definition.flow
    flow = default_flow(agent.type, agent.scenario_type) if own is None or own.bare else own
    return flow.patience is not None


class CallLedger:
    """See `retell_party.Ledger`: the room of calls."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    async def talks(self, party: Party) -> None:
        """See `Ledger.talks`."""
        await self._progress.talks(party.tenant_id, party.call_id, party.conversation_id)

    async def heard(self, party: Party, transcript: Transcript) -> None:
        """See `Ledger.heard`."""
        lines = [CarrierLine(one.role, one.content) for one in transcript]
        await self._progress.heard(party.tenant_id, party.call_id, lines)

    async def is_over(self, party: Party) -> bool:
        """See `Ledger.is_over`."""
        return not (await self._progress.get(party.tenant_id, party.call_id)).is_active


class SocketLine:
    """A WebSocket as a `Duplex`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes:
        """See `Duplex.receive`."""
        try:
            message = await self._socket.receive()
        except RuntimeError as error:  # received after the end
            raise Closed from error
        if message["type"] == "websocket.disconnect":
            raise Closed(message.get("code") or 1006)
        text = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, text: str) -> None:
        """See `Duplex.send`."""
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise Closed from error

    async def close(self, code: int) -> None:
        """See `Duplex.close`."""
        try:
            await self._socket.close(code)
        except (WebSocketDisconnect, RuntimeError):
            return


@router.websocket("/retell/llm/{token}/{call_id}")
async def retell_line(socket: WebSocket, token: str, call_id: str) -> None:
    """Retell's custom-LLM protocol, at the address published with the agent."""
    await _answer(socket, token, call_id)


@router.websocket("/retell/llm/{call_id}")
async def retell_line_of_a_call(socket: WebSocket, call_id: str) -> None:
    """The same for a call of ours that is in progress: its id is the secret."""
    await _answer(socket, None, call_id)


async def _answer(socket: WebSocket, token: str | None, call_id: str) -> None:
    await socket.accept()
    lines: PhoneLines = socket.state.phone_lines
    await lines.answer(SocketLine(socket), token, call_id)


async def _refuse(line: Duplex, error: VoiceAgentException) -> None:
    body = {"type": "error", "event": "error", "code": error.code, "detail": error.detail}
    try:
        await line.send(orjson.dumps(body).decode())
        await line.close(_CLOSE_CODES.get(error.status, BROKEN))
    except Closed:
        return
