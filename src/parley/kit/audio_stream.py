"""Sound of one client as it comes and goes, piece by piece: any encoding into PCM16 at one rate, and back."""

from __future__ import annotations

from typing import Literal

import numpy as np

from parley.kit.audio import BadAudio, Encoding, Resampler, WavHead, check_rate, decode, encode, wav_head
from parley.kit.opus import HEARD_RATE, OGG, OpusDecoder, OpusEncoder, opus_rate

StreamEncoding = Encoding | Literal["opus"]
_RIFF = b"RIFF"


class Decoder:
    """Bytes of one client into PCM16 mono at one rate.

    `encoding` None finds out: a WAV or an Ogg file with Opus, else raw PCM16 at 16 kHz. Files may come in slices of any
    size, WAVs one after another. Raw Opus comes a packet at a time.
    """

    def __init__(self, encoding: StreamEncoding | None, sample_rate: int, target: int) -> None:
        self._declared = encoding
        self._raw: Encoding = encoding if encoding in ("mulaw", "alaw") else "pcm16"
        self._target = target
        self._head: WavHead | None = None
        self._pending = b""
        self._odd = b""
        self._opus: OpusDecoder | None = None
        self._resampler: Resampler | None = None
        if encoding == "opus":
            self._begin_opus()
        elif encoding not in (None, "wav"):
            self._resampler = Resampler(check_rate(sample_rate), target)

    def push(self, data: bytes) -> bytes:
        """The sound in `data`. Raises `BadAudio`."""
        if self._opus is None and self._declared in (None, "wav") and (self._head is None or data[:4] == _RIFF):
            data = self._read_head(data)
        if self._resampler is None:
            return b""
        if self._opus is not None:
            return self._resampler.push(self._opus.push(data))
        encoding: Encoding = self._head.encoding if self._head else self._raw
        channels = self._head.channels if self._head else 1
        width = (2 if encoding == "pcm16" else 1) * channels
        data = self._odd + data if self._odd else data
        whole = len(data) - len(data) % width
        self._odd = data[whole:]
        pcm = decode(data[:whole] if self._odd else data, encoding)
        if channels == 2:
            pairs = np.frombuffer(pcm, np.int16).reshape(-1, 2).astype(np.int32)
            pcm = (pairs.sum(axis=1) // 2).astype(np.int16).tobytes()
        return self._resampler.push(pcm)

    def _begin_opus(self) -> None:
        self._opus = OpusDecoder()
        self._resampler = Resampler(HEARD_RATE, self._target)

    def _read_head(self, data: bytes) -> bytes:
        """Take a WAV's header off, or find that it is none; no resampler while that is not known."""
        self._pending = data if data[:4] == _RIFF else self._pending + data
        self._resampler = None
        begins = self._pending[:4]
        if self._declared is None and not _RIFF.startswith(begins):
            if OGG.startswith(begins):
                if len(begins) == len(OGG):
                    self._begin_opus()
                    return self._all_pending()
                return b""
            self._declared, self._head = "pcm16", WavHead("pcm16", 16_000, 1, 0)
            self._resampler = Resampler(16_000, self._target)
            return self._all_pending()
        try:
            head = wav_head(self._pending)
        except BadAudio:
            self._pending = b""
            raise
        if head is None:
            if len(self._pending) > 2**20:
                self._pending = b""
                raise BadAudio("data is a WAV file whose sound does not begin.")
            self._head = None
            return b""
        self._head, self._odd = head, b""
        self._resampler = Resampler(head.sample_rate, self._target)
        return self._all_pending()[head.start :]

    def _all_pending(self) -> bytes:
        pending, self._pending = self._pending, b""
        return pending


class Encoder:
    """PCM16 mono of any rate into messages in one encoding and rate. "wav" makes a whole file of each piece, "opus"
    packets of 20 ms; the others one message per piece."""

    def __init__(self, encoding: StreamEncoding, sample_rate: int) -> None:
        self._raw: Encoding = "pcm16" if encoding == "opus" else encoding
        self._rate = opus_rate(sample_rate) if encoding == "opus" else sample_rate
        self._opus = OpusEncoder(self._rate) if encoding == "opus" else None
        self._resamplers: dict[int, Resampler] = {}

    def push(self, pcm: bytes, sample_rate: int, *, last: bool = False) -> list[bytes]:
        """The messages that are ready. `last` ends a stretch of sound and lets out what is held back."""
        resampler = self._resamplers.get(sample_rate)
        if resampler is None:
            resampler = self._resamplers[sample_rate] = Resampler(sample_rate, self._rate)
        pcm = resampler.push(pcm, last=last)
        if last:
            del self._resamplers[sample_rate]
        if self._opus is not None:
            return self._opus.push(pcm, last=last)
        if not pcm:
            return []
        return [encode(pcm, self._raw, self._rate)]

    def drop(self) -> None:
        """The stretch was cut off: forget what is held back."""
        self._resamplers.clear()
        if self._opus is not None:
            self._opus.drop()
