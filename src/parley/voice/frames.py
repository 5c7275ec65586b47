"""Cutting bytes into frames: 20 ms of PCM16 mono at 16 kHz, 640 bytes, the only unit the engine counts time in."""

from __future__ import annotations

from parley.inference.speech import FRAME_BYTES

SILENCE = bytes(FRAME_BYTES)


class Framer:
    """Collects bytes of any length and hands out whole frames; keeps less than one frame between calls."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def push(self, pcm: bytes) -> list[bytes]:
        """Whole frames, in order. An odd byte waits for its other half."""
        if not self._rest and len(pcm) == FRAME_BYTES:
            return [pcm]
        data = self._rest + pcm if self._rest else pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        return [data[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES)]

    def flush(self) -> bytes | None:
        """What is left, filled up with silence to a frame; None when nothing is."""
        rest, self._rest = self._rest, b""
        return rest.ljust(FRAME_BYTES, b"\0") if rest else None
