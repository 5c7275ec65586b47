"""The local transcriber: what callers say is heard, and decoders are held by those who speak alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from parley.inference.errors import ProviderRefused
from parley.inference.speech import FRAME_BYTES, Final, Flushed
from parley.kit.audio_stream import Decoder
from parley.providers import sphinx, sphinx_model
from parley.providers.sphinx import Sphinx, SphinxHearing
from tests.providers.test_ngrams import both

SPEECH = Path(__file__).parent.parent / "data" / "speech"


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sphinx:
    monkeypatch.setattr(sphinx_model, "everyday", both)  # a few words of English are enough here
    return Sphinx(tmp_path)


def say(hearing: SphinxHearing, name: str) -> None:
    sound = bytes(15 * FRAME_BYTES) + Decoder(None, 16_000, 16_000).push((SPEECH / f"{name}.wav").read_bytes())
    for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        hearing.feed(sound[at : at + FRAME_BYTES])


async def heard(hearing: SphinxHearing, name: str) -> str:
    say(hearing, name)
    hearing.finish(1)
    text = ""
    async for event in hearing.events():
        if isinstance(event, Final):
            text += event.text
        elif isinstance(event, Flushed):
            break
    return text


@pytest.fixture
def decoders(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    real = sphinx._decoder

    def count(model: sphinx_model.LanguageModel) -> object:
        made.append(real(model))
        return made[-1]

    monkeypatch.setattr(sphinx, "_decoder", count)
    return made


async def test_callers_who_speak_in_turn_share_a_decoder(ear: Sphinx, decoders: list[object]) -> None:
    one, other = [await ear.open(language="en", hints=("Lasagna.",)) for _ in range(2)]
    assert await heard(one, "kal_lasagna") == "how much is the lasagna"
    assert await heard(other, "awb_open_on_saturday") == "when are you open on saturday"
    assert await heard(one, "rms_dog_fast") == "can i bring my dog"
    assert len(decoders) == 1


async def test_callers_who_speak_at_once_do_not(ear: Sphinx, decoders: list[object]) -> None:
    one, other = [await ear.open(language="en", hints=("Lasagna.",)) for _ in range(2)]
    texts = await asyncio.gather(heard(one, "kal_lasagna"), heard(other, "rms_dog_fast"))
    assert [*texts] == ["how much is the lasagna", "can i bring my dog"]
    assert len(decoders) == 2


async def test_a_model_that_made_room_during_a_call_is_made_again(ear: Sphinx, tmp_path: Path) -> None:
    hearings = [await ear.open(language="en", hints=("Lasagna.",)) for _ in range(2)]
    for file in (tmp_path / "sphinx").glob("*.lm"):
        file.unlink()
    texts = await asyncio.gather(*(heard(hearing, "kal_lasagna") for hearing in hearings))
    assert [*texts] == ["how much is the lasagna"] * 2


async def test_a_caller_who_hangs_up_in_mid_sentence_leaves_a_decoder_that_hears(
    ear: Sphinx, decoders: list[object]
) -> None:
    gone = await ear.open(language="en", hints=("Lasagna.",))
    say(gone, "kal_lasagna")
    async for _ in gone.events():
        await gone.aclose()
    next_one = await ear.open(language="en", hints=("Lasagna.",))
    assert await heard(next_one, "rms_dog_fast") == "can i bring my dog"
    assert len(decoders) == 1


async def test_other_languages_are_refused(ear: Sphinx) -> None:
    with pytest.raises(ProviderRefused, match="English only"):
        await ear.open(language="de")


async def test_who_spoke_before_on_another_line_does_not_change_what_is_heard(ear: Sphinx) -> None:
    at_the_microphone, by_telephone = [await ear.open(language="en", hints=("Lasagna.",)) for _ in range(2)]
    await heard(by_telephone, "rms_close_on_sunday_phone")
    mean = by_telephone._mean
    await heard(at_the_microphone, "awb_open_on_saturday")
    assert at_the_microphone._mean != mean
    await heard(by_telephone, "rms_close_on_sunday_phone")
    assert by_telephone._mean == mean
