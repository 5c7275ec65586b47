"""`parley say` and `parley load`, against the true app."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest
from rich.console import Console

from parley.app.load import Load, put_on, read_recording, report
from parley.app.resources import Resources
from parley.app.say import say
from parley.kit.audio import BadAudio, wav
from tests.channels.test_chat import furnish
from tests.channels.test_voice import SOUNDS, address
from tests.conftest import Business

__all__ = ["address"]
pytestmark = pytest.mark.anyio
QUESTION = SOUNDS / "how_much_is_the_risotto.wav"


async def test_a_file_speaks_to_an_agent(business: Business, resources: Resources, tmp_path: Path) -> None:
    agent = await furnish(business)
    shown = io.StringIO()
    target = tmp_path / "reply.wav"
    await say(Console(file=shown, width=200), resources, QUESTION, agent, business.id, target)
    assert "You: how much is the mushroom risotto" in shown.getvalue()
    assert "16" in shown.getvalue().split("Agent:")[1]
    assert "first sound" in shown.getvalue()
    with wave.open(str(target)) as sound:
        assert sound.getframerate() == 16_000
        assert sound.getnframes() > 16_000
    [logged] = (await business.owner.get("/api/conversations")).json()["conversations"]
    assert (logged["channel"], logged["status"]) == ("voice", "ended")


async def test_many_callers_at_once_and_one_too_many(
    business: Business, resources: Resources, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await furnish(business)
    monkeypatch.setattr(resources.speech.admission, "most", 2)
    token = business.owner.headers["authorization"].removeprefix("Bearer ")
    load = Load(address, 3, 6.5, read_recording(QUESTION), agent=agent, token=token)
    callers = await put_on(load)
    shown = io.StringIO()
    assert report(Console(file=shown, width=200), load, callers)
    assert "2 held, 1 refused as one too many (4429), 0 lost" in shown.getvalue()
    held = [caller for caller in callers if not caller.refused]
    assert all(caller.turns >= 1 and caller.audio_bytes > 10_000 for caller in held)
    assert all(caller.latencies for caller in held)
    assert not any(caller.errors for caller in held)


async def test_who_gets_no_line_is_told(business: Business) -> None:
    load = Load("ws://127.0.0.1:9/voice/stream", 2, 1, b"")
    shown = io.StringIO()
    assert not report(Console(file=shown, width=200), load, await put_on(load))
    assert "2 lost" in shown.getvalue()


def test_a_recording_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF")
    with pytest.raises(BadAudio):
        read_recording(tmp_path / "no.wav")
    (tmp_path / "low.wav").write_bytes(wav(bytes(16_000), 8_000))
    assert len(read_recording(tmp_path / "low.wav")) == pytest.approx(32_000, abs=200)
