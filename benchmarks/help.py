"""`parley --help`, beside a bare interpreter that does nothing.

Run: python -m benchmarks.help
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measure import head, row, verdict

ROUNDS = 15


def main() -> None:
    bare: list[float] = []
    ours: list[float] = []
    parley = str(Path(sys.executable).with_name("parley"))
    for _ in range(ROUNDS):
        bare.append(_seconds([sys.executable, "-c", "pass"]))
        ours.append(_seconds([parley, "--help"]))
    head()
    base = row("python -c pass", bare)
    middle = row("parley --help", ours, base)
    verdict("parley --help, p50", middle, 0.3, "s")


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
