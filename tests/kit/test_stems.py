"""Stems are the same whoever else is stemming."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from parley.kit.stems import stem

WORDS = "Reservierungen Stellplatzmieten Öffnungszeiten Kündigungsverträge Nichtraucherzimmer Besichtigungen".lower()


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads change places every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def stems(_: int) -> list[str]:
    return [stem(word, "german") for word in WORDS.split() * 100]


def test_threads_do_not_spoil_each_others_stems(restless: None) -> None:
    alone = stems(0)
    with ThreadPoolExecutor(4) as threads:
        assert all(found == alone for found in threads.map(stems, range(8)))
