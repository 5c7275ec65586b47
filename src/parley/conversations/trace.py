"""How a turn went, step by step: kept in memory while it runs, stored when it settles, served afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any


class Trace:
    """Times named steps, in milliseconds since the turn began."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self.steps: list[dict[str, Any]] = []
        self.first_token_ms: float | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a step; what the body puts in the yielded dict is stored with it."""
        began = perf_counter()
        step: dict[str, Any] = {"step": name, "at_ms": _ms(began - self._began)}
        self.steps.append(step)
        try:
            yield step
        finally:
            step["ms"] = _ms(perf_counter() - began)

    def released(self) -> None:
        """Text leaves for the caller; the first time counts."""
        if self.first_token_ms is None:
            self.first_token_ms = self.elapsed()

    def elapsed(self) -> float:
        """Milliseconds since the turn began."""
        return _ms(perf_counter() - self._began)

    def timings(self) -> dict[str, float]:
        """One number per step (a step that ran twice is summed), the first token and the total."""
        sums: dict[str, float] = {}
        for step in self.steps:
            name = f"{step['step']}_ms"
            sums[name] = round(sums.get(name, 0.0) + step.get("ms", 0.0), 3)
        if self.first_token_ms is not None:
            sums["first_token_ms"] = self.first_token_ms
        sums["total_ms"] = self.elapsed()
        return sums


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
