from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from parley.inference.errors import ProviderBusy, ProviderKeyRejected, ProviderRefused
from parley.inference.scripted_speech import Tape
from parley.inference.speech import Voice
from parley.providers.elevenlabs import ElevenLabs
from tests.wire.elevenlabs_server import ElevenLabsHttp, ElevenLabsSocket
from tests.wire.http_server import Reply
from tests.wire.sockets import Trouble
from tests.wire.speaker_contract import CALM, TEXT, SpeakerContract, fail, said, speak

KEY = "el-test"


class _Wire:
    word_times = streams = True

    def __init__(self, server: ElevenLabsSocket | ElevenLabsHttp, opened: AsyncExitStack) -> None:
        self.server = server
        self.tape = server.tape
        self.patience = CALM
        self._opened = opened

    def connect(self, *, api_key: str = KEY, model: str = "eleven_flash_v2_5") -> ElevenLabs:
        speaker = ElevenLabs(
            model, api_key=api_key, base_url=self.server.url.replace("ws", "http"), patience=self.patience
        )
        self._opened.push_async_callback(speaker.aclose)
        return speaker

    def stall(self, *, after: int) -> None:
        self.server.faults.append(("stall", after))

    def cut(self, *, after: int) -> None:
        self.server.faults.append(("cut", after))

    def hold(self) -> None:
        self.server.faults.append(("hold", 1))

    def release(self) -> None:
        self.server.release.set()


class SocketWire(_Wire):
    server: ElevenLabsSocket

    def close_slowly(self) -> None:
        self.server.troubles.extend([Trouble(slow_close=True)] * 3)

    def rate_limit(self) -> float | None:
        self.server.error = "too_many_concurrent_requests"
        return None

    def fail(self, status: int) -> None:
        self.server.troubles.extend([Trouble(status)] * 3)

    def voices_asked(self) -> list[str]:
        return [visit.path.split("/")[3] for visit in self.server.visits]


class HttpWire(_Wire):
    server: ElevenLabsHttp

    def close_slowly(self) -> None:
        self.server.linger_s = 0.2

    def rate_limit(self) -> float | None:
        self.server.troubles.append(Reply(429, {"Retry-After": "3"}, body=b'{"detail":{"status":"system_busy"}}'))
        return 3

    def fail(self, status: int) -> None:
        self.server.troubles.append(Reply(status, body=b"{}"))

    def voices_asked(self) -> list[str]:
        return [asked.path.split("/")[3] for asked in self.server.asked]


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def socket(opened: AsyncExitStack) -> SocketWire:
    server = ElevenLabsSocket(Tape(), api_key=KEY)
    await opened.enter_async_context(server.open())
    return SocketWire(server, opened)


@pytest.fixture
async def http(opened: AsyncExitStack) -> HttpWire:
    server = ElevenLabsHttp(Tape(), api_key=KEY)
    await opened.enter_async_context(server.open())
    return HttpWire(server, opened)


class TestSocket(SpeakerContract):
    @pytest.fixture
    def wire(self, socket: SocketWire) -> SocketWire:
        return socket


class TestHttp(SpeakerContract):
    @pytest.fixture
    def wire(self, http: HttpWire) -> HttpWire:
        return http


async def test_the_next_socket_is_open_before_it_is_needed(socket: SocketWire) -> None:
    speaker = socket.connect()
    await speak(speaker, "Good evening.")
    await speak(speaker, "How can I help?")
    assert len(socket.server.visits) <= 3  # two phrases, and one in hand
    assert [visit.texts[1]["text"] for visit in socket.server.visits[:2]] == ["Good evening. ", "How can I help? "]
    assert all(visit.texts[1]["flush"] for visit in socket.server.visits[:2])


async def test_a_voice_of_the_accounts_own_is_asked_for_and_then_replaced(socket: SocketWire) -> None:
    speaker = socket.connect()
    own = "A1b2C3d4E5f6G7h8I9j0"
    await speak(speaker, "Good evening.", Voice(own))
    assert socket.voices_asked()[0] == own
    await speak(speaker, "Good evening.", Voice(own))
    used = [visit.path.split("/")[3] for visit in socket.server.visits if visit.texts]
    assert used.count(own) == 1
    assert set(used) == {own, "EXAVITQu4vr4xnSDxMaL"}


async def test_the_language_is_said_where_the_model_heeds_it(socket: SocketWire) -> None:
    await speak(socket.connect(), "Guten Abend.", Voice("", "de"))
    assert socket.server.visits[0].asked("language_code") == ["de"]
    await speak(socket.connect(model="eleven_multilingual_v2"), "Guten Abend.", Voice("", "de"))
    assert socket.server.visits[-1].asked("language_code") == []


async def test_an_account_without_quota_is_left_alone(socket: SocketWire) -> None:
    socket.server.error = "quota_exceeded"
    _, error = await fail(socket.connect())
    assert isinstance(error, ProviderBusy)
    assert not error.retryable
    socket.server.error = "text_too_weird"
    _, error = await fail(socket.connect())
    assert isinstance(error, ProviderRefused)


async def test_a_model_without_sockets_speaks_over_http(http: HttpWire) -> None:
    assert said(http, await speak(http.connect(model="eleven_v3"))) == TEXT.split()
    assert [asked.path.rsplit("/", 1)[1] for asked in http.server.asked] == ["with-timestamps"]


async def test_without_sockets_http_is_asked_at_once_the_next_time(http: HttpWire) -> None:
    speaker = http.connect()
    await speak(speaker)
    await speak(speaker)
    paths = [asked.path.rsplit("/", 1)[1] for asked in http.server.asked]
    assert paths == ["stream-input", "with-timestamps", "with-timestamps"]
    assert len({asked.port for asked in http.server.asked[1:]}) == 1


def test_without_a_key_there_is_no_elevenlabs() -> None:
    with pytest.raises(ProviderKeyRejected):
        ElevenLabs(api_key="")
