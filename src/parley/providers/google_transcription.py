"""Google Speech-to-Text v2, streaming (gRPC).

A stretch of speech is a stream: the end of sending is the only way to ask this API for all words at once, and a stream
without sound is broken off after seconds. A stream lasts five minutes at most: a stretch that long goes on in a new
one, changed over in a gap between words; one that is broken off all the same is followed up from the last final word.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from parley.inference.errors import ProviderKeyRejected, ProviderStalled
from parley.inference.speech import (
    FRAME_MS,
    HEARD_RATE,
    Final,
    Flushed,
    Heard,
    Partial,
    TranscriberCapabilities,
    Word,
)
from parley.inference.vocabulary import terms
from parley.providers._google import VENDOR, credentials, locale, translated
from parley.providers._socket import Patience

if TYPE_CHECKING:
    from google.cloud.speech_v2 import SpeechAsyncClient

LONG = "latest_long"
_MOST_WAITING = 30_000 // FRAME_MS
_PER_MESSAGE = 5  # frames: 3200 bytes of 15 000
_RENEW_MS, _LATEST_MS = 240_000.0, 285_000.0
_PACE_S = 0.01  # ten times that of speech, after a delay
_QUIET = 500  # of 32768
_GAP = 3  # frames
_TOLD_MS = 40.0
_BOOST = 10.0


class GoogleTranscriber:
    """A `Transcriber`. `base_url` names another server, without encryption."""

    def __init__(
        self,
        model: str = LONG,
        *,
        api_key: str,
        location: str = "global",
        base_url: str = "",
        patience: Patience | None = None,
        renew_ms: float = _RENEW_MS,
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {VENDOR}.", vendor=VENDOR)
        self.model = model
        self.patience = patience or Patience()
        self.renew_ms = renew_ms
        self._key = api_key
        self._location = location or "global"
        self._base_url = base_url
        self._client: SpeechAsyncClient | None = None
        self.recognizer = ""

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{VENDOR}/{self.model}"

    @property
    def capabilities(self) -> TranscriberCapabilities:
        """Any language; it is fed speech only."""
        return TranscriberCapabilities(partials=True)

    async def open(self, *, language: str, hints: tuple[str, ...] = ()) -> GoogleHearing:
        """See `Transcriber.open`. The channel is opened once and stays warm."""
        if self._client is None:
            self._client = self._connect()
        expected = await asyncio.to_thread(terms, hints)
        return GoogleHearing(self, self._client, locale(language), expected)

    async def aclose(self) -> None:
        """Close the channel."""
        client, self._client = self._client, None
        if client is not None:
            await client.transport.close()  # type: ignore[no-untyped-call]

    def _connect(self) -> SpeechAsyncClient:
        from google.api_core.client_options import ClientOptions
        from google.cloud.speech_v2 import SpeechAsyncClient
        from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport

        if self._base_url:
            import grpc  # type: ignore[import-untyped]

            self.recognizer = f"projects/local/locations/{self._location}/recognizers/_"
            return SpeechAsyncClient(
                transport=SpeechGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(self._base_url))
            )
        account, project = credentials(self._key)
        self.recognizer = f"projects/{project}/locations/{self._location}/recognizers/_"
        where = "" if self._location == "global" else f"{self._location}-"
        options = ClientOptions(api_endpoint=f"{where}speech.googleapis.com")
        return SpeechAsyncClient(credentials=account, client_options=options)


class GoogleHearing:
    """One session's ear."""

    def __init__(
        self, owner: GoogleTranscriber, client: SpeechAsyncClient, language: str, expected: tuple[str, ...]
    ) -> None:
        self._owner = owner
        self._client = client
        self._language = language
        self._expected = expected
        self._waiting: deque[bytes | int] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._segment = 0
        self._taken_ms = 0.0  # of sound, until the present stream began
        self._sent: list[bytes] = []  # by the present stream
        self._done_at: float | None = None  # when its sending ended
        self._final_ms = 0.0  # of the present stream

    def feed(self, frame: bytes) -> None:
        """Take one frame."""
        self._waiting.append(frame)
        self._news.set()

    def finish(self, mark: int) -> None:
        """The caller paused."""
        self._waiting.append(mark)
        self._news.set()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What was understood, in order."""
        while not self._closed:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
            elif isinstance(first := self._waiting[0], int):
                self._waiting.popleft()
                yield Flushed(first)
            else:
                stream = self._stream()
                try:
                    async for event in stream:
                        yield event
                finally:
                    await stream.aclose()

    async def aclose(self) -> None:
        """End `events`."""
        self._closed = True
        self._news.set()

    async def _stream(self) -> AsyncGenerator[Heard, None]:
        """One stream, to its end: a pause, its age, or the vendor's own limit."""
        from google.api_core import exceptions as google
        from google.auth.exceptions import GoogleAuthError

        self._sent, self._done_at, self._final_ms = [], None, 0.0
        call: Any = None
        try:
            async with asyncio.timeout(self._owner.patience.connect_s):
                call = await self._client.streaming_recognize(requests=self._requests())
            answers = aiter(call)
            while (answer := await self._next(answers)) is not None:
                for event in self._understand(answer):
                    yield event
                if self._is_told(_TOLD_MS):
                    break
        except TimeoutError:
            raise ProviderStalled(f"{VENDOR} did not answer.", vendor=VENDOR) from None
        except (google.OutOfRange, google.Aborted, google.InternalServerError) as error:
            if len(self._sent) * FRAME_MS < self._owner.renew_ms / 2 or not self._final_ms:
                raise translated(error) from error
            rest = self._sent[int(self._final_ms // FRAME_MS) :]
            self._waiting.extendleft(reversed(rest))
            del self._sent[len(self._sent) - len(rest) :]
        except (google.GoogleAPICallError, GoogleAuthError) as error:
            raise translated(error) from error
        finally:
            if call is not None:
                call.cancel()
        self._taken_ms += len(self._sent) * FRAME_MS

    async def _next(self, answers: AsyncIterator[Any]) -> Any:
        """The next answer, None at the end. Once all is sent, answers are owed."""
        waiting = asyncio.ensure_future(anext(answers, None))
        try:
            while True:
                done, _ = await asyncio.wait({waiting}, timeout=self._owner.patience.answer_s / 4)
                if done:
                    return waiting.result()
                if self._closed:
                    return None
                late = self._done_at is not None and self._now() - self._done_at > self._owner.patience.stall_s
                if late and self._is_told():
                    return None
                if late or len(self._waiting) > _MOST_WAITING:
                    raise ProviderStalled(f"{VENDOR} owes the caller's words.", vendor=VENDOR)
        finally:
            waiting.cancel()

    async def _requests(self) -> AsyncIterator[Any]:
        """The configuration, then sound until a pause is next."""
        from google.cloud.speech_v2 import StreamingRecognizeRequest

        yield StreamingRecognizeRequest(recognizer=self._owner.recognizer, streaming_config=self._config())
        await asyncio.sleep(3 * _PACE_S)
        quiet = 0
        while not self._closed:
            message: list[bytes] = []
            while self._waiting and len(message) < _PER_MESSAGE and not isinstance(self._waiting[0], int):
                frame = self._waiting.popleft()
                assert isinstance(frame, bytes)  # noqa: S101 - looked at above
                quiet = quiet + 1 if _is_quiet(frame) else 0
                message.append(frame)
            if message:
                self._sent += message
                yield StreamingRecognizeRequest(audio=b"".join(message))
                # The vendor wants the pace of speech, and a write that meets a refusal hides it from the reader.
                await asyncio.sleep(_PACE_S)
                age = len(self._sent) * FRAME_MS
                if age >= self._owner.renew_ms and (
                    quiet >= _GAP or age >= self._owner.renew_ms + _LATEST_MS - _RENEW_MS
                ):
                    break
            elif self._waiting:
                break
            else:
                self._news.clear()
                await self._news.wait()
        self._done_at = self._now()

    def _understand(self, answer: Any) -> Iterator[Heard]:
        """Interim results are a stable head and an unstable tail, to be joined."""
        open_words: list[str] = []
        for result in answer.results:
            if not result.alternatives:
                continue
            best = result.alternatives[0]
            if not result.is_final:
                open_words.append(best.transcript.strip())
                continue
            self._final_ms = result.result_end_offset.total_seconds() * 1000
            words = tuple(
                Word(
                    word.word,
                    self._taken_ms + word.start_offset.total_seconds() * 1000,
                    self._taken_ms + word.end_offset.total_seconds() * 1000,
                )
                for word in best.words
            )
            yield Final(best.transcript.strip(), self._segment, best.confidence or 1.0, self._language[:2], words)
            self._segment += 1
        if text := " ".join(filter(None, open_words)):
            yield Partial(text, self._segment)

    def _is_told(self, within_ms: float | None = None) -> bool:
        """Whether all that was sent is understood for good, but for the last `within_ms`, or for silence: the stream's
        own end need not be waited for."""
        if self._done_at is None or not self._final_ms:
            return False
        if within_ms is not None:
            return self._final_ms >= len(self._sent) * FRAME_MS - within_ms
        return all(map(_is_quiet, self._sent[int(self._final_ms // FRAME_MS) :]))

    def _config(self) -> Any:
        from google.cloud import speech_v2 as speech

        phrases = [speech.PhraseSet.Phrase(value=term, boost=_BOOST) for term in self._expected]
        adaptation = speech.SpeechAdaptation(
            phrase_sets=[
                speech.SpeechAdaptation.AdaptationPhraseSet(inline_phrase_set=speech.PhraseSet(phrases=phrases))
            ]
        )
        return speech.StreamingRecognitionConfig(
            config=speech.RecognitionConfig(
                explicit_decoding_config=speech.ExplicitDecodingConfig(
                    encoding=speech.ExplicitDecodingConfig.AudioEncoding.LINEAR16,
                    sample_rate_hertz=HEARD_RATE,
                    audio_channel_count=1,
                ),
                model=self._owner.model,
                language_codes=[self._language],
                features=speech.RecognitionFeatures(enable_automatic_punctuation=True, enable_word_time_offsets=True),
                adaptation=adaptation if phrases else None,
            ),
            streaming_features=speech.StreamingRecognitionFeatures(interim_results=True),
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_quiet(frame: bytes) -> bool:
    samples = array("h", frame)[::8]
    return max(max(samples), -min(samples)) < _QUIET
