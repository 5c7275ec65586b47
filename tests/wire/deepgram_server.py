"""Deepgram's two listening sockets, as deepgram-sdk 7.17 and the vendor's pages describe them.

Nova sends an interim result every 200 ms of sound that has words, freezes them after 300 ms of silence or a Finalize.
Flux tells every 240 ms how its turn stands; it thinks the turn over after 240 ms of silence and knows after 480 ms.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from typing_extensions import override
from websockets.asyncio.server import ServerConnection

from parley.inference.scripted_speech import Tape
from tests.wire.sockets import SocketServer, TapeReader, Trouble, Visit

_SOUND = {"encoding", "sample_rate"}
_NOVA = _SOUND | {
    "model", "language", "interim_results", "smart_format", "punctuate", "endpointing", "utterance_end_ms",
    "keyterm", "keywords", "vad_events", "numerals", "channels", "tag", "mip_opt_out",
}  # fmt: skip
_FLUX = _SOUND | {
    "model", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm", "language_hint", "numerals", "tag",
    "mip_opt_out", "profanity_filter", "redact",
}  # fmt: skip
Listen = Callable[[], AsyncIterator[Any]]


class DeepgramServer(SocketServer):
    """Accepts `api_key` only. `answers_empty_finalize`: whether a Finalize is answered where nothing was buffered."""

    def __init__(self, tape: Tape, *, api_key: str = "dg-test") -> None:
        super().__init__()
        self.tape = tape
        self.api_key = api_key
        self.answers_empty_finalize = False

    @override
    def refuse(self, visit: Visit) -> Trouble | None:
        if visit.headers.get("authorization") != f"Token {self.api_key}":
            return Trouble(401, body=_error("INVALID_AUTH", "Invalid credentials."))
        known = {"/v1/listen": _NOVA, "/v2/listen": _FLUX}.get(visit.path)
        if known is None:
            return Trouble(404, body=_error("NOT_FOUND", "No such path."))
        unknown = {name for name, _ in visit.query} - known
        wrong = "unknown parameter " + ", ".join(sorted(unknown)) if unknown else _wrong(visit)
        return Trouble(400, {"dg-error": wrong}, _error("Bad Request", wrong)) if wrong else None

    @override
    async def converse(self, socket: ServerConnection, visit: Visit, listen: Listen) -> None:
        await (_flux if visit.path == "/v2/listen" else self._nova)(socket, TapeReader(self.tape), listen)

    async def _nova(self, socket: ServerConnection, heard: TapeReader, listen: Listen) -> None:
        start, told = 0.0, 0.0

        def result(*, final: bool, speech_final: bool = False, finalized: bool = False) -> str:
            words = [row for row in heard.words if row[1] >= start]
            text = " ".join(row[0] for row in words)
            listed = [{"word": w, "punctuated_word": w, "start": s, "end": e, "confidence": 0.99} for w, s, e in words]
            best = {"transcript": text, "confidence": 0.98 if text else 0.0, "words": listed}
            row = {
                "type": "Results", "channel_index": [0, 1], "duration": heard.seconds - start, "start": start,
                "is_final": final, "speech_final": speech_final, "from_finalize": finalized,
                "channel": {"alternatives": [best]}, "metadata": {"request_id": "r", "model_uuid": "m"},
            }  # fmt: skip
            return json.dumps(row)

        async for message in listen():
            if isinstance(message, bytes):
                assert message, "an empty frame ends the stream"
                heard.take(message)
                open_words = any(row[1] >= start for row in heard.words)
                if open_words and heard.quiet_s >= 0.3:
                    await socket.send(result(final=True, speech_final=True))
                    start = told = heard.seconds
                elif heard.seconds - told >= 0.2:
                    await socket.send(result(final=False))
                    told = heard.seconds
            elif message["type"] == "Finalize":
                if heard.seconds > start or self.answers_empty_finalize:
                    await socket.send(result(final=True, finalized=True))
                    start = told = heard.seconds
            elif message["type"] == "CloseStream":
                await socket.send(result(final=True))
                await socket.send(json.dumps({"type": "Metadata", "request_id": "r", "duration": heard.seconds}))
                return


async def _flux(socket: ServerConnection, heard: TapeReader, listen: Listen) -> None:
    sequence, turn, start, told = 0, 0, 0.0, 0.0
    eager = begun = False

    async def tell(event: str, **more: Any) -> None:
        nonlocal sequence
        sequence += 1
        words = [row for row in heard.words if row[1] >= start]
        row = {
            "type": "TurnInfo", "request_id": "r", "sequence_id": sequence, "event": event, "turn_index": turn,
            "audio_window_start": start, "audio_window_end": heard.seconds,
            "transcript": " ".join(word for word, _, _ in words),
            "words": [{"word": w, "confidence": 0.99, "start": s, "end": e} for w, s, e in words],
            "end_of_turn_confidence": 0.8 if event == "EndOfTurn" else 0.1, **more,
        }  # fmt: skip
        await socket.send(json.dumps(row))

    await socket.send(json.dumps({"type": "Connected", "request_id": "r", "sequence_id": 0}))
    async for message in listen():
        if not isinstance(message, bytes):
            if message["type"] == "CloseStream":
                return
            continue
        heard.take(message)
        talks = any(row[1] >= start for row in heard.words)
        if talks and not begun:
            begun = True
            await tell("StartOfTurn")
        elif eager and heard.quiet_s < 0.05:
            eager = False
            await tell("TurnResumed")
        elif talks and heard.quiet_s >= 0.48:
            await tell("EndOfTurn", trigger="model")
            turn, start, told, eager, begun = turn + 1, heard.seconds, heard.seconds, False, False
        elif talks and not eager and heard.quiet_s >= 0.24:
            eager = True
            await tell("EagerEndOfTurn")
        elif heard.seconds - told >= 0.24:
            told = heard.seconds
            await tell("Update")


def _wrong(visit: Visit) -> str:
    if visit.asked("encoding") != ["linear16"] or visit.asked("sample_rate") != ["16000"]:
        return "encoding and sample_rate are required for raw audio"
    model = (visit.asked("model") or [""])[0]
    if visit.path == "/v2/listen" and model not in {"flux-general-en", "flux-general-multi"}:
        return f"unknown model {model}"
    if visit.asked("language_hint") and model != "flux-general-multi":
        return "language_hint needs flux-general-multi"
    if visit.asked("keyterm") and visit.path == "/v1/listen" and not model.startswith("nova-3"):
        return "keyterm needs nova-3"
    return ""


def _error(code: str, message: str) -> str:
    return json.dumps({"err_code": code, "err_msg": message, "request_id": "r"})
