"""Sound comes out of bytes as it went in."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.kit.audio import BadAudio, Resampler, decode, encode, wav, wav_head
from parley.kit.audio_stream import Decoder

TONE = (np.sin(np.arange(16_000) / 16_000 * 2 * np.pi * 440) * 12_000).astype(np.int16).tobytes()


def test_mulaw_is_the_standards() -> None:
    """Values of ITU-T G.711, table 2a."""
    assert np.frombuffer(decode(bytes([0x00, 0x80, 0x7F, 0xFF]), "mulaw"), np.int16).tolist() == [-32124, 32124, 0, 0]


def test_alaw_is_the_standards() -> None:
    """Values of ITU-T G.711, table 1a, at 16 bits."""
    assert np.frombuffer(decode(bytes([0xD5, 0x55, 0xAA, 0x2A]), "alaw"), np.int16).tolist() == [8, -8, 32256, -32256]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_companding_loses_little(encoding: str) -> None:
    back = np.frombuffer(decode(encode(TONE, encoding, 8000), encoding), np.int16).astype(float)  # type: ignore[arg-type]
    original = np.frombuffer(TONE, np.int16).astype(float)
    noise = 10 * np.log10((original**2).mean() / ((original - back) ** 2).mean())
    assert noise > 33  # decibels; G.711 gives about 38


def test_a_wav_is_one_to_the_standard_library() -> None:
    with wave.open(io.BytesIO(wav(TONE, 16_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.readframes(20_000) == TONE


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
def test_slices_of_a_wav_are_the_whole(sizes: list[int]) -> None:
    data, decoder, out, place = wav(TONE, 16_000), Decoder(None, 16_000, 16_000), b"", 0
    for size in sizes:
        out += decoder.push(data[place : place + size])
        place += size
    out += decoder.push(data[place:])
    assert out == TONE


def test_two_files_one_after_the_other() -> None:
    decoder = Decoder(None, 16_000, 16_000)
    assert decoder.push(wav(TONE, 16_000)) + decoder.push(wav(TONE, 16_000)) == TONE * 2


def test_stereo_is_mixed() -> None:
    samples = np.frombuffer(TONE, np.int16)
    both = np.stack([samples, np.zeros_like(samples)], axis=1).astype(np.int16).tobytes()
    head = bytearray(wav(both, 16_000))
    head[22:24] = (2).to_bytes(2, "little")
    mixed = np.frombuffer(Decoder("wav", 16_000, 16_000).push(bytes(head)), np.int16)
    assert abs(int(mixed.max()) - int(samples.max()) // 2) <= 1


def test_resampling_keeps_the_length_and_the_tone() -> None:
    resampler = Resampler(16_000, 8_000)
    out = b"".join(resampler.push(TONE[at : at + 640]) for at in range(0, len(TONE), 640)) + resampler.push(
        b"", last=True
    )
    assert abs(len(out) - len(TONE) // 2) < 200
    spectrum = np.abs(np.fft.rfft(np.frombuffer(out, np.int16)[:8000]))
    assert abs(int(spectrum.argmax()) - 440) <= 2


@pytest.mark.parametrize(
    "data",
    [b"RIFF\0\0\0\0AVI fmt ", b"RIFF\0\0\0\0WAVEdata\0\0\0\0", wav(TONE, 96_000), wav(TONE, 4_000)],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(BadAudio):
        Decoder("wav", 16_000, 16_000).push(data)


def test_a_header_in_pieces_waits() -> None:
    assert wav_head(wav(TONE, 16_000)[:30]) is None
