"""The local speaker: espeak-ng in a process of its own (it is GPL-3, and one engine serves one text at a time).

English, German and a hundred other languages, no network, about a thousandth of real time. It sounds like a machine;
what it is for is that a fresh machine speaks at all, and that a caller still hears a sentence when a vendor is down.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncGenerator

import orjson

from parley.inference.errors import ProviderUnavailable
from parley.inference.speech import SpeakerCapabilities, Speech, Voice, Word

_WORDS_PER_MINUTE = 165
_LONGEST = 2000  # characters of one phrase
_PIECE_MS = 200
_VOICES = {"en": "en-us", "de": "de"}
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f<>{}|\\^~\[\]`*_#]+")


class Espeak:
    """A `Speaker` over one espeak-ng process, started when it is first needed and again when it died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def name(self) -> str:
        """The catalog name."""
        return "local/espeak-ng"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """Any language it knows; every word with its time."""
        return SpeakerCapabilities(word_times=True)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """Speak one phrase, in pieces of 200 ms. Raises `ProviderUnavailable`."""
        spoken = _UNSPEAKABLE.sub(" ", text)[:_LONGEST].strip()
        if not spoken:
            return
        rate, pcm, words = await self._ask(spoken, voice)
        size = rate * _PIECE_MS // 1000 * 2
        for start in range(0, len(pcm), size):
            begin, end = start / 2 / rate * 1000, (start + size) / 2 / rate * 1000
            within = tuple(word for word in words if begin <= word.start_ms < end)
            yield Speech(pcm[start : start + size], rate, within)

    async def _ask(self, text: str, voice: Voice) -> tuple[int, bytes, list[Word]]:
        request = {
            "text": text,
            "voice": _VOICES.get(voice.language, voice.language),
            "rate": max(80, min(450, round(_WORDS_PER_MINUTE * voice.speed))),
        }
        async with self._turn:
            try:
                process = await self._running()
                assert process.stdin is not None  # noqa: S101 - asked for below
                assert process.stdout is not None  # noqa: S101
                process.stdin.write(orjson.dumps(request) + b"\n")
                head = orjson.loads(await process.stdout.readline())
                pcm = await process.stdout.readexactly(head["bytes"])
            except (OSError, EOFError, orjson.JSONDecodeError) as error:
                await self._stop()
                raise ProviderUnavailable("The local speaker did not answer.", vendor="local") from error
            except asyncio.CancelledError:
                await self._stop()  # half an answer is in the pipe
                raise
        return head["rate"], pcm, _timed(head["words"], len(pcm) / 2 / head["rate"] * 1000)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "parley.providers.espeak_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**20,
            )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()

    async def aclose(self) -> None:
        """End the process."""
        await self._stop()


def _timed(words: list[list[object]], total_ms: float) -> list[Word]:
    """A word lasts until the next one begins."""
    starts = [float(str(start)) for _, start in words]
    ends = [*starts[1:], total_ms]
    return [Word(str(text), start, end) for (text, _), start, end in zip(words, starts, ends, strict=True)]
