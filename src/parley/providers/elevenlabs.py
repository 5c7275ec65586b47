"""ElevenLabs: speech over its WebSocket, word times included; over HTTP where a socket cannot be had.

Wire: `wss://…/v1/text-to-speech/{voice}/stream-input` and `POST …/stream/with-timestamps` (elevenlabs 2.78, whose own
socket helper is blocking). A phrase is one socket's work: the next socket is opened while a phrase is spoken.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from parley.inference.errors import (
    ProviderBusy,
    ProviderCut,
    ProviderError,
    ProviderKeyRejected,
    ProviderModelUnknown,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.speech import SpeakerCapabilities, Speech, Voice
from parley.providers._socket import Patience, closed, connect, part, refusal
from parley.providers._spelling import Spelling
from parley.providers._vendor_says import as_list, as_object, as_text, retry_after, shown
from parley.providers._voices import KnownVoice, nearest

if TYPE_CHECKING:
    import httpx
    from elevenlabs.client import AsyncElevenLabs

VENDOR = "elevenlabs"
FLASH = "eleven_flash_v2_5"
BASE_URL = "https://api.elevenlabs.io"
RATE = 16_000
VOICES = (
    KnownVoice("Sarah", "EXAVITQu4vr4xnSDxMaL", "f"),
    KnownVoice("George", "JBFqnCBsd6RMkjVDRZzb", "m"),
    KnownVoice("Alice", "Xb7hH8MSUJpSbSDYk0k2", "f"),
    KnownVoice("Brian", "nPczCjzI2devNBz1zQrb", "m"),
    KnownVoice("Charlie", "IKne3meq5aSn9XLyUdCD", "m"),
    KnownVoice("Daniel", "onwK4e9ZLuTAKqWW03F9", "m"),
    KnownVoice("Jessica", "cgSgspJ2msm6clMCkdW9", "f"),
    KnownVoice("Laura", "FGY2WhTYpPnrIDTdsKH5", "f"),
    KnownVoice("Liam", "TX3LPaxmHKxFdv7VOQHJ", "m"),
    KnownVoice("Lily", "pFZP5JQG7iQjIQuC4Bku", "f"),
    KnownVoice("Matilda", "XrExE9yKIg1WjnnlVkGX", "f"),
    KnownVoice("Rachel", "21m00Tcm4TlvDq8ikWAM", "f"),
)
_FLASH_SPEAKS = frozenset(
    "en ja zh de hi fr ko pt it es id nl tr fil pl sv bg ro ar cs el fi hr ms sk da ta uk ru hu no vi".split()
)
_OWN_VOICE = re.compile(r"^[A-Za-z0-9]{20}$")
_NO_SOCKET = ("eleven_v3", "eleven_v4")
_SPARE_LASTS_S = 150.0  # the vendor closes an idle socket after `inactivity_timeout`
_IDLE = "180"
_WITHOUT_SOCKET_S = 120.0
_BUSY = frozenset({"too_many_concurrent_requests", "system_busy", "max_active_conversations", "rate_limit_exceeded"})
_KEY = frozenset({"invalid_api_key", "authentication_required", "missing_permissions", "unauthorized"})
_UNKNOWN = frozenset({"voice_not_found", "model_not_found"})


class ElevenLabs:
    """A `Speaker`. A voice that the vendor does not know is spoken by the nearest that it has."""

    def __init__(
        self, model: str = FLASH, *, api_key: str, base_url: str = BASE_URL, patience: Patience | None = None
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {VENDOR}.", vendor=VENDOR)
        self._model = model
        self._key = api_key.strip()
        self._base_url = base_url.rstrip("/")
        self._patience = patience or Patience()
        self._spares: dict[str, tuple[float, asyncio.Task[ClientConnection]]] = {}
        self._unknown: set[str] = set()  # voices that the vendor did not find
        self._no_socket_until = 0.0
        self._http: httpx.AsyncClient | None = None
        self._client: AsyncElevenLabs | None = None

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{VENDOR}/{self._model}"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """Every word comes with its times."""
        if "v2_5" in self._model:
            return SpeakerCapabilities(_FLASH_SPEAKS, word_times=True)
        english = self._model in {"eleven_flash_v2", "eleven_turbo_v2"}
        return SpeakerCapabilities(frozenset({"en"}) if english else frozenset(), word_times=True)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """See `Speaker.speak`."""
        said = False
        wanted = self._voice(voice)
        try:
            async with aclosing(self._speak(text, wanted, voice)) as pieces:
                async for piece in pieces:
                    said = True
                    yield piece
            return
        except ProviderModelUnknown:
            known = nearest(voice, VOICES).id
            if said or wanted == known:
                raise
            self._unknown.add(wanted)
        async with aclosing(self._speak(text, known, voice)) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Close what is open."""
        spares, self._spares = self._spares, {}
        for _, task in spares.values():
            _discard(task)
        if self._http is not None:
            await self._http.aclose()
            self._http = self._client = None

    def _voice(self, voice: Voice) -> str:
        own = voice.name if _OWN_VOICE.match(voice.name) and voice.name not in self._unknown else ""
        return own or nearest(voice, VOICES).id

    async def _speak(self, text: str, voice_id: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        now = asyncio.get_running_loop().time()
        if not self._model.startswith(_NO_SOCKET) and now >= self._no_socket_until:
            try:
                socket = await self._take(self._url(voice_id, voice))
            except ProviderKeyRejected as error:
                if "403" not in error.detail:
                    raise
            except (ProviderBusy, ProviderModelUnknown, ProviderStalled):
                raise
            except ProviderError:
                pass
            else:
                async with aclosing(self._over_socket(socket, text, voice)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            # A proxy, or a plan, without sockets: HTTP says the same, or says what is really wrong.
            self._no_socket_until = now + _WITHOUT_SOCKET_S
        async with aclosing(self._over_http(text, voice_id, voice)) as pieces:
            async for piece in pieces:
                yield piece

    # The socket ------------------------------------------------------------------------------------------------------

    def _url(self, voice_id: str, voice: Voice) -> str:
        query = {
            "model_id": self._model,
            "output_format": f"pcm_{RATE}",
            "auto_mode": "true",
            "sync_alignment": "true",
            "inactivity_timeout": _IDLE,
        }
        if "v2_5" in self._model:
            query["language_code"] = voice.language[:2].lower()
        base = re.sub("^http", "ws", self._base_url)
        return f"{base}/v1/text-to-speech/{voice_id}/stream-input?{urlencode(query)}"

    async def _take(self, url: str) -> ClientConnection:
        """A socket for one phrase: the one opened beforehand, or a new one. The next is opened meanwhile."""
        until, spare = self._spares.pop(url, (0.0, None))
        now = asyncio.get_running_loop().time()
        socket: ClientConnection | None = None
        if spare is not None and now < until:
            try:
                socket = await asyncio.shield(spare)
            except ProviderError:
                socket = None  # whether it still is so, a new one tells
            except asyncio.CancelledError:
                _discard(spare)
                raise
            if socket is not None and socket.close_code is not None:
                socket = None
        elif spare is not None:
            _discard(spare)
        if socket is None:
            socket = await self._connect(url)
        self._spares[url] = (now + _SPARE_LASTS_S, asyncio.create_task(self._connect(url)))
        while len(self._spares) > 8:
            _discard(self._spares.pop(next(iter(self._spares)))[1])
        return socket

    async def _connect(self, url: str) -> ClientConnection:
        return await connect(url, {"xi-api-key": self._key}, VENDOR, timeout_s=self._patience.connect_s)

    async def _over_socket(self, socket: ClientConnection, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        spelling = Spelling(text)
        try:
            first = {"text": " ", "voice_settings": {"speed": _speed(voice)}}
            for message in (first, {"text": f"{text} ", "flush": True}, {"text": ""}):
                await socket.send(orjson.dumps(message).decode())
            while True:
                async with asyncio.timeout(self._patience.stall_s):
                    answer = as_object(orjson.loads(await socket.recv()))
                if error := as_text(answer.get("error")):
                    raise _failure(error, as_text(answer.get("message")))
                if answer.get("isFinal") or answer.get("is_final"):
                    return
                pcm = spelling.whole(base64.b64decode(as_text(answer.get("audio"))))
                times = as_object(answer.get("alignment") or answer.get("normalizedAlignment"))
                starts, lasting = as_list(times.get("charStartTimesMs")), as_list(times.get("charDurationsMs"))
                ends = [start + lasts for start, lasts in zip(starts, lasting, strict=False)]
                words = spelling.words(as_list(times.get("chars")), starts, ends, from_ms=spelling.spoken_ms)
                if pcm:
                    yield spelling.speech(pcm, RATE, words)
        except TimeoutError:
            raise ProviderStalled(f"{VENDOR} says nothing.", vendor=VENDOR) from None
        except (ValueError, TypeError) as error:
            raise ProviderUnavailable(f"{VENDOR} sent what is no speech.", vendor=VENDOR) from error
        except ConnectionClosed as error:
            raise _closed(error) from error
        finally:
            part(socket)

    # HTTP ------------------------------------------------------------------------------------------------------------

    async def _over_http(self, text: str, voice_id: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        import httpx
        from elevenlabs import VoiceSettings
        from elevenlabs.core.api_error import ApiError

        spelling = Spelling(text)
        options: dict[str, Any] = {"language_code": voice.language[:2].lower()} if "v2_5" in self._model else {}
        answers = self._sdk().text_to_speech.stream_with_timestamps(
            voice_id,
            text=text,
            model_id=self._model,
            output_format="pcm_16000",
            voice_settings=VoiceSettings(speed=_speed(voice)),
            request_options={"max_retries": 0, "timeout_in_seconds": 60},
            **options,
        )
        try:
            async with aclosing(answers) as chunks:
                while True:
                    async with asyncio.timeout(self._patience.stall_s):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    pcm = spelling.whole(base64.b64decode(chunk.audio_base_64))
                    times = chunk.alignment or chunk.normalized_alignment
                    words = (
                        ()
                        if times is None
                        else spelling.words(
                            times.characters,
                            [start * 1000 for start in times.character_start_times_seconds],
                            [end * 1000 for end in times.character_end_times_seconds],
                        )
                    )
                    if pcm:
                        yield spelling.speech(pcm, RATE, words)
        except TimeoutError:
            raise ProviderStalled(f"{VENDOR} says nothing.", vendor=VENDOR) from None
        except ApiError as error:
            raise _refused(error.status_code or 500, error.body, error.headers or {}) from error
        except httpx.RemoteProtocolError as error:
            raise ProviderCut(f"{VENDOR} broke off its speech.", vendor=VENDOR) from error
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"{VENDOR} could not be reached.", vendor=VENDOR) from error
        if not spelling.spoken_ms:
            raise ProviderCut(f"{VENDOR} sent no speech.", vendor=VENDOR)

    def _sdk(self) -> AsyncElevenLabs:
        if self._client is None:
            import httpx
            from elevenlabs.client import AsyncElevenLabs

            self._http = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=self._patience.connect_s))
            self._client = AsyncElevenLabs(base_url=self._base_url, api_key=self._key, httpx_client=self._http)
        return self._client


def _speed(voice: Voice) -> float:
    return round(min(1.2, max(0.7, voice.speed)), 2)


def _discard(task: asyncio.Task[ClientConnection]) -> None:
    """Close a socket that nobody needs, now or as soon as it is open."""

    def leave(done: asyncio.Task[ClientConnection]) -> None:
        if not done.cancelled() and done.exception() is None:
            part(done.result())

    task.add_done_callback(leave)


def _closed(error: ConnectionClosed) -> ProviderError:
    reason = error.rcvd.reason if error.rcvd is not None else ""
    name = re.split(r"[\s:]", reason, maxsplit=1)[0]
    return _failure(name, reason) if name in _BUSY | _KEY | _UNKNOWN | {"quota_exceeded"} else closed(error, VENDOR)


def _failure(name: str, said: str) -> ProviderError:
    """An error by the name that the vendor gives it."""
    if name == "quota_exceeded":
        return refusal(402, said, VENDOR)
    if name in _KEY:
        return refusal(401, said, VENDOR)
    if name in _BUSY:
        return refusal(429, said, VENDOR)
    if name in _UNKNOWN:
        return refusal(404, said, VENDOR)
    return ProviderRefused(f"{VENDOR} refused the text: {shown(said or name)}", vendor=VENDOR)


def _refused(status: int, body: object, headers: Mapping[str, str]) -> ProviderError:
    detail = as_object(as_object(body).get("detail"))
    name = as_text(detail.get("status")) or as_text(detail.get("code"))
    said = as_text(detail.get("message")) or name
    if name == "quota_exceeded" or name in _UNKNOWN:
        return _failure(name, said)
    return refusal(status, said, VENDOR, wait=retry_after(headers))
