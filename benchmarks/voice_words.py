"""Word error rate of the local transcriber, with and without the agent's language model.

Spoken are sentences that neither the agent's documents nor the phrases of the model hold, by two voices of Debian's
flite, as a microphone and as a telephone (300-3400 Hz, G.711 mu-law, 8 kHz) hear them; the true decoder hears them
through the same port as in a call. Some are about what the document says, others about all that callers come up with
(`voice_sentences`); no weight of the model was chosen on them. Without flite only the recordings of the tests are
heard.
Run: python -m benchmarks.voice_words; with `development`, the sentences that the weights were chosen on
"""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from benchmarks.voice_sentences import DEVELOPMENT, FURTHER, HELD_OUT, Callers
from parley.inference.speech import FRAME_BYTES, Final, Flushed, Hearing
from parley.kit.audio import decode, encode
from parley.kit.audio_stream import Decoder
from parley.providers.sphinx import Sphinx, SphinxHearing
from parley.providers.sphinx_model import phrases, sentences

VOICES = ("slt", "rms")
RECORDED = Path(__file__).parent.parent / "tests" / "data" / "speech"
RECORDED_WORDS = {
    "awb_open_on_saturday": "when are you open on saturday",
    "kal_lasagna": "how much is the lasagna",
    "rms_book_for_two_noisy": "i want to book a table for two people",
    "rms_close_on_sunday_phone": "what time do you close on sunday",
    "rms_dog_fast": "can i bring my dog",
    "slt_bring_my_dog_phone": "can i bring my dog to the terrace please",
}


@dataclass(frozen=True)
class Spoken:
    """Words, the sound of them, and what the agent who hears them knows."""

    words: str
    pcm: bytes
    document: str


def main(*, development: bool) -> None:
    sets = {"development": DEVELOPMENT} if development else {"held out": HELD_OUT, "further": FURTHER}
    for callers in (one for group in sets.values() for one in group):
        known = set(sentences((callers.document, *phrases())))
        assert not known & {*callers.about, *callers.other}, "a model must not be tested on what it was built from"
    asyncio.run(_compare(sets))


async def _compare(sets: Mapping[str, Sequence[Callers]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agents, generic = Sphinx(Path(folder)), _Generic()
        print(f"{'':34}{'spoken':>7}{'generic model':>15}{'of real time':>14}{'agent model':>13}{'of real time':>14}")
        for line, spoken in _recordings(sets).items():
            without, long = await _wer(generic, spoken)
            wer, share = await _wer(agents, spoken)
            print(f"{line:34}{len(spoken):>7}{without:>15.1%}{long:>14.3f}{wer:>13.1%}{share:>14.3f}", flush=True)


def _recordings(sets: Mapping[str, Sequence[Callers]]) -> dict[str, list[Spoken]]:
    if shutil.which("flite") is None:
        print("flite is not installed: only the recordings of the tests are heard.")
        restaurant = HELD_OUT[0].document
        sounds = {name: (RECORDED / f"{name}.wav").read_bytes() for name in RECORDED_WORDS}
        return {
            "recordings of the tests": [
                Spoken(RECORDED_WORDS[name], Decoder(None, 16_000, 16_000).push(sound), restaurant)
                for name, sound in sounds.items()
            ]
        }
    heard: dict[str, list[Spoken]] = {}
    for name, group in sets.items():
        for kind in ("about", "other"):
            spoken = [
                Spoken(words, _flite(voice, words), callers.document)
                for callers in group
                for words in (callers.about if kind == "about" else callers.other)
                for voice in VOICES
            ]
            heard[f"{name}, {kind}: microphone"] = spoken
            heard[f"{name}, {kind}: telephone"] = _by_telephone_all(spoken)
    return heard


def _by_telephone_all(spoken: Sequence[Spoken]) -> list[Spoken]:
    return [replace(one, pcm=_by_telephone(one.pcm)) for one in spoken]


def _flite(voice: str, words: str) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", words, file.name], check=True, capture_output=True)  # noqa: S603, S607
        with wave.open(io.BytesIO(Path(file.name).read_bytes())) as sound:
            pcm: bytes = sound.readframes(sound.getnframes())
            return pcm


def _by_telephone(pcm: bytes) -> bytes:
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = np.clip(np.fft.irfft(spectrum, len(samples)), -32_000, 32_000)
    coded = decode(encode(soxr.resample(narrow, 16_000, 8_000).astype(np.int16).tobytes(), "mulaw", 8_000), "mulaw")
    wide: bytes = soxr.resample(np.frombuffer(coded, np.int16), 8_000, 16_000, quality="MQ").tobytes()
    return wide


async def _wer(transcriber: Any, spoken: Sequence[Spoken]) -> tuple[float, float]:
    """Word error rate, and processor seconds per second of sound; the making of the models is not counted."""
    wrong = words = 0
    used = lasted = 0.0
    for one in spoken:
        hearing = await transcriber.open(language="en", hints=("Front Desk", one.document))
        began = time.process_time()
        wrong += _distance(one.words.split(), (await _heard(hearing, one.pcm)).split())
        used += time.process_time() - began
        words += len(one.words.split())
        lasted += len(one.pcm) / 32_000
    return wrong / words, used / lasted


async def _heard(hearing: Hearing, pcm: bytes) -> str:
    silence = bytes(15 * FRAME_BYTES)  # the lead-in that a session gives
    sound = silence + pcm
    for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        hearing.feed(sound[at : at + FRAME_BYTES])
    hearing.finish(1)
    text = ""
    async for event in hearing.events():
        if isinstance(event, Final):
            text += f" {event.text}"
        elif isinstance(event, Flushed):
            break
    await hearing.aclose()
    return text


def _distance(said: list[str], heard: list[str]) -> int:
    """Levenshtein's, in words."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


class _Generic:
    """The same decoder with the package's own language model, of everything that is said in English."""

    def __init__(self) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")

    async def _borrow(self) -> Any:
        return self._decoder

    async def open(self, *, language: str, hints: tuple[str, ...]) -> SphinxHearing:  # noqa: ARG002
        return SphinxHearing(self._borrow, lambda _: None)


if __name__ == "__main__":
    main(development="development" in sys.argv[1:])
