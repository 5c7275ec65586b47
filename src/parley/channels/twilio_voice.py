"""Twilio's webhooks: `POST /twilio/voice` asks what to do with a call, `POST /twilio/status` says what became of it.

Both are signed over our public address and every parameter, by this installation's auth token or by that of the tenant
whose call it is. What is not signed is refused before anything is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response, Security
from fastapi.security import APIKeyHeader

from parley.calls import TWILIO, CallRecord, CarrierChoice
from parley.channels.admission import Admission
from parley.channels.twilio_media import PhoneRooms, write_end
from parley.inference.carrier import CarrierCall
from parley.inference.twilio_call import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    is_signed,
    may_be_signed,
    read_call,
)
from parley.kit import log
from parley.kit.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, TooLarge
from parley.kit.web import ERRORS

router = APIRouter(prefix="/twilio", tags=["carriers' webhooks"], responses=ERRORS)

_MOST_BYTES: Final = 64_000
_MOST_FIELDS: Final = 300
_RING_SECONDS: Final = 30
_CONNECTED: Final = ("completed", "answered")  # by DialCallStatus: they have talked
_log = log.get("twilio")

_signature = APIKeyHeader(
    name=SIGNATURE_HEADER,
    auto_error=False,
    description="Base64 HMAC over the address and the sorted parameters, by the account's auth token.",
)
Signature = Annotated[str | None, Security(_signature)]
Fields = Sequence[tuple[str, str]]


@router.post("/voice", response_class=Response, responses={200: {"content": {"application/xml": {}}}})
async def twilio_voice(request: Request, signature: Signature = None) -> Response:
    """A call comes in at a number of ours, or one of ours was answered: Twilio is told to open a media stream.

    The form's fields are Twilio's (`CallSid`, `From`, `To`, `Direction` …). A number that nobody answers, an agent that
    is not active and a server whose lines are all busy reject the call. A call that was handed over is connected with
    its person; with `DialCallStatus`, nobody was there, and the agent goes on, or the call is over.
    """
    owner, told, fields = await _letter(request, signature)
    phone: PhoneRooms = request.state.phone
    if owner is None:
        _log.warning("twilio.nobody_answers", call_sid=told.id)
        return _twiml(_reject(answered=told.status == "ongoing"))
    answered = told.status == "ongoing"
    try:
        call = await phone.switchboard.ring(owner, told)
        answered |= call.started_at is not None
        dialled = dict(fields).get("DialCallStatus")
        number = await phone.switchboard.transfer_of(call)
        if number is not None and dialled is None:
            return _twiml(_dial(_base(request), call, number, told))
        if number is not None and dialled in _CONNECTED:
            await write_end(request.state.transcripts, phone, call, call.conversation_id, "call_transfer")
            return _twiml(_reject(answered=True))
        admission: Admission = request.state.speech.admission
        if admission.is_full:
            return _twiml(_reject(answered=answered, busy=True))
        token = await phone.switchboard.token(call)
    except (NotFound, Conflict) as error:
        _log.info("twilio.not_answered", call_sid=told.id, code=error.code)
        return _twiml(_reject(answered=answered))
    return _twiml(_stream(_base(request), call, token, returns=number is not None))


@router.post("/status", status_code=204, response_class=Response)
async def twilio_status(request: Request, signature: Signature = None) -> None:
    """What became of a call (`CallStatus`) or of its stream (`StreamEvent`)."""
    owner, told, fields = await _letter(request, signature)
    event = dict(fields).get("StreamEvent")
    if event is not None:
        if event == "stream-error":
            _log.warning("twilio.stream_error", call_sid=told.id, why=dict(fields).get("StreamError", "")[:200])
        return
    if owner is not None:
        phone: PhoneRooms = request.state.phone
        try:
            await phone.switchboard.told(owner, told)
        except NotFound:
            _log.info("twilio.passed_over", call_sid=told.id)


async def _letter(request: Request, signature: str | None) -> tuple[str | None, CarrierCall, Fields]:
    """The tenant a request is about, the call, and all fields. Raises `NotAuthenticated` for one that is not signed by
    a key that may speak of it."""
    if not may_be_signed(signature):
        raise _unsigned()
    fields = await _fields(request)
    named = request.query_params.get("call_id")
    told = read_call(dict(fields))
    if told is not None and named:
        told = replace(told, call_id=named[:64])
    choice: CarrierChoice = request.state.carriers
    ours = await choice.signing_keys(None, TWILIO)
    signed = _is_signed(request, fields, ours, signature)
    phone: PhoneRooms = request.state.phone
    owner = None if told is None else await phone.switchboard.owner(told)
    if not signed:
        own = [] if owner is None else await choice.signing_keys(owner, TWILIO)
        if not _is_signed(request, fields, own, signature):
            raise _unsigned()
    if told is None:
        raise InvalidInput("CallSid is missing.")
    return owner, told, fields


async def _fields(request: Request) -> Fields:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise TooLarge(f"The form must be at most {_MOST_BYTES // 1000} kB.")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise _unsigned() from error


def _base(request: Request) -> str:
    phone: PhoneRooms = request.state.phone
    return phone.public_url or str(request.base_url).rstrip("/")


def _is_signed(request: Request, fields: Fields, keys: Sequence[str], signature: str | None) -> bool:
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{_base(request)}{request.url.path}{query}"
    settings = request.headers.get(SIGNATURE_SETTINGS_HEADER)
    return any(is_signed(url, fields, key, signature, settings) for key in keys)


def _dial(base: str, call: CallRecord, number: str, told: CarrierCall) -> Any:
    """Connect the caller with a person. Twilio shows the person the caller's number, on a call of ours ours."""
    from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

    response = VoiceResponse()
    ours = {"caller_id": told.from_number} if call.direction == "outbound" and told.from_number else {}
    action = f"{base}/twilio/voice?call_id={call.id}"
    response.dial(action=action, method="POST", timeout=_RING_SECONDS, **ours).number(number)
    return response


def _stream(base: str, call: CallRecord, token: str, *, returns: bool) -> Any:
    """Open a stream. Where it ends, Twilio asks again: a call that was only cut off goes on, one that is over ends."""
    from twilio.twiml.voice_response import VoiceResponse

    response = VoiceResponse()
    url = f"ws{base.removeprefix('http')}/twilio/media"
    stream = response.connect().stream(url=url, status_callback=f"{base}/twilio/status")
    stream.parameter(name="token", value=token)
    if returns:
        stream.parameter(name="returns", value="true")
    response.redirect(f"{base}/twilio/voice?call_id={call.id}", method="POST")
    return response


def _reject(*, answered: bool, busy: bool = False) -> Any:
    from twilio.twiml.voice_response import VoiceResponse

    response = VoiceResponse()
    if answered:
        response.hangup()  # an answered call cannot be rejected any more
    else:
        response.reject(reason="busy" if busy else "rejected")
    return response


def _twiml(response: Any) -> Response:
    return Response(str(response), media_type="application/xml")


def _unsigned() -> NotAuthenticated:
    return NotAuthenticated(f"{SIGNATURE_HEADER} is missing or wrong.", code="webhook.unsigned")
