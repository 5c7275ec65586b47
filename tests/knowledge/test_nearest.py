"""Vectors in the process: as near as an exact scan finds them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from parley.knowledge.nearest import Neighbours
from parley.knowledge.vector_store import vectors_of
from tests.knowledge.test_large_tenants import DISHES


def _vectors(count: int, seed: int = 5) -> NDArray[np.float32]:
    """Unit vectors around forty places."""
    chance = np.random.default_rng(seed)
    places = chance.normal(0, 1, (40, 384))
    vectors = places[chance.integers(0, 40, count)] + chance.normal(0, 0.6, (count, 384))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_finds_what_a_scan_of_all_finds() -> None:
    vectors, asked = _vectors(6_000), _vectors(50, 6)
    names = [str(place) for place in range(len(vectors))]
    neighbours = Neighbours(names, vectors.astype(np.float16))
    found = exact = 0
    for vector in asked:
        cosines = vectors @ vector
        best = {names[place] for place in np.argsort(-cosines)[:10]}
        near = neighbours.nearest(vector, 10)
        assert list(near.values()) == sorted(near.values(), reverse=True)
        assert near == pytest.approx({name: cosines[int(name)] for name in near}, abs=1e-3)
        found, exact = found + len(best & near.keys()), exact + len(best)
    assert found / exact > 0.98


def test_a_few_vectors_are_all_found() -> None:
    vectors = _vectors(len(DISHES))
    neighbours = Neighbours(DISHES, vectors.astype(np.float16))
    near = neighbours.nearest(vectors[3], 50)
    assert set(near) == set(DISHES)
    assert next(iter(near)) == DISHES[3]
    assert neighbours.cosines(["unknown", DISHES[3]], vectors[3]) == pytest.approx({DISHES[3]: 1.0}, abs=1e-3)
    assert neighbours.cosines([], vectors[3]) == {}


def test_vectors_as_postgresql_sends_them() -> None:
    vectors = _vectors(3).astype(np.float16)
    sent = [b"\x01\x80\x00\x00" + vector.astype(">f2").tobytes() for vector in vectors]
    assert (vectors_of(sent) == vectors).all()
