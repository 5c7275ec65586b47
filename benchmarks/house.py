"""The house responder: microseconds a turn, and how often it is right and made something up.

.venv/bin/python -m benchmarks.house
"""

from __future__ import annotations

import time

from parley.house.responder import compose
from tests.house.questions import Asked, asked, passes


def main() -> None:
    """Print one line per language and part of the questions, then the times."""
    turns: list[Asked] = []
    for language in ("en", "de"):
        for part in ("tuning", "held_out"):
            questions = list(asked(language, part))
            turns += questions
            known = [passes(question, compose(question.facts).text) for question in questions if not question.unknown]
            unknown = [passes(question, compose(question.facts).text) for question in questions if question.unknown]
            print(
                f"{language} {part:8}: answered {sum(known)}/{len(known)} ({sum(known) / len(known):.1%}), "
                f"made up {len(unknown) - sum(unknown)}/{len(unknown)}"
            )
    taken = sorted(_microseconds(turn) for turn in turns for _ in range(5))
    print(f"one turn: p50 {taken[len(taken) // 2]:,.0f} µs, p95 {taken[int(len(taken) * 0.95)]:,.0f} µs")


def _microseconds(turn: Asked) -> float:
    started = time.perf_counter()
    compose(turn.facts)
    return (time.perf_counter() - started) * 1e6


if __name__ == "__main__":
    main()
