"""A small neural network over sentence embeddings, trained in numpy: one hidden layer, softmax over labels.

What makes 100 examples a label enough: noise as long as the embedding itself on every input, dropout on the hidden
layer and smoothed targets (Szegedy et al. 2016). All three also keep its outputs low away from the examples, which is
what recognising an out-of-scope sentence rests on. Optimised by Adam (Kingma and Ba 2015) on a cosine schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

_HIDDEN = 512
_BATCHES, _BATCH = 4, 256  # at least so many batches a round, of at most so many rows
_RATE = 4e-3
_DROPOUT = 0.4
_DECAY = 1e-4
_SMOOTHING = 0.2
_INPUT_SCALE = 8.0
_NOISE_ROWS = 4096
_EXAMPLES_SEEN = 300_000  # 20 rounds over 15,000; a small set is gone over more often, within bounds
_ROUNDS = (20, 60)


@dataclass(frozen=True)
class Network:
    """Weights: `inner` (dimensions, hidden), `outer` (hidden, labels), and their biases."""

    inner: Matrix
    inner_bias: Matrix
    outer: Matrix
    outer_bias: Matrix

    def logits(self, vectors: Matrix) -> Matrix:
        """One logit per label for each row of `vectors`, unit embeddings."""
        hidden = np.maximum(vectors * np.float32(_INPUT_SCALE) @ self.inner + self.inner_bias, 0)
        outputs: Matrix = hidden @ self.outer + self.outer_bias
        return outputs


def train_network(vectors: Matrix, target: NDArray[np.intp], labels: int, smooth: int, seed: int) -> Network:
    """Fit on unit `vectors` (n, dimensions) with the label number of each; labels below `smooth` share smoothing."""
    random = np.random.default_rng(seed)
    rows, dimensions = vectors.shape
    inputs = vectors * np.float32(_INPUT_SCALE)
    goals = _smoothed(target, labels, smooth)
    spread = np.float32(_INPUT_SCALE / np.sqrt(dimensions))
    noise = random.standard_normal((_NOISE_ROWS, dimensions), dtype=np.float32) * spread
    inner = random.standard_normal((dimensions, _HIDDEN), dtype=np.float32) / np.float32(np.sqrt(dimensions))
    outer = random.standard_normal((_HIDDEN, labels), dtype=np.float32) / np.float32(2 * np.sqrt(_HIDDEN))
    weights = [inner, np.zeros(_HIDDEN, np.float32), outer, np.zeros(labels, np.float32)]
    batch = min(rows, max(32, min(_BATCH, rows // _BATCHES)))
    rounds = int(np.clip(_EXAMPLES_SEEN // rows, *_ROUNDS))
    adam = _Adam(weights, rounds * (rows // batch))
    for _ in range(rounds):
        order = random.permutation(rows)
        for start in range(0, rows - batch + 1, batch):
            chosen = order[start : start + batch]
            sign = random.choice(np.array([-1, 1], np.float32), (batch, 1))
            noisy = inputs[chosen] + sign * noise[random.integers(0, _NOISE_ROWS, batch)]
            kept = (random.random((batch, _HIDDEN), dtype=np.float32) > _DROPOUT) * np.float32(1 / (1 - _DROPOUT))
            adam.step(_gradients(weights, noisy, goals[chosen], kept))
    return Network(*weights)


def average(networks: Sequence[Network]) -> Network:
    """One network whose outputs are the mean of theirs: their hidden layers side by side."""
    share = np.float32(1 / len(networks))
    return Network(
        np.concatenate([network.inner for network in networks], axis=1),
        np.concatenate([network.inner_bias for network in networks]),
        np.concatenate([network.outer for network in networks]) * share,
        np.mean([network.outer_bias for network in networks], axis=0, dtype=np.float32),
    )


def _smoothed(target: NDArray[np.intp], labels: int, smooth: int) -> Matrix:
    goals = np.zeros((len(target), labels), np.float32)
    inside = target < smooth
    goals[inside, :smooth] = _SMOOTHING / smooth
    goals[np.arange(len(target)), target] += np.where(inside, 1 - _SMOOTHING, 1).astype(np.float32)
    return goals


def _gradients(weights: list[Matrix], inputs: Matrix, goals: Matrix, kept: Matrix) -> list[Matrix]:
    inner, inner_bias, outer, outer_bias = weights
    before = inputs @ inner + inner_bias
    passed = (before > 0) * kept
    hidden = before * passed
    logits = hidden @ outer + outer_bias
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = (exponents / exponents.sum(axis=1, keepdims=True) - goals) / np.float32(len(inputs))
    back = (error @ outer.T) * passed
    return [inputs.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


class _Adam:
    """Adam with decoupled weight decay, in place on `weights`."""

    def __init__(self, weights: list[Matrix], steps: int) -> None:
        self._weights = weights
        self._steps = steps
        self._taken = 0
        self._mean = [np.zeros_like(weight) for weight in weights]
        self._square = [np.zeros_like(weight) for weight in weights]

    def step(self, gradients: list[Matrix]) -> None:
        self._taken += 1
        rate = np.float32(_RATE * 0.5 * (1 + np.cos(np.pi * self._taken / self._steps)))
        unbias_mean = np.float32(1 / (1 - 0.9**self._taken))
        unbias_square = np.float32(1 / (1 - 0.99**self._taken))
        for weight, gradient, mean, square in zip(self._weights, gradients, self._mean, self._square, strict=True):
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.01) * (gradient * gradient - square)
            weight -= rate * (
                mean * unbias_mean / (np.sqrt(square * unbias_square) + np.float32(1e-8)) + np.float32(_DECAY) * weight
            )
