"""What the benchmarks share: pairs measured in turn, quantiles, lines of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def quantile(values: Sequence[float], share: float) -> float:
    """The `share` quantile of `values`."""
    return float(np.quantile(np.asarray(values), share))


def head(unit: str = "ms") -> None:
    """The head of a table of `row`s."""
    print(f"{'':44}{'p50 ' + unit:>9}{'p95 ' + unit:>9}{'ratio':>8}")


def row(label: str, seconds: Sequence[float], base: float | None = None) -> float:
    """One line; `seconds` are shown in milliseconds. Returns the median in seconds. `base` is what the ratio is to."""
    middle = quantile(seconds, 0.5)
    ratio = f"{middle / base:8.2f}" if base else ""
    print(f"{label:44}{middle * 1e3:9.2f}{quantile(seconds, 0.95) * 1e3:9.2f}{ratio}")
    return middle


def verdict(label: str, value: float, most: float, unit: str) -> None:
    """Whether an aim was met."""
    print(f"{label}: {value:.2f} {unit} (aim: at most {most:g} {unit}) {'met' if value <= most else 'MISSED'}")
