"""Sound in and out of bytes: WAV, PCM16, G.711 μ-law and A-law (ITU-T G.711), and streaming resampling (soxr)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from parley.kit.errors import InvalidInput

Encoding = Literal["wav", "pcm16", "mulaw", "alaw"]  # what a sample at a time makes; Opus is in `kit.opus`
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_OF_FORMAT: dict[int, Encoding] = {_PCM: "pcm16", _ALAW: "alaw", _MULAW: "mulaw"}


class BadAudio(InvalidInput):
    """Bytes that are not the sound they claim to be."""

    code = "audio.malformed"


@dataclass(frozen=True, slots=True)
class WavHead:
    """What a WAV header says. `start` is where the samples begin; the sizes in the header are not believed."""

    encoding: Encoding
    sample_rate: int
    channels: int
    start: int


def wav_head(data: bytes) -> WavHead | None:
    """The header of a WAV; None while more bytes are needed. Raises `BadAudio`."""
    if len(data) < 12:
        return None
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadAudio("data is not a WAV file.")
    place, found = 12, None
    while len(data) >= place + 8:
        kind, size = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        if kind == b"data":
            if found is None:
                raise BadAudio("data is a WAV file without a format.")
            return WavHead(*found, place + 8)
        if kind == b"fmt " and len(data) >= place + 24:
            found = _format(data, place + 8, size)
        place += 8 + size + size % 2
        if place > 2**20:
            raise BadAudio("data is a WAV file whose sound does not begin.")
    return None


def _format(data: bytes, place: int, size: int) -> tuple[Encoding, int, int]:
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, place)
    if code == _EXTENSIBLE and size >= 26:
        code = struct.unpack_from("<H", data, place + 24)[0]
    encoding = _OF_FORMAT.get(code)
    if encoding is None or bits != (16 if encoding == "pcm16" else 8):
        raise BadAudio("data must be a WAV of 16-bit PCM, mu-law or A-law.")
    if not 1 <= channels <= 2:
        raise BadAudio("data must be a WAV of one or two channels.")
    return encoding, check_rate(rate), channels


def check_rate(rate: int) -> int:
    """The rate, or `BadAudio`."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise BadAudio(f"sample_rate must be between {LOWEST_RATE} and {HIGHEST_RATE}.")
    return rate


def wav(pcm: bytes, sample_rate: int) -> bytes:
    """A whole WAV file around PCM16 mono."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, _PCM, 1, sample_rate,
                       sample_rate * 2, 2, 16, b"data", len(pcm))  # fmt: skip
    return head + pcm


@cache
def _mulaw_table() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    magnitude = (((mantissa << 3) + 132) << exponent.astype(np.int32)) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.int16)


@cache
def _alaw_table() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
    return np.where(code & 128, magnitude, -magnitude).astype(np.int16)


@cache
def _encode_table(encoding: Literal["mulaw", "alaw"]) -> NDArray[np.uint8]:
    """For every 16-bit sample the code whose value is nearest."""
    values = _mulaw_table() if encoding == "mulaw" else _alaw_table()
    order = np.argsort(values, kind="stable")
    ranked = values[order].astype(np.int32)
    borders = (ranked[1:] + ranked[:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-32768, 32768))].astype(np.uint8)


def decode(data: bytes, encoding: Encoding) -> bytes:
    """PCM16 of raw samples."""
    if encoding == "mulaw":
        return _mulaw_table()[np.frombuffer(data, np.uint8)].tobytes()
    if encoding == "alaw":
        return _alaw_table()[np.frombuffer(data, np.uint8)].tobytes()
    return data


def encode(pcm: bytes, encoding: Encoding, sample_rate: int) -> bytes:
    """PCM16 mono as `encoding`; "wav" makes a whole file of it."""
    if encoding == "wav":
        return wav(pcm, sample_rate)
    if encoding in ("mulaw", "alaw"):
        samples = np.frombuffer(pcm, np.int16).astype(np.int32) + 32768
        return _encode_table(encoding)[samples].tobytes()
    return pcm


class Resampler:
    """PCM16 mono from one rate to another, piece by piece."""

    def __init__(self, source: int, target: int) -> None:
        self._stream = None if source == target else soxr.ResampleStream(source, target, 1, dtype="int16", quality="MQ")

    def push(self, pcm: bytes, *, last: bool = False) -> bytes:
        """What is ready. `last` lets out what the filter still holds."""
        if self._stream is None:
            return pcm
        out: NDArray[np.int16] = self._stream.resample_chunk(np.frombuffer(pcm, np.int16), last=last)
        return out.tobytes()
