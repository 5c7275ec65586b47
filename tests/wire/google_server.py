"""Google's Speech v2 over gRPC, on the vendor's own messages: `StreamingRecognize` with a stream's age limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.cloud import speech_v2 as speech
from google.protobuf import any_pb2, duration_pb2  # type: ignore[import-untyped]
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from parley.inference.scripted_speech import Tape
from tests.wire.sockets import TapeReader

_FINAL_AFTER_S = 0.5  # of silence


class GoogleServer:
    """`troubles`: a status code to refuse with, or "stall" / "cut" after three messages of sound. `limit_s`: the age
    at which a stream is broken off."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.troubles: deque[grpc.StatusCode | str] = deque()
        self.retry_s = 0
        self.limit_s = 305.0
        self.linger_s = 0.0  # from the last words to the end of the stream
        self.configs: list[Any] = []
        self.ages: list[float] = []
        self.target = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self._recognize,
            request_deserializer=speech.StreamingRecognizeRequest.deserialize,
            response_serializer=speech.StreamingRecognizeResponse.serialize,
        )
        service = "google.cloud.speech.v2.Speech"
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {"StreamingRecognize": handler}),)
        )
        self.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        yield
        await server.stop(None)

    async def _recognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        trouble = self.troubles.popleft() if self.troubles else None
        if isinstance(trouble, grpc.StatusCode):
            await self._abort(context, trouble)
        heard, start, told, count = TapeReader(self.tape), 0.0, 0.0, 0
        first = await anext(requests)
        config = first.streaming_config.config
        self.configs.append(config)
        assert first.recognizer.startswith("projects/")
        assert config.explicit_decoding_config.sample_rate_hertz == 16_000
        async for request in requests:
            assert not request.recognizer, "the configuration comes once"
            assert 0 < len(request.audio) <= 15_000
            count += 1
            if trouble == "stall" and count >= 2:
                await asyncio.sleep(30)
            if trouble == "cut" and count >= 2:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            heard.take(request.audio)
            if heard.seconds > self.limit_s:
                self.ages.append(heard.seconds)
                await context.abort(grpc.StatusCode.OUT_OF_RANGE, "Max duration of 5 minutes reached for stream.")
            open_words = [row for row in heard.words if row[1] >= start]
            if open_words and heard.quiet_s >= _FINAL_AFTER_S:
                yield _response(open_words, heard.seconds, final=True)
                start = heard.seconds
            elif open_words and heard.seconds - told >= 0.2:
                told = heard.seconds
                yield _response(open_words, heard.seconds, final=False)
        self.ages.append(heard.seconds)
        if open_words := [row for row in heard.words if row[1] >= start]:
            yield _response(open_words, heard.seconds, final=True)
        await asyncio.sleep(self.linger_s)

    async def _abort(self, context: Any, code: grpc.StatusCode) -> None:
        if self.retry_s:
            detail = any_pb2.Any()
            detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=self.retry_s)))
            status = status_pb2.Status(code=code.value[0], message="quota", details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(code, "quota")


def _response(words: list[tuple[str, float, float]], seconds: float, *, final: bool) -> Any:
    text = " ".join(row[0] for row in words)
    if not final:  # a stable head and an unstable tail
        head, _, tail = text.rpartition(" ")
        parts = [part for part in (head, tail) if part]
        results = [
            speech.StreamingRecognitionResult(alternatives=[{"transcript": part}], stability=0.9 - number * 0.8)
            for number, part in enumerate(parts)
        ]
        return speech.StreamingRecognizeResponse(results=results)
    listed = [
        {"word": word, "start_offset": timedelta(seconds=start), "end_offset": timedelta(seconds=end)}
        for word, start, end in words
    ]
    best = {"transcript": text, "confidence": 0.93, "words": listed}
    result = speech.StreamingRecognitionResult(
        alternatives=[best], is_final=True, result_end_offset=timedelta(seconds=seconds), language_code="en-us"
    )
    return speech.StreamingRecognizeResponse(results=[result])
