"""Stands in for faster-whisper: the same interface, and a transcript that says how much of what was heard.

A second of sound whose samples hold n is the word "word<n>"; samples of 999 make a segment of noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

calls: list[dict[str, Any]] = []


@dataclass
class Segment:
    text: str
    avg_logprob: float
    no_speech_prob: float


class WhisperModel:
    def __init__(
        self, model_size_or_path: str, device: str = "auto", compute_type: str = "default", num_workers: int = 1
    ) -> None:
        if not (Path(model_size_or_path) / "config.json").exists():
            raise RuntimeError("Unable to open file 'model.bin'")

    def transcribe(
        self,
        audio: Any,
        language: str | None = None,
        beam_size: int = 5,
        temperature: float = 0.0,
        condition_on_previous_text: bool = True,
        without_timestamps: bool = False,
        initial_prompt: str | None = None,
    ) -> tuple[Iterator[Segment], None]:
        assert audio.dtype == np.float32
        assert float(np.abs(audio).max(initial=0)) <= 1
        calls.append({"language": language, "seconds": len(audio) / 16_000, "prompt": initial_prompt})
        values = np.round(audio[8_000::16_000] * 32_768).astype(int)
        return (
            Segment(" you" if value == 999 else f" word{value}", -2.0 if value == 999 else -0.2, 0.9 * (value == 999))
            for value in values
        ), None
