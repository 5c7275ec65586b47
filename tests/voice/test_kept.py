"""Kept speech: the same words sound at once, within bounds, whatever happens to the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley.inference.errors import ProviderUnavailable
from parley.inference.scripted_speech import ScriptedSpeaker, Tape
from parley.inference.speech import Speech, Voice, Word
from parley.voice import KeptSpeech, Say, Typed
from tests.voice.stage import WORD_MS, Call, dial, quiet

SPOKEN = Speech(bytes(range(200)), 8000, (Word("ja", 0.0, 12.5), Word("bitte", 12.5, 25.0)))


def key(text: str, voice: Voice | None = None, speaker: str = "local/one") -> str:
    return KeptSpeech.key(speaker, voice or Voice(), text)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def test_who_says_what_and_how_makes_the_key() -> None:
    keys = {
        key("Yes."),
        key("No."),
        key("Yes.", Voice("anna")),
        key("Yes.", Voice(language="de")),
        key("Yes.", Voice(speed=1.5)),
        key("Yes.", speaker="local/two"),
    }
    assert len(keys) == 6


@pytest.mark.anyio
async def test_what_is_kept_is_found_again_by_the_next_process(tmp_path: Path) -> None:
    await KeptSpeech(tmp_path).keep(key("Yes."), SPOKEN)
    later = KeptSpeech(tmp_path)
    assert await later.find(key("Yes.")) == SPOKEN
    assert await later.find(key("No.")) is None
    assert (later.hits, later.misses) == (1, 1)
    for file in files(tmp_path):
        file.unlink()
    assert await later.find(key("Yes.")) == SPOKEN  # from memory


@pytest.mark.anyio
async def test_memory_and_disk_are_bounded_and_the_least_used_goes_first(tmp_path: Path) -> None:
    one = Speech(bytes(1000))
    kept = KeptSpeech(tmp_path, memory_bytes=3500, disk_bytes=6000)
    for number in range(10):
        await kept.keep(key(str(number)), one)
        assert await kept.find(key("0")) == one  # used all the time
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 6000
    in_memory = KeptSpeech(None, memory_bytes=3500)
    for number in range(10):
        await in_memory.keep(key(str(number)), one)
    assert [number for number in range(10) if await in_memory.find(key(str(number)))] == [7, 8, 9]
    await in_memory.keep(key("long"), Speech(bytes(4000)))
    assert await in_memory.find(key("long")) is None


@pytest.mark.anyio
@pytest.mark.parametrize("broken", [b"", b"{}", b"rubbish\nmore", b'{"rate": 8000, "bytes": 9, "words": []}\n12345678'])
async def test_a_broken_file_is_a_miss(tmp_path: Path, broken: bytes) -> None:
    await KeptSpeech(tmp_path).keep(key("Yes."), SPOKEN)
    [file] = files(tmp_path)
    file.write_bytes(broken)
    kept = KeptSpeech(tmp_path)
    assert await kept.find(key("Yes.")) is None
    await kept.keep(key("Yes."), SPOKEN)
    assert await KeptSpeech(tmp_path).find(key("Yes.")) == SPOKEN


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_keeps_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = KeptSpeech(tmp_path / "file")
    await kept.keep(key("Yes."), SPOKEN)
    assert await kept.find(key("Yes.")) == SPOKEN


def test_lasting_words_are_spoken_once_and_a_callers_own_every_time() -> None:
    tape, kept = Tape(), KeptSpeech()
    speaker = ScriptedSpeaker(tape, word_ms=WORD_MS)
    for _ in range(2):
        call = Call(tape=tape, speakers=[speaker], kept=kept, greeting="Good evening to you.")
        call.replies = [[Say("We are open. Until ten.", lasting=True)], [Say("Thank you, Maria.")]]
        call.script = [*quiet(800), Typed("when"), *quiet(1500), Typed("Maria")]
        dial([call])
        assert call.heard == ["Good evening to you.", "We are open. Until ten.", "Thank you, Maria."]
        assert call.played(2, "We are open. Until ten.")
    assert speaker.texts.count("Good evening to you.") == 1
    assert speaker.texts.count("We are open.") == speaker.texts.count("Until ten.") == 1
    assert sum("Maria" in text for text in speaker.texts) == 2


def test_a_sentence_that_broke_off_is_not_kept() -> None:
    tape, kept = Tape(), KeptSpeech()
    speaker = ScriptedSpeaker(tape, word_ms=WORD_MS, piece_ms=160, fails_after=1)
    speaker.script.append(ProviderUnavailable("gone", vendor="scripted"))
    for times in (3, 4):
        call = Call(tape=tape, speakers=[speaker], kept=kept, greeting="Good evening to all of you.")
        dial([call])
        assert call.heard == ["Good evening to all of you."]
        assert len(speaker.texts) == times - 1
