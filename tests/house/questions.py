"""Reads the question sets beside this file and judges replies to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parley.house.wording import phrases
from parley.inference.facts import Facts, Passage


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its business's documents. `expect` must all occur ("a|b": one of them), `reject` must not."""

    facts: Facts
    expect: tuple[str, ...]
    reject: tuple[str, ...]
    unknown: bool


def asked(language: str, part: str) -> Iterator[Asked]:
    """The questions of "tuning" or "held_out"."""
    sets = json.loads((Path(__file__).parent / f"faq_{language}.json").read_text(encoding="utf-8"))
    for business in sets[part]:
        passages = tuple(
            Passage(f"d{index}", document["title"], document["source"], document["content"], 0.5)
            for index, document in enumerate(business["documents"])
        )
        for row in business["questions"]:
            facts = Facts(row["ask"], language, passages=passages, business=business["business"], today="2026-11-21")
            yield Asked(facts, tuple(row.get("expect", ())), tuple(row.get("reject", ())), row.get("unknown", False))


def admits(reply: str, language: str) -> bool:
    """Whether a reply says that it does not know, and nothing else."""
    return reply in phrases(language)["unknown"] or reply in phrases(language)["unclear"]


def passes(question: Asked, reply: str) -> bool:
    """Whether the reply is right: the expected words, none of the wrong ones; for an unknown, that it is unknown."""
    if question.unknown:
        return admits(reply, question.facts.language)
    lowered = reply.lower()
    return all(any(word.lower() in lowered for word in words.split("|")) for words in question.expect) and not any(
        word.lower() in lowered for word in question.reject
    )
