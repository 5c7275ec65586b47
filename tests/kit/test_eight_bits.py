"""Matrices in 8 bits."""

from __future__ import annotations

import numpy as np

from parley.kit.eight_bits import EightBits, quantise


def test_quantised_weights_are_within_half_a_level() -> None:
    matrix = np.random.default_rng(7).normal(size=(6, 192)).astype(np.float32)
    matrix[2, 64:128] = 0
    levels, scales = quantise(matrix)
    again = ((levels.astype(np.float32) - 128) * scales[:, :, None]).reshape(matrix.shape)
    assert (levels.shape, scales.shape) == ((6, 3, 64), (6, 3))
    assert np.all(np.abs(again - matrix) <= np.repeat(scales, 64, axis=1) * 0.501)


def test_products_are_those_of_the_matrix() -> None:
    chance = np.random.default_rng(3)
    matrix, vector = (chance.normal(size=shape).astype(np.float32) for shape in ((500, 128), (128,)))
    products = EightBits(*quantise(matrix)).times(vector)
    assert products.shape == (500,)
    assert np.abs(products - matrix @ vector).max() < 0.01 * np.abs(matrix @ vector).max()
