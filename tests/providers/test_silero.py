"""The detector beside the network as its authors published it, window by window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from parley.inference.errors import ProviderUnavailable
from parley.inference.speech import FRAME_BYTES
from parley.kit.audio_stream import Decoder
from parley.providers import silero, silero_graph
from parley.providers.silero import SileroVad

SPEECH = sorted((Path(__file__).parent.parent / "data" / "speech").glob("*.wav"))
WINDOW, CONTEXT = 512, 64


def samples(file: Path) -> NDArray[np.int16]:
    return np.frombuffer(Decoder(None, 16_000, 16_000).push(file.read_bytes()), np.int16)


def published(pcm: NDArray[np.int16]) -> list[float]:
    """What the authors' own graph says of each window."""
    session = onnxruntime.InferenceSession(str(silero._weights()), providers=["CPUExecutionProvider"])
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.int16), []
    for at in range(0, len(pcm) - WINDOW + 1, WINDOW):
        window = pcm[at : at + WINDOW]
        heard = (np.concatenate([context, window]) / np.float32(32_768)).astype(np.float32)[None]
        probability, state = session.run(None, {"input": heard, "state": state, "sr": np.array(16_000, np.int64)})
        found.append(float(probability[0, 0]))
        context = window[-CONTEXT:]
    return found


@pytest.mark.parametrize("file", SPEECH, ids=lambda file: file.stem)
def test_every_window_of_speech_is_judged_as_by_the_published_network(file: Path) -> None:
    pcm = samples(file)
    pcm = pcm + np.random.default_rng(7).integers(-90, 90, len(pcm)).astype(np.int16)  # never below the cheap gate
    detect = SileroVad()()
    found = [detect(pcm[at : at + WINDOW].tobytes()) for at in range(0, len(pcm) - WINDOW + 1, WINDOW)]
    expected = published(pcm)
    assert max(expected) > 0.9
    assert np.abs(np.array(found) - np.array(expected)).max() < 1e-5


def test_frames_of_20_ms_carry_the_windows_of_32() -> None:
    pcm = samples(SPEECH[0])
    whole, cut = SileroVad()(), SileroVad()()
    windows = [whole(pcm[at : at + WINDOW].tobytes()) for at in range(0, len(pcm) - WINDOW + 1, WINDOW)]
    sound = pcm.tobytes()
    frames = [cut(sound[at : at + FRAME_BYTES]) for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES)]
    for number, probability in enumerate(frames, 1):
        done = number * FRAME_BYTES // 2 // WINDOW
        assert probability == (windows[done - 1] if done else 0.0)


def test_quiet_asks_nobody() -> None:
    def refuse(*_: object) -> tuple[object, object, object]:
        raise AssertionError("the network was asked")

    detect = silero.Silero(refuse)
    hum = np.full(WINDOW, 40, np.int16).tobytes()
    assert [detect(hum) for _ in range(5)] == [0.0] * 5


def test_two_sessions_do_not_mix() -> None:
    pcm = samples(SPEECH[1])
    windows = [pcm[at : at + WINDOW].tobytes() for at in range(0, len(pcm) - WINDOW + 1, WINDOW)]
    alone, first, second = SileroVad()(), SileroVad()(), SileroVad()()
    expected = [alone(window) for window in windows]
    found = []
    for window in windows:
        found.append(first(window))
        second(windows[len(windows) // 2])
    assert found == expected


def test_weights_of_another_make_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero_graph, "_PREFIX", "another_")
    silero._network.cache_clear()
    try:
        with pytest.raises(ProviderUnavailable, match="not those expected"):
            SileroVad()()
    finally:
        silero._network.cache_clear()
