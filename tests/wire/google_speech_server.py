"""Google's Text-to-Speech over gRPC, on the vendor's own messages: `StreamingSynthesize` and `SynthesizeSpeech`."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud import texttospeech_v1 as tts
from google.protobuf import any_pb2, duration_pb2  # type: ignore[import-untyped]
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from parley.inference.scripted_speech import Tape
from parley.kit.audio import wav

RATE = 24_000
WORD_MS = 100
_STARS = "Kore|Charon|Aoede|Puck|Leda|Fenrir"
_CHIRP = re.compile(rf"(en-US|en-GB|de-DE|fr-FR)-Chirp3-HD-({_STARS})")
_OLDER = frozenset({"en-US-Neural2-A", "en-US-Neural2-C", "de-DE-Wavenet-C"})
_GEMINI = frozenset({"gemini-2.5-flash-tts", "gemini-2.5-pro-tts"})


class GoogleSpeechServer:
    """`troubles`: status codes to refuse with. `faults`: "stall", "cut" or "hold" after so many pieces. `linger_s`: how
    long a stream takes to end after its last sound."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.troubles: deque[grpc.StatusCode] = deque()
        self.faults: list[tuple[str, int]] = []
        self.retry_s = 0
        self.linger_s = 0.0
        self.way_s = 0.02  # of a refusal, through the network
        self.release = asyncio.Event()
        self.voices: list[str] = []
        self.streams: list[tuple[Any, list[str]]] = []  # configuration and texts
        self.wholes: list[Any] = []
        self.left = 0  # clients that went before the end
        self.target = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = grpc.aio.server()
        methods = {
            "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
                self._stream,
                request_deserializer=tts.StreamingSynthesizeRequest.deserialize,
                response_serializer=tts.StreamingSynthesizeResponse.serialize,
            ),
            "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                self._whole,
                request_deserializer=tts.SynthesizeSpeechRequest.deserialize,
                response_serializer=tts.SynthesizeSpeechResponse.serialize,
            ),
        }
        service = "google.cloud.texttospeech.v1.TextToSpeech"
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        self.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        yield
        await server.stop(None)

    async def _stream(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await self._trouble(context)
        config = (await anext(requests)).streaming_config
        if not config.voice.language_code:
            await _refuse(context, "The first message must hold streaming_config.")
        sound = config.streaming_audio_config
        if (sound.audio_encoding, sound.sample_rate_hertz) != (tts.AudioEncoding.PCM, RATE):
            await _refuse(context, "Unsupported streaming audio encoding.")
        await self._check(config.voice, context, streams=True)
        texts: list[str] = []
        self.streams.append((config, texts))
        async for request in requests:
            if request.streaming_config or not request.input.text:
                await _refuse(context, "Only input may follow.")
            if len(request.input.text.encode()) > 5000:
                await _refuse(context, "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes.")
            texts.append(request.input.text)
        what, after = self.faults.pop(0) if self.faults else ("", 0)
        try:
            for number, word in enumerate(" ".join(texts).split()):
                if what and number == after:
                    await self._fault(what, context)
                pcm = self.tape.pcm(word, WORD_MS, RATE)
                for piece in (pcm[:999], pcm[999:]):  # a border in the middle of a sample
                    yield tts.StreamingSynthesizeResponse(audio_content=piece)
            await asyncio.sleep(self.linger_s)
        except asyncio.CancelledError:
            self.left += 1
            raise

    async def _whole(self, request: Any, context: Any) -> Any:
        await self._trouble(context)
        sound = request.audio_config
        if (sound.audio_encoding, sound.sample_rate_hertz) != (tts.AudioEncoding.LINEAR16, RATE):
            await _refuse(context, "This voice does not support the audio encoding.")
        if len(request.input.text.encode()) > 5000:
            await _refuse(context, "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes.")
        await self._check(request.voice, context, streams=False)
        self.wholes.append(request)
        what, _ = self.faults.pop(0) if self.faults else ("", 0)
        if what:
            await self._fault(what, context)
        words = [self.tape.pcm(word, WORD_MS, RATE) for word in request.input.text.split()]
        return tts.SynthesizeSpeechResponse(audio_content=wav(b"".join(words), RATE))

    async def _check(self, voice: Any, context: Any, *, streams: bool) -> None:
        self.voices.append(voice.name)
        if voice.model_name:
            if voice.model_name not in _GEMINI or voice.name not in _STARS.split("|"):
                await _refuse(context, f"Model {voice.model_name} has no voice {voice.name}.")
            return
        if streams and voice.name in _OLDER:
            await _refuse(context, f"Voice {voice.name} is not supported for streaming synthesis.")
        if not (_CHIRP.fullmatch(voice.name) or voice.name in _OLDER):
            await _refuse(context, f"Voice '{voice.name}' does not exist. Is it misspelled?")
        if not voice.name.startswith(voice.language_code):
            await _refuse(context, "Requested language code does not match the voice's language code.")

    async def _fault(self, what: str, context: Any) -> None:
        if what == "cut":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
        await (asyncio.sleep(30) if what == "stall" else self.release.wait())

    async def _trouble(self, context: Any) -> None:
        if not self.troubles:
            return
        code = self.troubles.popleft()
        await asyncio.sleep(self.way_s)
        if self.retry_s:
            detail = any_pb2.Any()
            detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=self.retry_s)))
            status = status_pb2.Status(code=code.value[0], message="Quota exceeded", details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(code, "Quota exceeded")


async def _refuse(context: Any, message: str) -> None:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
