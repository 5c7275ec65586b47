"""Opus: raw packets (RFC 6716) and the pages of an Ogg file (RFC 3533, RFC 7845). libopus comes with `av`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from parley.kit.audio import BadAudio

HEARD_RATE = 48_000  # what libopus decodes to
RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
FRAME_MS = 20
OGG = b"OggS"
_PAGE = OGG + b"\0"
_LARGEST_PACKET = 48 * 1275 + 98  # bytes: 120 ms in frames of 2.5 ms
_MOST_SAMPLES = 5 * 60 * HEARD_RATE  # from one message: a packet of one byte may stand for 120 ms
_HEAD = 27
_CONTINUED, _BEGINS = 1, 2


class OpusDecoder:
    """Packets into PCM16 mono at 48 kHz. Each push is one packet, or a piece of an Ogg file, which is known by its
    first bytes."""

    def __init__(self) -> None:
        import av

        self._av = av
        self._codec: Any = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate, self._codec.layout, self._codec.format = HEARD_RATE, "mono", "s16"
        self._pages: OggPackets | None = None

    def push(self, data: bytes) -> bytes:
        """The sound in `data`. What is broken is left out; raises `BadAudio` where that leaves nothing."""
        if self._pages is None and data[:4] == OGG:
            self._pages = OggPackets()
        packets = [data] if self._pages is None else self._pages.push(data)
        pcm, samples, fault = [], 0, None
        for packet in packets:
            try:
                piece = self._decode(packet)
            except BadAudio as error:
                fault = error
                continue
            samples += len(piece) // 2
            if samples > _MOST_SAMPLES:
                raise BadAudio("data holds more than five minutes of sound.")
            pcm.append(piece)
        if fault is not None and not pcm:
            raise fault
        return b"".join(pcm)

    def _decode(self, packet: bytes) -> bytes:
        if not packet:
            return b""
        if len(packet) > _LARGEST_PACKET:
            raise BadAudio("data is longer than an Opus packet can be: send one packet at a time.")
        try:
            frames = self._codec.decode(self._av.Packet(packet))
        except self._av.FFmpegError as error:
            raise BadAudio("data is not an Opus packet.") from error
        return b"".join(frame.to_ndarray().astype(np.int16, copy=False).tobytes() for frame in frames)


class OggPackets:
    """Cuts an Ogg stream, in slices of any size, into Opus packets. The two headers are read and left out, as is what
    lies between pages."""

    def __init__(self) -> None:
        self._data = b""
        self._packet = b""
        self._headers = 2

    def push(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete. Raises `BadAudio` where the stream holds no page, or no Opus."""
        self._data += data
        while (page := self._page()) is not None:
            flags, sizes, body = page
            if flags & _BEGINS:  # a stream begins, perhaps behind another one
                self._headers, self._packet = 2, b""
            if not flags & _CONTINUED:
                self._packet = b""
            place = 0
            for size in sizes:
                self._packet += body[place : place + size]
                place += size
                if size < 255:
                    packet, self._packet = self._packet, b""
                    if self._headers:
                        self._read_header(packet)
                    else:
                        yield packet

    def _page(self) -> tuple[int, bytes, bytes] | None:
        """Flags, segment sizes and body of the next whole page."""
        data = self._data
        if len(data) < _HEAD:
            return None
        if data[:5] != _PAGE:
            found = data.find(_PAGE)
            if found < 0:
                self._data = b""
                raise BadAudio("data is not an Ogg page.")
            self._data = data = data[found:]
            if len(data) < _HEAD:
                return None
        count = data[26]
        sizes = data[27 : 27 + count]
        end = 27 + count + sum(sizes)
        if len(sizes) < count or len(data) < end:
            return None
        self._data = data[end:]
        return data[5], sizes, data[27 + count : end]

    def _read_header(self, packet: bytes) -> None:
        name = b"OpusHead" if self._headers == 2 else b"OpusTags"
        if packet[:8] != name:
            raise BadAudio("data is an Ogg file that does not hold Opus.")
        self._headers -= 1


class OpusEncoder:
    """PCM16 mono into packets of 20 ms. `sample_rate` is one of `RATES`; see `opus_rate`."""

    def __init__(self, sample_rate: int, bit_rate: int = 32_000) -> None:
        import av

        self._av = av
        self._rate = sample_rate
        self._codec: Any = av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = sample_rate, "mono", "s16"
        self._codec.bit_rate = bit_rate
        self._codec.time_base = Fraction(1, sample_rate)
        self._codec.options = {"application": "voip", "frame_duration": str(FRAME_MS), "compression_level": "5"}
        self._codec.open()
        self._size = sample_rate * FRAME_MS // 1000 * 2
        self._ahead = bytes(int(sample_rate * 0.0065) * 2)  # what the encoder delays the sound by
        self._rest = b""
        self._done = 0

    def push(self, pcm: bytes, *, last: bool = False) -> list[bytes]:
        """The packets that are full; with `last` the rest too, filled up with silence."""
        data = self._rest + pcm
        if last and (data or self._done):
            data += self._ahead
            data += bytes(-len(data) % self._size)
        whole = len(data) - len(data) % self._size
        self._rest = data[whole:]
        return [packet for at in range(0, whole, self._size) for packet in self._encode(data[at : at + self._size])]

    def drop(self) -> None:
        """Forget what has not filled a packet."""
        self._rest = b""

    def _encode(self, pcm: bytes) -> list[bytes]:
        samples = np.frombuffer(pcm, np.int16).reshape(1, -1)
        frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._done, self._codec.time_base
        self._done += samples.shape[1]
        return [bytes(packet) for packet in self._codec.encode(frame)]


def opus_rate(rate: int) -> int:
    """The rate at which sound of `rate` is encoded without losing anything."""
    return next(known for known in RATES if known >= rate)
