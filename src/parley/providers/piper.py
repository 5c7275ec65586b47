"""Piper: a good local speaker, where its command and a voice are on disk. GPL-3, so it runs in a process of its own.

Both programs of that name (rhasspy/piper, OHF-Voice/piper1-gpl) read lines of text on standard input once the voice is
loaded and, with `--output_raw`, write PCM16 mono as they make it. Neither says where a line ends, so each phrase has
its process: one is always started ahead, with its voice loaded, and waits for the words.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import orjson

from parley.inference.errors import ProviderRefused, ProviderUnavailable
from parley.inference.speech import SpeakerCapabilities, Speech, Voice

_PIECE_MS = 200
_LONGEST = 2000  # characters of one phrase
_READY = 3  # processes that wait for words
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f<>{}|\\^~\[\]`*_#]+")
_QUALITIES = ("high", "medium", "low", "x_low")


@dataclass(frozen=True, slots=True)
class PiperVoice:
    """A voice on disk: `NAME.onnx` beside `NAME.onnx.json`."""

    name: str
    model: Path
    language: str
    sample_rate: int
    quality: str


def find_voices(folders: Iterable[Path]) -> list[PiperVoice]:
    """The voices in these folders and below, the best of each language first. What is not readable is passed over."""
    found = []
    for folder in folders:
        for model in sorted(folder.expanduser().glob("**/*.onnx")):
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                told = orjson.loads(model.with_name(f"{model.name}.json").read_bytes())
                language = told.get("language", {}).get("family") or told["espeak"]["voice"]
                audio = told["audio"]
                rate, quality = int(audio["sample_rate"]), str(audio.get("quality", "medium"))
                found.append(PiperVoice(model.name.removesuffix(".onnx"), model, str(language)[:2], rate, quality))
    return sorted(found, key=lambda voice: _QUALITIES.index(voice.quality) if voice.quality in _QUALITIES else 9)


def find_command() -> list[str] | None:
    """How Piper is started here; None where it is not."""
    if (program := shutil.which("piper")) is not None:
        return [program]
    return [sys.executable, "-m", "piper"] if find_spec("piper") is not None else None


class Piper:
    """A `Speaker` over Piper processes."""

    def __init__(self, command: list[str], voices: list[PiperVoice]) -> None:
        self._command = command
        self._voices = voices
        self._ready: OrderedDict[tuple[str, float], asyncio.subprocess.Process] = OrderedDict()
        self._working: set[asyncio.subprocess.Process] = set()
        self._ending: set[asyncio.Future[int]] = set()

    @property
    def name(self) -> str:
        """The catalog name."""
        return "local/piper"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """The languages of the voices on disk; words are not timed."""
        return SpeakerCapabilities(languages=frozenset(voice.language for voice in self._voices))

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """Speak one phrase, in pieces of 200 ms. Raises `ProviderRefused` for a language without a voice,
        `ProviderUnavailable` where Piper fails."""
        chosen, speed = self._choose(voice), round(min(4.0, max(0.25, voice.speed)), 2)
        spoken = _UNSPEAKABLE.sub(" ", text)[:_LONGEST].strip()
        if not spoken:
            return
        process = await self._take(chosen, speed)
        try:
            said = False
            await self._prepare(chosen, speed)
            async for pcm in self._say(process, spoken, chosen.sample_rate):
                said = True
                yield Speech(pcm, chosen.sample_rate)
            if await process.wait() != 0 or not said:
                raise ProviderUnavailable("Piper did not speak.", vendor="piper")
        except OSError as error:
            raise ProviderUnavailable("Piper did not answer.", vendor="piper") from error
        finally:
            self._working.discard(process)
            self._end(process)

    async def _say(self, process: asyncio.subprocess.Process, text: str, rate: int) -> AsyncGenerator[bytes, None]:
        assert process.stdin is not None  # noqa: S101 - asked for in `_start`
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(text.encode() + b"\n")
        process.stdin.close()
        size = rate * _PIECE_MS // 1000 * 2
        while True:
            try:
                yield await process.stdout.readexactly(size)
            except asyncio.IncompleteReadError as rest:
                if whole := len(rest.partial) // 2 * 2:
                    yield rest.partial[:whole]
                return

    def _choose(self, voice: Voice) -> PiperVoice:
        """The voice of that name, else the best of the language."""
        language = voice.language[:2].lower()
        mine = [known for known in self._voices if known.language == language]
        if not mine:
            raise ProviderRefused(f"There is no Piper voice for {language!r} on disk.", vendor="piper")
        return next((known for known in mine if known.name == voice.name), mine[0])

    async def _take(self, voice: PiperVoice, speed: float) -> asyncio.subprocess.Process:
        """A process with the voice loaded, or loading."""
        process = self._ready.pop((voice.name, speed), None)
        if process is None or process.returncode is not None:
            process = await self._start(voice, speed)
        self._working.add(process)
        return process

    async def _prepare(self, voice: PiperVoice, speed: float) -> None:
        """Start the process for the next phrase."""
        key = (voice.name, speed)
        if key not in self._ready:
            process = await self._start(voice, speed)
            if (other := self._ready.pop(key, None)) is not None:  # another phrase was as quick
                self._end(other)
            self._ready[key] = process
        while len(self._ready) > _READY:
            _, spare = self._ready.popitem(last=False)
            self._end(spare)

    async def _start(self, voice: PiperVoice, speed: float) -> asyncio.subprocess.Process:
        options = ["--model", str(voice.model), "--output_raw", "--length_scale", f"{1 / speed:.3f}"]
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                *options,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=2**20,
            )
        except OSError as error:
            raise ProviderUnavailable("Piper could not be started.", vendor="piper") from error

    def _end(self, process: asyncio.subprocess.Process) -> None:
        """Kill it where it runs; somebody waits for its end in any case."""
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            ending = asyncio.ensure_future(process.wait())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """End all processes."""
        for process in (*self._ready.values(), *self._working):
            self._end(process)
        self._ready.clear()
        self._working.clear()
        if self._ending:
            await asyncio.wait(self._ending)
