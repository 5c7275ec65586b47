"""Where Twilio brings the sound of a call: `WS /twilio/media`.

The handshake is let in; what counts is the one-time token in the stream's first words. It was handed out in TwiML that
only Twilio could ask for, holds for a minute, and is taken from the database: any process may be the one that is
dialled.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final, cast

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from parley.agents import Agent, Agents
from parley.calls import CallRecord, Progress, Switchboard
from parley.channels.greeting import first_words
from parley.channels.live import Rooms, Talked, converse, language_of
from parley.channels.spoken import Caller
from parley.channels.transfer import transfer_number
from parley.channels.twilio_line import StreamStart, TwilioLine, read_event, read_start
from parley.conversations import Transcripts
from parley.inference.carrier import CarrierCall
from parley.kit import log
from parley.kit.clock import Clock
from parley.kit.errors import InvalidInput, TooMany, VoiceAgentException
from parley.tenants import Businesses

router = APIRouter()

REFUSED, TRY_AGAIN_LATER = 1008, 1013  # RFC 6455, section 7.4.1, and its registry
_START_SECONDS: Final = 10
_PLAY_OUT_SECONDS: Final = 3.0
_PARTING_SECONDS: Final = 5.0
_FIRST_MESSAGES: Final = 3
_NOBODY_THERE: Final = {
    "en": "I'm sorry, nobody can take your call right now. Can I help you otherwise, or take a message?",
    "de": "Es tut mir leid, im Moment ist niemand zu erreichen. Kann ich sonst etwas tun oder etwas ausrichten?",
}
_log = log.get("twilio")


@dataclass(frozen=True, slots=True)
class PhoneRooms:
    """What the telephone needs beside `live.Rooms`. `public_url`: where Twilio reaches us, as it signs it."""

    switchboard: Switchboard
    progress: Progress
    agents: Agents
    businesses: Businesses
    clock: Clock
    public_url: str | None


@router.websocket("/twilio/media")
async def twilio_media(socket: WebSocket) -> None:
    """Twilio's bidirectional media stream of one call."""
    await socket.accept()
    rooms = cast("Rooms", socket.state)
    phone: PhoneRooms = socket.state.phone
    try:
        async with asyncio.timeout(_START_SECONDS):
            start = await _first_words(socket)
            call = await phone.switchboard.admit(start.token, start.call_sid)
    except (TimeoutError, VoiceAgentException) as error:
        _log.warning("twilio.stream_refused", why=str(error))
        await _leave(socket, REFUSED)
        return
    except (WebSocketDisconnect, RuntimeError):
        return
    try:
        with rooms.speech.admission.admitted():
            await _hold(socket, rooms, phone, call, start)
    except TooMany:
        await phone.switchboard.lost(call)
        await _leave(socket, TRY_AGAIN_LATER)


async def _first_words(socket: WebSocket) -> StreamStart:
    """`connected`, then `start`. Raises `InvalidInput`."""
    for _ in range(_FIRST_MESSAGES):
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        event = read_event(message.get("text"))
        if event.get("event") == "start":
            return read_start(event)
    raise InvalidInput("A stream begins with its start.")


async def _hold(socket: WebSocket, rooms: Rooms, phone: PhoneRooms, call: CallRecord, start: StreamStart) -> None:
    """Hold the call, and write down its end, unless only the stream has ended, or a person takes over."""
    line = TwilioLine(socket, start.stream_sid)
    talked: Talked | None = None
    try:
        talked = await _talk(socket, rooms, phone, call, line, returns=start.returns)
    finally:
        if talked is None or (talked.reason == "hung_up" and not line.stopped):
            await phone.switchboard.lost(call)
        elif not talked.hands_over:
            await _end(rooms, phone, call, talked)


async def _talk(
    socket: WebSocket, rooms: Rooms, phone: PhoneRooms, call: CallRecord, line: TwilioLine, *, returns: bool
) -> Talked:
    agent = await phone.agents.get(call.tenant_id, call.agent_config_id or "")
    tenant = await phone.businesses.get(call.tenant_id)
    business, number = tenant.name, transfer_number(agent, tenant)
    listening, sending = asyncio.create_task(line.listen()), asyncio.create_task(line.send())
    try:
        greeting = "" if call.conversation_id else _greeting(agent, business, call)
        if returns:
            greeting = _NOBODY_THERE.get(language_of(agent), _NOBODY_THERE["en"])
        caller = _caller(phone, call, transferable=number is not None)
        talked = await converse(rooms, agent, business, line, caller, greeting, call.conversation_id)
        if talked.reason != "hung_up":
            await line.heard_out(_PLAY_OUT_SECONDS)
        if talked.hands_over:  # before the stream ends: Twilio asks at once what comes next
            taken = number is not None and await phone.switchboard.hand_over(call, number)
            talked = replace(talked, hands_over=taken)
        line.close()
        await asyncio.wait([sending], timeout=_PARTING_SECONDS)  # nobody is waited for who reads nothing
        await _leave(socket, 1000)
    finally:
        listening.cancel()
        sending.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)
    return talked


def _greeting(agent: Agent, business: str, call: CallRecord) -> str:
    known = {"driver_name": call.driver_name, "load_number": call.load_number}
    return first_words(agent, business, language_of(agent), known)


def _caller(phone: PhoneRooms, call: CallRecord, *, transferable: bool) -> Caller:
    known = {"driver_name": call.driver_name, "load_number": call.load_number}

    async def begun(conversation_id: str) -> None:
        await phone.progress.talks(call.tenant_id, call.id, conversation_id)

    return Caller(
        channel="phone",
        user_id=call.phone_number or None,
        metadata={"call_id": call.id, **{name: value for name, value in known.items() if value}},
        begun=begun,
        transferable=transferable,
    )


async def _end(rooms: Rooms, phone: PhoneRooms, call: CallRecord, talked: Talked) -> None:
    reason = "user_hangup" if talked.reason == "hung_up" else f"agent_{talked.reason}"
    await write_end(rooms.transcripts, phone, call, talked.conversation_id, reason)


async def write_end(
    transcripts: Transcripts, phone: PhoneRooms, call: CallRecord, conversation_id: str | None, reason: str
) -> None:
    """Put the end of a call on record."""
    if conversation_id is not None:
        await transcripts.end(call.tenant_id, conversation_id)
    told = CarrierCall(id=call.retell_call_id or "", status="ended", reason=reason, ended_at=phone.clock.now())
    await phone.progress.apply(call.tenant_id, call.id, told)
    await phone.switchboard.release(call)


async def _leave(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        return
