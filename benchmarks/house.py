"""The house responder: microseconds a turn, and how often it is right and made something up.

.venv/bin/python -m benchmarks.house [--replies]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from parley.house.responder import compose
from parley.inference.facts import Facts
from tests.house.pipeline import Question, Said, ask, questions, right
from tests.house.questions import Asked, asked, passes


def main() -> None:
    """One line per language and part of the questions, then the times; --replies shows those not held out."""
    turns: list[Facts] = []
    for language in ("en", "de"):
        for part in ("tuning", "held_out"):
            direct = list(asked(language, part))
            turns += [question.facts for question in direct]
            print(f"{language} passages given {part:8}: {_direct(direct)}")
        for held_out in (False, True):
            turns += _end_to_end(language, held_out=held_out)
    taken = sorted(_microseconds(facts) for facts in turns for _ in range(5))
    print(f"one turn: p50 {taken[len(taken) // 2]:,.0f} µs, p95 {taken[int(len(taken) * 0.95)]:,.0f} µs")


def _direct(direct: list[Asked]) -> str:
    known = [passes(question, compose(question.facts).text) for question in direct if not question.unknown]
    unknown = [passes(question, compose(question.facts).text) for question in direct if question.unknown]
    return _rates(known, unknown)


def _end_to_end(language: str, *, held_out: bool) -> Iterator[Facts]:
    asked_now = [question for question in questions(language) if question.held_out == held_out]
    said = [ask(question.business, question.text, question.heard) for question in asked_now]
    judged = [right(question, one.reply) for question, one in zip(asked_now, said, strict=True)]
    pairs = list(zip(asked_now, judged, strict=True))
    known = [good for question, good in pairs if question.expect is not None]
    unknown = [good for question, good in pairs if question.expect is None]
    print(f"{language} end to end {'held_out' if held_out else 'tuning':10}: {_rates(known, unknown)}")
    if "--replies" in sys.argv and not held_out:
        for question, one, good in zip(asked_now, said, judged, strict=True):
            print(_shown(question, one, good=good))
    return (one.facts for one in said)


def _shown(question: Question, said: Said, *, good: bool) -> str:
    wrong = "" if good else f"  [{said.intent} {said.step}]"
    return f"{'  ' if good else '✗ '}{question.text}\n      → {said.reply}{wrong}"


def _rates(known: list[bool], unknown: list[bool]) -> str:
    return (
        f"answered {sum(known)}/{len(known)} ({sum(known) / len(known):.1%}), "
        f"made up {len(unknown) - sum(unknown)}/{len(unknown)}"
    )


def _microseconds(facts: Facts) -> float:
    started = time.perf_counter()
    compose(facts)
    return (time.perf_counter() - started) * 1e6


if __name__ == "__main__":
    main()
