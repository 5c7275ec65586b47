"""Word error rate of the local transcriber, with and without the agent's language model.

Spoken are sentences that neither the agent's documents nor the phrases of the model hold, by two voices of Debian's
flite, as a microphone and as a telephone (300-3400 Hz, G.711 mu-law, 8 kHz) hear them; the true decoder hears them
through the same port as in a call. `SAID` is about what the document says, `HELD_OUT` about all that callers come up
with; no weight of the model was chosen on either. Without flite only the recordings of the tests are heard.
Run: python -m benchmarks.voice_words
"""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from parley.inference.speech import FRAME_BYTES, Final, Flushed, Hearing
from parley.kit.audio import decode, encode
from parley.kit.audio_stream import Decoder
from parley.providers.sphinx import Sphinx, SphinxHearing
from parley.providers.sphinx_model import phrases, sentences

VOICES = ("slt", "rms")
DOCUMENT = """# Menu
Lasagna al forno: 14.50. Mushroom risotto: 16.00. Tiramisu: 7.50. Grilled salmon with lemon: 21.00.
# Opening hours
We are open Tuesday to Saturday from 17:00 to 23:00. On Sunday we close at 21:00. Monday is our day of rest.
# Dogs and parking
Dogs are welcome on the terrace. Guests park for free behind the house. There is a lift and a ramp at the side door.
"""
SAID = (
    "are you open on monday evening",
    "how late are you open on saturday night",
    "is the grilled salmon served with lemon",
    "what does the tiramisu cost please",
    "can we sit on the terrace with two dogs",
    "where can i park my car behind the house",
    "i need a table for six people on friday",
    "could we come at half past eight on saturday",
    "please change my reservation to seven people",
    "i want to cancel my table for tomorrow",
    "do you have a table on the terrace tonight",
    "is there a ramp at the side door",
    "we would like the mushroom risotto and the lasagna",
    "what time do you open on tuesday",
    "my phone number is five five five two three four one",
    "may i speak to a person please",
)
HOTEL = """# Rooms
Double room with garden view: 140.00 a night. Family suite with two bedrooms: 220.00. Breakfast buffet: 18.00.
# Arrival
Check-in is from 3 pm, check-out until 11 am. Late arrival is possible with the night porter.
# House
Indoor pool and sauna are open from 7 am to 10 pm. The shuttle to the airport leaves every hour. Small dogs are welcome
for 15.00 a night.
"""
HELD_OUT = {
    HOTEL: (
        "does the double room have a view of the garden",
        "could you tell me when breakfast is served",
        "how do i get to the hotel from the airport",
        "we will arrive after midnight is that all right",
        "my husband would rather have a quiet room",
        "is the pool warm enough for children",
        "can we leave our bags with you until the evening",
        "i forgot my coat in the room this morning",
        "how much extra would it be for a small dog",
        "please send someone to look at the shower",
        "we would like to stay one more night",
        "do you have a room with two single beds",
    ),
    DOCUMENT: (
        "are the gluten free dishes kept apart in the kitchen",
        "we might be fifteen minutes late tonight",
        "is it possible to sit outside when it rains",
        "my mother cannot climb stairs",
        "which fish do you serve this week",
        "i would like to order something to take home",
        "could you bring a cake for a birthday",
        "do you charge a fee if we do not come",
        "our flight was delayed so we need a later table",
        "what kind of wine goes with the salmon",
        "it is for nine of us including three children",
        "sorry i called the wrong number",
    ),
}
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


def main() -> None:
    for document, said in ((DOCUMENT, SAID), *HELD_OUT.items()):
        known = set(sentences((document, *phrases())))
        assert not known & set(said), "a model must not be tested on what it was built from"
    asyncio.run(_compare())


async def _compare() -> None:
    with tempfile.TemporaryDirectory() as folder:
        agents, generic = Sphinx(Path(folder)), _Generic(Path(folder))
        print(f"{'':24}{'spoken':>7}{'generic model':>15}{'of real time':>14}{'agent model':>13}{'of real time':>14}")
        for line, spoken in _recordings().items():
            without, long = await _wer(generic, spoken)
            wer, share = await _wer(agents, spoken)
            print(f"{line:24}{len(spoken):>7}{without:>15.1%}{long:>14.3f}{wer:>13.1%}{share:>14.3f}", flush=True)


def _recordings() -> dict[str, list[Spoken]]:
    if shutil.which("flite") is None:
        print("flite is not installed: only the recordings of the tests are heard.")
        return {
            "recordings of the tests": [
                Spoken(words, Decoder(None, 16_000, 16_000).push((RECORDED / f"{name}.wav").read_bytes()), DOCUMENT)
                for name, words in RECORDED_WORDS.items()
            ]
        }
    about = _spoken({DOCUMENT: SAID})
    else_ = _spoken(HELD_OUT)
    return {
        "microphone": about,
        "telephone": _by_telephone_all(about),
        "microphone, held out": else_,
        "telephone, held out": _by_telephone_all(else_),
    }


def _spoken(said: Mapping[str, Sequence[str]]) -> list[Spoken]:
    return [
        Spoken(words, _flite(voice, words), document)
        for document, lines in said.items()
        for words in lines
        for voice in VOICES
    ]


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

    def __init__(self, folder: Path) -> None:
        import pocketsphinx

        self._folder = folder
        self._decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")

    async def open(self, *, language: str, hints: tuple[str, ...]) -> SphinxHearing:  # noqa: ARG002
        return SphinxHearing(self._decoder, lambda: None)


if __name__ == "__main__":
    main()
