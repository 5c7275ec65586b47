"""Speech that is said again and again, kept as sound: greetings, apologies, fillers, remembered answers.

Only what a responder calls lasting comes here, which never holds anything of a caller's. Kept by the digest of the
words and of who speaks them, in memory and, where a folder is given, on disk; both bounded, least recently used first.
A folder may be shared by several processes: whatever one of them deletes or breaks is a miss for the others.
"""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import orjson
from anyio import to_thread

from parley.inference.speech import Speech, Voice, Word
from parley.kit import log

_VERSION = 1
_MB = 1_000_000
_LONGEST = 4 * _MB  # bytes of one sentence
_log = log.get("voice")


class KeptSpeech:
    """`find` and `keep` sound by `key`. `hits` and `misses` count what was looked for."""

    def __init__(
        self, folder: Path | None = None, *, memory_bytes: int = 48 * _MB, disk_bytes: int = 256 * _MB
    ) -> None:
        self._folder = folder
        self._most, self._most_on_disk = memory_bytes, disk_bytes
        self._kept: OrderedDict[str, Speech] = OrderedDict()
        self._bytes = 0
        self._files: OrderedDict[str, int] | None = None  # by age of last use, oldest first; None until looked at
        self._on_disk = 0
        self._lock = Lock()  # threads of several sessions write
        self.hits = self.misses = 0

    @staticmethod
    def key(speaker: str, voice: Voice, text: str) -> str:
        """Who says what, and how."""
        said = [_VERSION, speaker, voice.name, voice.language, voice.speed, text]
        return blake2b(orjson.dumps(said), digest_size=20).hexdigest()

    async def find(self, key: str) -> Speech | None:
        """The sound, all of it in one piece; None where it is not kept."""
        speech = self._kept.get(key)
        if speech is not None:
            self._kept.move_to_end(key)
        elif self._folder is not None:
            speech = await to_thread.run_sync(self._read, key)
            if speech is not None:
                self._remember(key, speech)
        self.hits += speech is not None
        self.misses += speech is None
        return speech

    async def keep(self, key: str, speech: Speech) -> None:
        """Keep it. What cannot be written is kept in memory alone."""
        if not 0 < len(speech.pcm) <= min(_LONGEST, self._most):
            return
        self._remember(key, speech)
        if self._folder is not None:
            await to_thread.run_sync(self._write, key, speech)

    def _remember(self, key: str, speech: Speech) -> None:
        before = self._kept.pop(key, None)
        self._bytes += len(speech.pcm) - (len(before.pcm) if before else 0)
        self._kept[key] = speech
        while self._bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.pcm)

    # On disk, in a thread

    def _read(self, key: str) -> Speech | None:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        speech = _unpacked(data)
        if speech is None:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        with self._lock:
            if self._files is not None and key in self._files:
                self._files.move_to_end(key)
        return speech

    def _write(self, key: str, speech: Speech) -> None:
        data = _packed(speech)
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
            self._make_room(key, len(data))
        except OSError as error:
            _log.warning("voice.speech_not_kept", error=str(error))

    def _make_room(self, key: str, size: int) -> None:
        with self._lock:
            if self._files is None:
                self._files = self._found()
                self._on_disk = sum(self._files.values())
            self._on_disk += size - self._files.pop(key, 0)  # a first look has found it there already
            self._files[key] = size
            while self._on_disk > self._most_on_disk:
                oldest, freed = self._files.popitem(last=False)
                self._on_disk -= freed
                with suppress(OSError):
                    self._path(oldest).unlink()

    def _found(self) -> OrderedDict[str, int]:
        assert self._folder is not None  # noqa: S101 - only what is on disk is read
        seen = [(file.stat(), file.name) for file in self._folder.glob("*.pcm")]
        seen.sort(key=lambda one: one[0].st_mtime)
        return OrderedDict((name.removesuffix(".pcm"), stat.st_size) for stat, name in seen)

    def _path(self, key: str) -> Path:
        assert self._folder is not None  # noqa: S101 - see above
        return self._folder / f"{key}.pcm"


def _packed(speech: Speech) -> bytes:
    """A line of JSON, then the samples."""
    words = [[word.text, word.start_ms, word.end_ms] for word in speech.words]
    head = {"rate": speech.sample_rate, "bytes": len(speech.pcm), "words": words}
    return orjson.dumps(head) + b"\n" + speech.pcm


def _unpacked(data: bytes) -> Speech | None:
    """None for what is not whole."""
    head, _, pcm = data.partition(b"\n")
    try:
        told = orjson.loads(head)
        words = tuple(Word(str(text), float(start), float(end)) for text, start, end in told["words"])
        speech = Speech(pcm, int(told["rate"]), words)
        whole = len(pcm) == told["bytes"] > 0 and speech.sample_rate > 0
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
    return speech if whole else None
