"""Opus: what goes in comes out, as packets and as Ogg files in slices; what is none is refused and forgotten."""

from __future__ import annotations

import contextlib
import io
import random
from typing import Any

import av
import numpy as np
import pytest

from parley.kit.audio import BadAudio
from parley.kit.audio_stream import Decoder, Encoder
from parley.kit.opus import RATES, OggPackets, OpusDecoder, OpusEncoder, opus_rate

_SECONDS = 1.0


def tone(rate: int, hertz: int = 440) -> bytes:
    times = np.arange(int(rate * _SECONDS)) / rate
    return bytes((np.sin(2 * np.pi * hertz * times) * 8000).astype(np.int16).tobytes())


def loudest_hertz(pcm: bytes, rate: int) -> float:
    samples = np.frombuffer(pcm, np.int16).astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


def ogg(pcm: bytes, rate: int) -> bytes:
    """A file as ffmpeg writes it."""
    out = io.BytesIO()
    container: Any = av.open(out, "w", format="ogg")
    stream = container.add_stream("libopus", rate=48_000, layout="mono")
    frame: Any = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    done = 0
    for piece in av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960).resample(frame):
        piece.pts, done = done, done + piece.samples
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
    container.close()
    return out.getvalue()


@pytest.mark.parametrize("rate", RATES)
def test_packets_keep_the_tone_and_the_length(rate: int) -> None:
    encoder, decoder = OpusEncoder(rate), OpusDecoder()
    pcm = tone(rate)
    packets = [packet for at in range(0, len(pcm), 999) for packet in encoder.push(pcm[at : at + 999])]
    packets += encoder.push(b"", last=True)
    heard = b"".join(decoder.push(packet) for packet in packets)
    assert loudest_hertz(heard, 48_000) == pytest.approx(440, abs=3)
    assert len(heard) / 2 / 48_000 == pytest.approx(_SECONDS, abs=0.03)
    assert max(map(len, packets)) < 300


@pytest.mark.parametrize(
    ("declared", "size"), [(None, 1), (None, 7), (None, 500), (None, 10**6), ("opus", 7), ("opus", 10**6)]
)
def test_an_ogg_file_in_slices_is_the_same_sound(declared: Any, size: int) -> None:
    data = ogg(tone(16_000), 16_000)
    decoder = Decoder(declared, 48_000, 16_000)
    heard = b"".join(decoder.push(data[at : at + size]) for at in range(0, len(data), size))
    assert loudest_hertz(heard, 16_000) == pytest.approx(440, abs=3)
    assert len(heard) / 2 / 16_000 == pytest.approx(_SECONDS, abs=0.05)


@pytest.mark.parametrize("bad", [b"\xff" * 40, b"rubbish bytes here", b"\x03\xff\xff", b"x" * 70_000])
def test_what_is_no_packet_is_refused_and_the_next_one_heard(bad: bytes) -> None:
    packet = OpusEncoder(48_000).push(tone(48_000))[5]
    decoder = OpusDecoder()
    with pytest.raises(BadAudio):
        decoder.push(bad)
    assert len(decoder.push(packet)) == 960 * 2


def test_mutilated_packets_and_pages_never_do_worse_than_being_refused() -> None:
    chance = random.Random(5)
    packets, file = OpusEncoder(48_000).push(tone(48_000)), ogg(tone(16_000), 16_000)
    decoder = OpusDecoder()
    for _ in range(300):
        packet = bytearray(chance.choice(packets)[: chance.randint(1, 80)])
        packet[chance.randrange(len(packet))] = chance.randrange(256)
        with contextlib.suppress(BadAudio):
            decoder.push(bytes(packet))
    for _ in range(50):
        broken = bytearray(file)
        for _ in range(5):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        pages = OpusDecoder()
        for at in range(0, len(broken), 700):
            with contextlib.suppress(BadAudio):
                pages.push(b"OggS" * (at == 0) + bytes(broken[4 * (at == 0) : at + 700]))
    assert len(decoder.push(packets[9])) == 960 * 2


def test_a_page_that_is_broken_costs_that_page_only() -> None:
    file = ogg(tone(16_000), 16_000)
    decoder = OpusDecoder()
    decoder.push(file[:200])
    for _ in range(2):
        with contextlib.suppress(BadAudio):
            decoder.push(b"nonsense" * 2000)
    with pytest.raises(BadAudio):
        decoder.push(b"nonsense" * 2000)
    assert len(decoder.push(file)) / 2 / 48_000 == pytest.approx(_SECONDS, abs=0.05)


def test_an_ogg_file_without_opus_is_refused() -> None:
    page = bytearray(ogg(tone(16_000), 16_000))
    at = page.index(b"OpusHead")
    page[at : at + 8] = b"\x01vorbis!"
    with pytest.raises(BadAudio, match="does not hold Opus"):
        list(OggPackets().push(bytes(page)))


def test_a_message_that_unfolds_to_hours_is_refused() -> None:
    header = ogg(tone(16_000), 16_000)
    second = header.index(b"OggS", header.index(b"OggS", 4) + 4)
    silence = b"\x18"  # SILK, 60 ms, nothing coded
    page = b"OggS\0\0" + bytes(20) + bytes([255]) + bytes([1] * 255) + silence * 255
    with pytest.raises(BadAudio, match="five minutes"):
        OpusDecoder().push(header[:second] + page * 30)


def test_sound_of_any_rate_is_encoded_at_one_that_loses_nothing() -> None:
    assert [opus_rate(rate) for rate in (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)] == [
        8_000,
        12_000,
        16_000,
        24_000,
        48_000,
        48_000,
    ]


def test_a_speakers_pieces_become_packets_and_a_cut_forgets_the_rest() -> None:
    encoder = Encoder("opus", 24_000)
    pcm = tone(22_050)
    encoder.push(pcm[:4000], 22_050)
    encoder.drop()
    whole = encoder.push(pcm, 22_050) + encoder.push(b"", 22_050, last=True)
    decoder = OpusDecoder()
    heard = b"".join(decoder.push(packet) for packet in whole)
    assert len(heard) / 2 / 48_000 == pytest.approx(_SECONDS, abs=0.05)
