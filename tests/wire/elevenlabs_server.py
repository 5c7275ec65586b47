"""ElevenLabs' speech, over its WebSocket (`stream-input`) and over HTTP (`stream/with-timestamps`), as elevenlabs 2.78
and the vendor's AsyncAPI file describe them: words of 100 ms, chunks of two words and a bit."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from typing_extensions import override
from websockets.asyncio.server import ServerConnection

from parley.inference.scripted_speech import Tape
from tests.wire.http_server import Asked, Break, Hold, HttpServer, Reply
from tests.wire.sockets import SocketServer, Trouble, Visit

RATE = 16_000
WORD_MS = 100
VOICES = frozenset({"EXAVITQu4vr4xnSDxMaL", "JBFqnCBsd6RMkjVDRZzb", "21m00Tcm4TlvDq8ikWAM"})
_QUERY = {
    "model_id", "language_code", "output_format", "inactivity_timeout", "auto_mode", "sync_alignment", "seed",
    "enable_ssml_parsing", "apply_text_normalization", "enable_logging",
}  # fmt: skip
_PER_CHUNK_MS = 230


def spelled(text: str) -> list[tuple[str, float, float]]:
    """Each character with its start and end: a word takes 100 ms, its space the last of them."""
    found: list[tuple[str, float, float]] = []
    for number, word in enumerate(text.split()):
        letters = f"{word} "
        step = WORD_MS / len(letters)
        for place, letter in enumerate(letters):
            begin = number * WORD_MS + place * step
            found.append((letter, begin, begin + step))
    return found[:-1] if found else found


def chunks(tape: Tape, text: str) -> Iterator[tuple[bytes, list[tuple[str, float, float]], float]]:
    """Sound, the characters that begin in it, and when it begins. Chunk borders fall into words."""
    pcm = b"".join(tape.pcm(word, WORD_MS, RATE) for word in text.split())
    size = RATE * _PER_CHUNK_MS // 1000 * 2
    letters = spelled(text)
    for start in range(0, len(pcm), size):
        begin, end = start / 2 / RATE * 1000, (start + size) / 2 / RATE * 1000
        yield pcm[start : start + size], [row for row in letters if begin <= row[1] < end], begin


class ElevenLabsSocket(SocketServer):
    """Knows `VOICES` and one key. Its troubles count the chunks that it sends."""

    def __init__(self, tape: Tape, *, api_key: str = "el-test") -> None:
        super().__init__()
        self.tape = tape
        self.api_key = api_key
        self.faults: list[tuple[str, int]] = []  # what, after so many chunks
        self.error = ""
        self.release = asyncio.Event()

    @override
    def refuse(self, visit: Visit) -> Trouble | None:
        if visit.headers.get("xi-api-key") != self.api_key:
            return Trouble(401, body='{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}')
        unknown = {name for name, _ in visit.query} - _QUERY
        model = (visit.asked("model_id") or [""])[0]
        if unknown or model.startswith(("eleven_v3", "eleven_v4")) or not visit.asked("output_format"):
            return Trouble(403, body=f'{{"detail":{{"status":"bad","message":"{sorted(unknown)} {model}"}}}}')
        return None

    @override
    async def converse(self, socket: ServerConnection, visit: Visit, listen: Callable[[], AsyncIterator[Any]]) -> None:
        voice, text, opened = visit.path.split("/")[3], "", False
        async for message in listen():
            if not opened:
                assert message["text"] == " ", "the first text is one space"
                assert 0.7 <= message["voice_settings"]["speed"] <= 1.2
                opened = True
                if voice not in VOICES:
                    await self._fail(socket, "voice_not_found")
                    return
                if self.error:
                    error, self.error = self.error, ""
                    await self._fail(socket, error)
                    return
            elif message["text"] == "":
                await self._say(socket, text)
                return
            else:
                text += message["text"]

    async def _say(self, socket: ServerConnection, text: str) -> None:
        what, after = self.faults.pop(0) if self.faults else ("", 0)
        for number, (pcm, letters, begin) in enumerate(chunks(self.tape, text)):
            if what and number == after:
                if what == "cut":
                    socket.transport.abort()
                    return
                if what == "stall":
                    await socket.wait_closed()
                    return
                await self._held(socket)
            alignment = {
                "chars": [letter for letter, _, _ in letters],
                "charStartTimesMs": [round(start - begin) for _, start, _ in letters],
                "charDurationsMs": [round(end - start) for _, start, end in letters],
            }
            row = {"audio": base64.b64encode(pcm).decode(), "isFinal": None, "alignment": alignment}
            await socket.send(json.dumps({**row, "normalizedAlignment": alignment}))
        await socket.send(json.dumps({"isFinal": True, "audio": None}))

    async def _held(self, socket: ServerConnection) -> None:
        """Until the release, or until the client has left."""
        waits = [asyncio.ensure_future(self.release.wait()), asyncio.ensure_future(socket.wait_closed())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    async def _fail(self, socket: ServerConnection, error: str) -> None:
        await socket.send(json.dumps({"message": f"It is {error}.", "error": error, "code": 1008}))
        await socket.close(1008, error)


class ElevenLabsHttp(HttpServer):
    """The same over HTTP; its sockets are refused, as by a proxy that knows none."""

    def __init__(self, tape: Tape, *, api_key: str = "el-test") -> None:
        super().__init__()
        self.tape = tape
        self.api_key = api_key
        self.faults: list[tuple[str, int]] = []

    @override
    def answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/stream-input"):
            return Reply(400, body=b"no upgrade here")
        if asked.headers.get("xi-api-key") != self.api_key:
            return _refusal(401, "invalid_api_key")
        if not asked.path.endswith("/stream/with-timestamps"):
            return _refusal(404, "not_found")
        if asked.path.split("/")[3] not in VOICES:
            return _refusal(404, "voice_not_found")
        if asked.query != "output_format=pcm_16000" or not 0.7 <= asked.json["voice_settings"]["speed"] <= 1.2:
            return _refusal(422, "wrong")
        what, after = self.faults.pop(0) if self.faults else ("", 0)
        body: list[bytes | Hold | Break] = []
        for number, (pcm, letters, _) in enumerate(chunks(self.tape, asked.json["text"])):
            if what and number == after:
                body.append(Break() if what == "cut" else Hold())
            alignment = {
                "characters": [letter for letter, _, _ in letters],
                "character_start_times_seconds": [start / 1000 for _, start, _ in letters],
                "character_end_times_seconds": [end / 1000 for _, _, end in letters],
            }
            row = {"audio_base64": base64.b64encode(pcm).decode(), "alignment": alignment}
            body.append(json.dumps({**row, "normalized_alignment": None}).encode() + b"\n")
        return Reply(200, {"content-type": "application/x-ndjson", "request-id": "r"}, chunks=body)


def _refusal(status: int, name: str) -> Reply:
    return Reply(status, body=json.dumps({"detail": {"status": name, "message": f"It is {name}."}}).encode())
