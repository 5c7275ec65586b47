"""Piper through its command line, against a stand-in that takes the same options."""

from __future__ import annotations

import asyncio
import json
from array import array
from contextlib import aclosing
from pathlib import Path

import pytest

from parley.inference.errors import ProviderRefused, ProviderUnavailable
from parley.inference.speech import Speech, Voice
from parley.providers.piper import Piper, find_voices
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio
COMMAND = [str(Path(__file__).parent / "stand_ins" / "piper")]


def put_voice(folder: Path, name: str, language: str, quality: str = "medium", rate: int = 22_050) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(b"")
    told = {"audio": {"sample_rate": rate, "quality": quality}, "language": {"family": language}, "espeak": {}}
    (folder / f"{name}.onnx.json").write_text(json.dumps(told))


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    put_voice(tmp_path / "en", "amy", "en", "low", 16_000)
    put_voice(tmp_path / "en", "joe", "en", "high")
    put_voice(tmp_path / "de", "thorsten", "de")
    for name in ("broken", "mute", "endless"):
        put_voice(tmp_path, name, {"broken": "fr", "mute": "it", "endless": "es"}[name])
    (tmp_path / "alone.onnx").write_bytes(b"")
    (tmp_path / "odd.onnx").write_bytes(b"")
    (tmp_path / "odd.onnx.json").write_text("[]")
    return tmp_path


async def said(piper: Piper, text: str, voice: Voice) -> list[Speech]:
    async with aclosing(piper.speak(text, voice)) as pieces:
        return [piece async for piece in pieces]


async def test_every_word_is_spoken_at_the_voices_rate_and_the_wished_speed(voices: Path) -> None:
    piper = Piper(COMMAND, find_voices([voices]))
    try:
        for voice, rate, ms in (
            (Voice(language="en"), 22_050, 300),
            (Voice("amy", "en"), 16_000, 300),
            (Voice("nobody", "de", 2.0), 22_050, 150),
        ):
            pieces = await said(piper, "one two <three>", voice)
            pcm = b"".join(piece.pcm for piece in pieces)
            assert {piece.sample_rate for piece in pieces} == {rate}
            assert list(dict.fromkeys(array("h", pcm))) == [1, 2, 3]
            assert sum(piece.duration_ms for piece in pieces) == pytest.approx(ms, abs=1)
        assert await said(piper, " <> ", Voice()) == []
    finally:
        await piper.aclose()


async def test_voices_are_found_with_their_languages_the_best_first(voices: Path) -> None:
    found = find_voices([voices])
    assert [voice.name for voice in found if voice.language == "en"] == ["joe", "amy"]
    assert {"alone", "odd"}.isdisjoint(voice.name for voice in found)
    assert Piper(COMMAND, found).capabilities.languages == {"en", "de", "fr", "it", "es"}


async def test_what_does_not_speak_is_unavailable(voices: Path) -> None:
    piper = Piper(COMMAND, find_voices([voices]))
    try:
        with pytest.raises(ProviderRefused, match="nl"):
            await said(piper, "hallo", Voice(language="nl"))
        for language in ("fr", "it"):
            with pytest.raises(ProviderUnavailable):
                await said(piper, "bonjour", Voice(language=language))
        with pytest.raises(ProviderUnavailable):
            await said(Piper(["/nowhere/piper"], find_voices([voices])), "hello", Voice())
    finally:
        await piper.aclose()


async def test_who_stops_listening_ends_the_process(voices: Path) -> None:
    piper = Piper(COMMAND, find_voices([voices]))
    listening = asyncio.create_task(said(piper, "hola", Voice(language="es")))
    async with asyncio.timeout(PATIENCE):
        while not piper._working:  # noqa: ASYNC110 - a process starts when the system likes
            await asyncio.sleep(0.01)
    [process] = piper._working
    listening.cancel()
    assert await process.wait() != 0
    await piper.aclose()
    assert not piper._ready
