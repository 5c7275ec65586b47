"""faster-whisper, against a stand-in with the same interface."""

from __future__ import annotations

import asyncio
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.inference.errors import ProviderUnavailable
from parley.inference.speech import Final, Flushed, Heard, Partial
from parley.providers import whisper
from parley.providers.whisper import Whisper, WhisperHearing
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "stand_ins"))
    folder = tmp_path / "models--Systran--faster-whisper-small" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"")
    (folder / "config.json").write_text("{}")
    assert whisper.installed()
    yield folder
    sys.modules.pop(whisper.PACKAGE, None)


def second(value: int) -> list[bytes]:
    return [array("h", [value] * 320).tobytes()] * 50


async def heard_until(hearing: WhisperHearing, mark: int) -> list[Heard]:
    reports: list[Heard] = []
    async with asyncio.timeout(PATIENCE):
        async for report in hearing.events():
            reports.append(report)
            if report == Flushed(mark):
                return reports
    raise AssertionError("it ended before the mark")


async def test_words_are_read_while_the_caller_speaks_and_for_good_when_he_pauses(weights: Path) -> None:
    hearing = await Whisper(weights).open(language="de", hints=("Alte Linde", "x" * 500))
    for frame in second(1):
        hearing.feed(frame)
    reports = hearing.events()
    assert await anext(reports) == Partial("word1", 0)
    for frame in second(2):
        hearing.feed(frame)
    hearing.finish(1)
    for frame in second(3):
        hearing.feed(frame)
    hearing.finish(2)
    hearing.finish(3)
    found = [await anext(reports) for _ in range(5)]
    assert found == [
        Final("word1 word2", 0, language="de"),
        Flushed(1),
        Final("word3", 1, language="de"),
        Flushed(2),
        Flushed(3),
    ]
    await hearing.aclose()
    assert await anext(reports, None) is None
    import faster_whisper  # type: ignore[import-not-found,unused-ignore]

    assert faster_whisper.calls[-1]["language"] == "de"
    assert faster_whisper.calls[-1]["prompt"] == "Alte Linde"


async def test_noise_makes_no_words_and_a_long_stretch_is_cut(weights: Path) -> None:
    hearing = await Whisper(weights).open(language="en")
    for frame in second(999):
        hearing.feed(frame)
    hearing.finish(1)
    assert await heard_until(hearing, 1) == [Final("", 0, language="en"), Flushed(1)]
    for value in range(1, 41):
        for frame in second(value):
            hearing.feed(frame)
    hearing.finish(2)
    finals = [report for report in await heard_until(hearing, 2) if isinstance(report, Final)]
    assert " ".join(final.text for final in finals) == " ".join(f"word{value}" for value in range(1, 41))


async def test_weights_that_do_not_load_are_unavailable(weights: Path) -> None:
    (weights / "config.json").unlink()
    with pytest.raises(ProviderUnavailable):
        await Whisper(weights).open(language="en")


async def test_the_largest_weights_on_disk_are_chosen(weights: Path, tmp_path: Path) -> None:
    better = tmp_path / "faster-whisper-large-v3"
    better.mkdir()
    (better / "model.bin").write_bytes(b"")
    assert whisper.find_weights([tmp_path]) == better
    assert whisper.find_weights([weights.parent]) == weights
    assert whisper.find_weights([tmp_path / "none"]) is None
