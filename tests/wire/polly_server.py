"""Amazon Polly's `POST /v1/speech`, by botocore's service model: signed JSON in, raw PCM out."""

from __future__ import annotations

import json
import re

from typing_extensions import override

from parley.inference.scripted_speech import Tape
from tests.wire.http_server import Asked, Break, Hold, HttpServer, Reply

RATE = 16_000
WORD_MS = 100
_VOICES = {
    "Joanna": "en-US", "Matthew": "en-US", "Ruth": "en-US", "Stephen": "en-US", "Amy": "en-GB", "Brian": "en-GB",
    "Vicki": "de-DE", "Daniel": "de-DE", "Lucia": "es-ES", "Sergio": "es-ES",
}  # fmt: skip


class PollyServer(HttpServer):
    """Knows one access key."""

    def __init__(self, tape: Tape, *, key_id: str = "AKIATEST") -> None:
        super().__init__()
        self.tape = tape
        self.key_id = key_id
        self.faults: list[tuple[str, int]] = []

    @override
    def answer(self, asked: Asked) -> Reply:
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/", asked.headers.get("authorization", ""))
        if signed is None or signed.group(1) != self.key_id or "/polly/aws4_request" not in signed.string:
            return refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        body = asked.json
        if (asked.path, body["OutputFormat"], body["SampleRate"]) != ("/v1/speech", "pcm", "16000"):
            return refusal(400, "InvalidSampleRateException", "wrong")
        if _VOICES.get(body["VoiceId"]) != body["LanguageCode"]:
            return refusal(400, "LanguageNotSupportedException", "wrong")
        text = body["Text"]
        if body["TextType"] == "ssml":
            text = re.sub(r"<[^>]+>", "", text).replace("&amp;", "&")
        what, after = self.faults.pop(0) if self.faults else ("", 0)
        chunks: list[bytes | Hold | Break] = []
        for number, word in enumerate(text.split()):
            if what and number == after:
                chunks.append(Break() if what == "cut" else Hold())
            chunks.append(self.tape.pcm(word, WORD_MS, RATE))
        return Reply(200, {"content-type": "audio/pcm", "x-amzn-requestcharacters": str(len(text))}, chunks=chunks)


def refusal(status: int, code: str, message: str = "") -> Reply:
    return Reply(status, {"x-amzn-errortype": code}, json.dumps({"message": message}).encode())
