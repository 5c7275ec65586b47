"""The frames of Retell's custom-LLM socket, both ways. Source: docs.retellai.com, "LLM WebSocket" (spec 2026-08-12).

Retell is the client. Each frame is one JSON object as text. Retell drops frames with fields of a wrong type without a
word, so what is sent is built here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

MOST_FRAME_BYTES = 8_000_000  # two hours of talk with the times of every word are about two
UNINTELLIGIBLE = "(unintelligible audio)"
_MOST_ID = 2**53


class BadFrame(ValueError):
    """A frame that cannot be read. `response_id`: the turn that waits for an answer all the same, where it says so."""

    def __init__(self, why: str, response_id: int | None = None) -> None:
        super().__init__(why)
        self.response_id = response_id


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side said, as the carrier heard it; of the agent, as far as it was spoken."""

    role: Literal["agent", "user"]
    content: str


Transcript = tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class PingPong:
    """Are you there? Every two seconds where `auto_reconnect` is on."""

    timestamp: int | float


@dataclass(frozen=True, slots=True)
class CallDetails:
    """The call object as of its registration."""

    call: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """The transcript so far. Not to be answered, and supersedes nothing."""

    transcript: Transcript
    turntaking: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An answer is wanted; every earlier request is void. `digits`: keys pressed since the agent last spoke."""

    response_id: int
    transcript: Transcript
    reminder: bool = False
    digits: str = ""


Frame = PingPong | CallDetails | Update | Request


def read_frame(data: str | bytes) -> Frame | None:
    """The frame in `data`; None for a type that is not known. Raises `BadFrame`."""
    if isinstance(data, bytes):
        raise BadFrame("a binary frame")
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadFrame("not JSON") from error
    if not isinstance(frame, dict):
        raise BadFrame("not an object")
    match frame.get("interaction_type"):
        case "ping_pong":
            return PingPong(_number(frame.get("timestamp")))
        case "call_details":
            return CallDetails(_object(frame.get("call"), "call"))
        case "update_only":
            turntaking = frame.get("turntaking")
            return Update(_transcript(frame), turntaking if isinstance(turntaking, str) else None)
        case "response_required" | "reminder_required" as kind:
            return _request(frame, reminder=kind == "reminder_required")
        case str():
            return None
        case _:
            raise BadFrame("interaction_type is missing")


def _request(frame: Mapping[str, Any], *, reminder: bool) -> Request:
    number = frame.get("response_id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _MOST_ID:
        raise BadFrame("response_id must be a whole number")
    try:
        return Request(number, _transcript(frame), reminder, _digits(frame))
    except BadFrame as error:
        raise BadFrame(str(error), number) from error


def _transcript(frame: Mapping[str, Any]) -> Transcript:
    """Agent and user only: a person the call was transferred to talks to the caller, not to us."""
    said = []
    for one in _list(frame.get("transcript"), "transcript"):
        item = _object(one, "transcript")
        content = item.get("content")
        if not isinstance(content, str):
            raise BadFrame("transcript.content must be text")
        if (role := item.get("role")) in ("agent", "user") and (words := storable(content).strip()):
            said.append(Utterance(role, words))
    return tuple(said)


def _digits(frame: Mapping[str, Any]) -> str:
    pressed = ""
    for one in _list(frame.get("transcript_with_tool_calls") or [], "transcript_with_tool_calls"):
        item = _object(one, "transcript_with_tool_calls")
        if item.get("role") == "agent":
            pressed = ""
        elif item.get("role") == "dtmf":
            pressed += str(item.get("digit", ""))[:32]
    return "".join(key for key in pressed if key in "0123456789*#")[:64]


def storable(text: str) -> str:
    """Text without what PostgreSQL cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise BadFrame("timestamp must be a number")


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise BadFrame(f"{name} must hold objects")


def _list(value: Any, name: str) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    raise BadFrame(f"{name} must be a list")


# What we send


@dataclass(frozen=True, slots=True)
class Ending:
    """What happens after the words of the last frame were spoken; lost when they are interrupted.

    Retell looks at `end_call` first, then at `transfer_number`.
    """

    end_call: bool = False
    transfer_number: str | None = None

    def fields(self) -> dict[str, Any]:
        """As fields of a frame; empty where nothing happens."""
        if self.end_call:
            return {"end_call": True}
        return {"transfer_number": self.transfer_number} if self.transfer_number else {}


STAY = Ending()


def config() -> str:
    """The first frame of every connection."""
    options = {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": True}
    return _packed("config", config=options)


def pong(timestamp: int | float) -> str:
    return _packed("ping_pong", timestamp=timestamp)


def response(response_id: int, content: str, *, complete: bool = False, ending: Ending = STAY) -> str:
    """A piece of an answer. `complete`: the last one, which alone may carry an ending."""
    extra = ending.fields() if complete else {}
    return _packed("response", response_id=response_id, content=content, content_complete=complete, **extra)


def interrupt(interrupt_id: int, content: str, *, ending: Ending = STAY) -> str:
    """Words that jump in at any time. They are spoken to their end: half of what a person wrote helps nobody."""
    said = {"interrupt_id": interrupt_id, "content": content, "content_complete": True, "no_interruption_allowed": True}
    return _packed("agent_interrupt", **said, **ending.fields())


def tool_invoked(call_id: str, name: str, arguments: Mapping[str, Any]) -> str:
    """A tool ran; for the carrier's transcript only. `arguments` travel as JSON in a string."""
    packed = orjson.dumps(dict(arguments)).decode()
    return _packed("tool_call_invocation", tool_call_id=call_id, name=name, arguments=packed)


def tool_resulted(call_id: str, result: Mapping[str, Any], *, successful: bool) -> str:
    packed = orjson.dumps(dict(result)).decode()
    return _packed("tool_call_result", tool_call_id=call_id, content=packed, successful=successful)


def _packed(kind: str, **fields: Any) -> str:
    return orjson.dumps({"response_type": kind, **fields}).decode()
