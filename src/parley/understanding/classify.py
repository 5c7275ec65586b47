"""An agent's own intents, trained: two small classifiers that look at a sentence differently, and a threshold.

A neural network reads the embedding, a linear classifier the wording. Their outputs are added; the best sum, less a
share of the network's output for `unknown`, says how sure it is that the sentence is in scope at all.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.understanding.intents import UNKNOWN, IntentReading
from parley.understanding.network import Matrix, Network
from parley.understanding.tfidf import Wording
from parley.understanding.wording import features

_FORMAT = 1
_UNKNOWN_SHARE = 0.25
_REPORTED = 5


@dataclass(frozen=True)
class WordingClassifier:
    """One linear separator per label over a sentence's wording; the weights in 8 bits, scaled per label."""

    wording: Wording
    weights: NDArray[np.int8]
    scale: Matrix
    bias: Matrix

    def margins(self, counts: Mapping[str, int]) -> Matrix:
        """For the features of a sentence: about 1 for a label whose examples read like it, about -1 for the others."""
        where, values = self.wording.encode(counts)
        margins: Matrix = (values @ self.weights[where].astype(np.float32)) * self.scale + self.bias
        return margins


@dataclass(frozen=True)
class Scope:
    """When a sentence counts as in scope: from `threshold` on. A sentence at `typical` is in scope beyond doubt."""

    threshold: float
    typical: float

    def confidence(self, score: float) -> float:
        """0.5 at the threshold, 0.98 at a typical sentence."""
        steepness = 4 / max(self.typical - self.threshold, 1e-3)
        return float(1 / (1 + np.exp(-np.clip(steepness * (score - self.threshold), -30, 30))))


@dataclass(frozen=True)
class TrainedIntents:
    """A trained classifier of own intents. Safe to share between threads.

    `labels` are the own intents, sorted; the network has one output more, for `unknown`. `spread` is the standard
    deviation of the network's outputs over the examples: it brings them to the scale of the margins.
    """

    labels: tuple[str, ...]
    network: Network
    spread: float
    wording: WordingClassifier
    scope: Scope

    def classify(self, text: str, vector: NDArray[np.float32]) -> IntentReading:
        """The intent of `text`, whose unit embedding is `vector`, or `unknown`. Takes a few hundred microseconds."""
        if not text.strip():
            return IntentReading(UNKNOWN, 1.0, {UNKNOWN: 1.0})
        outputs = self.network.logits(vector[None, :])[0] / np.float32(self.spread)
        sums, sureness = combine(outputs, self.wording.margins(features(text)))
        inside = self.scope.confidence(float(sureness))
        ranked = self._ranked(sums, inside)
        if sureness < self.scope.threshold:
            return IntentReading(UNKNOWN, round(1 - inside, 4), ranked)
        return IntentReading(self.labels[int(sums.argmax())], round(inside, 4), ranked)

    def _ranked(self, sums: Matrix, inside: float) -> dict[str, float]:
        order = np.argsort(-sums)[:_REPORTED]
        share = np.exp(4 * (sums[order] - sums[order[0]]))
        share *= inside / share.sum()
        ranked = {self.labels[at]: round(float(part), 4) for at, part in zip(order, share, strict=True)}
        ranked[UNKNOWN] = round(1 - inside, 4)
        return dict(sorted(ranked.items(), key=lambda item: -item[1]))

    def to_bytes(self) -> bytes:
        """A compressed archive of plain arrays and JSON: nothing in it can run."""
        wording = self.wording.wording
        about = {
            "format": _FORMAT,
            "labels": self.labels,
            "features": list(wording.columns),
            "unseen_idf": wording.unseen_idf,
            "spread": self.spread,
            "threshold": self.scope.threshold,
            "typical": self.scope.typical,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
            inner=self.network.inner.astype(np.float16),
            inner_bias=self.network.inner_bias,
            outer=self.network.outer.astype(np.float16),
            outer_bias=self.network.outer_bias,
            idf=wording.idf,
            weights=self.wording.weights,
            scale=self.wording.scale,
            bias=self.wording.bias,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> TrainedIntents:
        """What `to_bytes` wrote. Raises `ValueError` for anything else; training again is the remedy."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return _assemble(json.loads(arrays["about"].tobytes()), arrays)
        except (KeyError, ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise ValueError(f"These are not trained intents of this version ({error}): train again.") from error


def combine(outputs: Matrix, margins: Matrix) -> tuple[Matrix, Matrix]:
    """Sums per own label and how sure it is that the sentence is in scope; works on one sentence or on rows of them.

    `outputs` are the network's, scaled, `unknown` last; `margins` are the wording's.
    """
    sums = outputs[..., :-1] + margins
    sureness = sums.max(axis=-1) - np.float32(_UNKNOWN_SHARE) * outputs[..., -1]
    return sums, sureness


def _assemble(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> TrainedIntents:
    if about["format"] != _FORMAT:
        raise ValueError(f"format {about['format']}")
    columns = {feature: at for at, feature in enumerate(about["features"])}
    return TrainedIntents(
        labels=tuple(about["labels"]),
        network=Network(
            arrays["inner"].astype(np.float32),
            arrays["inner_bias"],
            arrays["outer"].astype(np.float32),
            arrays["outer_bias"],
        ),
        spread=about["spread"],
        wording=WordingClassifier(
            Wording(columns, arrays["idf"], about["unseen_idf"]), arrays["weights"], arrays["scale"], arrays["bias"]
        ),
        scope=Scope(about["threshold"], about["typical"]),
    )
