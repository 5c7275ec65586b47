"""Hearing a recording: any stretch of bytes of the WAV that its sealed pieces are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from parley.kit.files import Files
from parley.kit.secrets import Box
from parley.recordings.store import Recording
from parley.recordings.tape import HEAD, wav_head

_AT_ONCE: Final = 262_144


class Playback:
    """One recording, opened. `box` is None for one that is older than sealing: a plain file."""

    def __init__(self, files: Files, recording: Recording, box: Box | None) -> None:
        self._files = files
        self._recording = recording
        self._box = box

    async def part(self, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`, that one included."""
        if self._box is None:
            async for data in self._plain(first, last):
                yield data
            return
        if first < HEAD:
            yield wav_head(self._recording.size - HEAD)[first : last + 1]
        place, end = max(first - HEAD, 0), last - HEAD
        while place <= end:
            number, skip = divmod(place, self._recording.piece_bytes)
            piece = await self.piece(number)
            data = piece[skip : skip + end - place + 1]
            if not data:
                return
            place += len(data)
            yield data

    async def piece(self, number: int) -> bytes:
        """One piece as it was heard. Raises `FileNotFoundError`, and `SealBroken` where it was altered."""
        assert self._box is not None  # noqa: S101 - asked for where there is one
        sealed = await self._files.read(self._recording.piece(number))
        return self._box.open(sealed, self._recording.bound(number))

    async def _plain(self, first: int, last: int) -> AsyncIterator[bytes]:
        file = await self._files.open(self._recording.plain_file)
        try:
            await file.seek(first)
            left = last - first + 1
            while left and (data := await file.read(min(_AT_ONCE, left))):
                left -= len(data)
                yield data
        finally:
            await file.aclose()
