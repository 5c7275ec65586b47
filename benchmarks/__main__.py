"""Lists and runs the benchmarks: `python -m benchmarks [name…]`; without a name, all of them, one after the other."""

from __future__ import annotations

import os
import pkgutil
import platform
import subprocess
import sys
from pathlib import Path

import benchmarks

SHARED = frozenset(
    {
        "__main__",
        "gptcache_peer",
        "langgraph_peer",
        "livekit_peer",
        "measure",
        "peers",
        "pipecat_peer",
        "stage",
        "voice_sentences",
        "voice_stand_ins",
        "wire",
    }
)


def names() -> list[str]:
    """Every module here that has a `main`, but for what they share."""
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in SHARED)


def main(wanted: list[str]) -> int:
    """Run each benchmark in a process of its own: what one imports must not be in another's start."""
    known = names()
    if unknown := sorted(set(wanted) - set(known)):
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    failed = []
    for name in wanted or known:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, check=False, cwd=Path(__file__).parent.parent).returncode:  # noqa: S603 - ours
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
