"""The audio endpoints of OpenAI and Groq: uploads understood off the tape, speech put onto it."""

from __future__ import annotations

import json
from typing import Any

from typing_extensions import override

from parley.inference.scripted_speech import Tape
from parley.kit.audio import wav, wav_head
from tests.wire.http_server import Asked, Break, Hold, HttpServer, Reply
from tests.wire.sockets import TapeReader

RATE = 24_000
WORD_MS = 100
_ORPHEUS = {"autumn", "diana", "hannah", "austin", "daniel", "troy"}
_VOICES = set("alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split())


class OpenAIAudioServer(HttpServer):
    """`flavour` is "openai" or "groq". `noise`: what Whisper makes up for the next upload."""

    def __init__(self, tape: Tape, *, flavour: str = "openai", api_key: str = "sk-test-1234") -> None:
        super().__init__()
        self.tape = tape
        self.flavour = flavour
        self.api_key = api_key
        self.faults: list[tuple[str, int]] = []
        self.noise = ""

    @property
    def base_url(self) -> str:
        return self.url + ("/openai/v1" if self.flavour == "groq" else "/v1")

    @override
    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.api_key}":
            return refusal(401, "Incorrect API key provided.", code="invalid_api_key")
        prefix = "/openai/v1" if self.flavour == "groq" else "/v1"
        if asked.path == f"{prefix}/audio/transcriptions":
            return self._transcribe(asked)
        if asked.path == f"{prefix}/audio/speech":
            return self._speak(asked.json)
        return refusal(404, f"Unknown request URL: POST {asked.path}")

    def _transcribe(self, asked: Asked) -> Reply:
        [model], [wanted] = asked.fields("model"), asked.fields("response_format")
        [(name, sound)] = [(name, content) for field, name, content in asked.form if field == "file"]
        if not name.endswith(".wav"):
            return refusal(400, "could not process file - is it a valid media file?")
        if asked.fields("keywords[]") and model != "gpt-transcribe":
            return refusal(400, "keywords is not supported with this model")
        if len(asked.fields("language")[0]) != 2 or (wanted == "verbose_json") != ("whisper" in model):
            return refusal(400, "response_format is not compatible with this model")
        head = wav_head(sound)
        assert head is not None
        assert (head.sample_rate, head.channels) == (16_000, 1)
        reader = TapeReader(self.tape)
        reader.take(sound[head.start :])
        text, self.noise = self.noise or " ".join(word for word, _, _ in reader.words), ""
        made_up = not reader.words
        row: dict[str, Any] = {"text": text}
        if wanted == "verbose_json":
            sure = {"no_speech_prob": 0.9 if made_up else 0.01, "avg_logprob": -1.4 if made_up else -0.2}
            segment = {"id": 0, "start": 0.0, "end": reader.seconds, "text": f" {text}", **sure}
            row |= {"task": "transcribe", "language": "english", "duration": reader.seconds, "segments": [segment]}
        if self.flavour == "groq":
            row["x_groq"] = {"id": "req_1"}
        what, _ = self.faults.pop(0) if self.faults else ("", 0)
        if what == "stall":
            return Reply(200, chunks=[Hold()])
        if what == "cut":
            return Reply(200, chunks=[b'{"te', Break()])
        return Reply(200, body=json.dumps(row).encode())

    def _speak(self, body: dict[str, Any]) -> Reply:
        groq = self.flavour == "groq"
        if len(body["input"]) > (200 if groq else 4096):
            return refusal(400, "input is too long")
        if body["response_format"] != ("wav" if groq else "pcm") or (groq and body.get("speed", 1.0) != 1.0):
            return refusal(400, "response_format must be one of [wav]")
        if body["voice"] not in (_ORPHEUS if groq else _VOICES):
            return refusal(400, f"voice must be one of {sorted(_VOICES)}")
        words = [self.tape.pcm(word, WORD_MS, RATE) for word in body["input"].split()]
        if groq:  # one file, when it is done, whose header tells no length
            words = [bytearray(wav(b"".join(words), RATE))]  # type: ignore[list-item]
            words[0][4:8] = words[0][40:44] = b"\xff\xff\xff\xff"  # type: ignore[index]
            words = [bytes(words[0][:1000]), bytes(words[0][1000:])]
        what, after = self.faults.pop(0) if self.faults else ("", 0)
        chunks: list[bytes | Hold | Break] = []
        for number, word in enumerate(words):
            if what and number == after:
                chunks.append(Break() if what == "cut" else Hold())
            chunks += [word[:999], word[999:]]  # a border in the middle of a sample
        return Reply(200, {"content-type": "audio/wav" if groq else "audio/pcm"}, chunks=chunks)


def refusal(status: int, message: str, code: str | None = None) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Reply(status, body=json.dumps({"error": error}).encode())
