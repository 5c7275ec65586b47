"""A question's way through the product without a database: split, search, understand, walk the flow, compose.

The fresh question sets beside this file name businesses, their documents as files, and questions with what a right
answer must hold. Whole businesses are held out, so that nothing about them can be tuned for.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from parley.agents.types import default_flow, defaults
from parley.conversations.follow import Walk
from parley.conversations.recall import stands_alone
from parley.house.responder import compose
from parley.inference.facts import Facts, ToolOutcome
from parley.kit.yaml_text import load_yaml
from parley.knowledge import Findings, Search, search, store
from parley.knowledge.parse import parse_document
from parley.knowledge.split import split_text
from parley.knowledge.words import document_lexemes
from parley.providers.minilm import MiniLM
from parley.understanding import embed_examples, understand

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday
PASSAGES, RELEVANT = 6, 0.25  # as the turn hands them over
_SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "affirm", "deny"})
_UNKNOWN = re.compile(
    r"[^.]*(?:don't have (?:that |any )?information|I don't know|I didn't quite get|not sure what you mean|"
    r"leider keine Informationen|weiß ich leider nicht|nicht ganz verstanden|nicht sicher, was)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Business:
    """A business with its documents as they would be uploaded."""

    name: str
    industry: str
    agent_type: Any
    language: str
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """`expect` None: the documents do not say. Else every group must have one of its words in the reply."""

    business: Business
    text: str
    heard: tuple[str, ...]
    expect: tuple[tuple[str, ...], ...] | None
    forbid: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the product said, and what it had to go by."""

    reply: str
    intent: str
    step: str
    facts: Facts


def questions(language: str) -> Iterator[Question]:
    """The fresh questions of a language, then those about the demo businesses."""
    path = Path(__file__).parent / f"fresh_{language}.json"
    for row in json.loads(path.read_text(encoding="utf-8")):
        documents = tuple((document["name"], document["text"]) for document in row["documents"])
        business = Business(row["name"], row["industry"], row["agent_type"], language, documents)
        yield from _asked(business, row["questions"], held_out=row["held_out"])
    demo = json.loads((Path(__file__).parent / "demo_questions.json").read_text(encoding="utf-8"))
    for folder, rows in demo.items():
        business = _demo_business(folder)
        if business.language == language:
            yield from _asked(business, rows, held_out=False)


def _asked(business: Business, rows: Sequence[dict[str, Any]], *, held_out: bool) -> Iterator[Question]:
    for row in rows:
        expect = row["expect"] and tuple(map(tuple, row["expect"]))
        heard, forbid = tuple(row.get("heard", ())), tuple(row.get("forbid", ()))
        yield Question(business, row["question"], heard, expect, forbid, held_out)


@cache
def _demo_business(folder: str) -> Business:
    root = resources.files("parley.app.demo") / "businesses" / folder
    described = load_yaml((root / "business.yaml").read_text(encoding="utf-8"))
    named = ((document["file"], document.get("title", "")) for document in described["documents"])
    documents = tuple((file, (root / file).read_text(encoding="utf-8")) for file, _ in named)
    return Business(
        described["name"], described["industry"], described["agents"][0]["type"], described["language"], documents
    )


def right(question: Question, reply: str) -> bool:
    """Whether a reply says what it should, or for an unanswerable question that it is not known."""
    if any(_holds(word, reply) for word in question.forbid):
        return False
    if question.expect is None or _UNKNOWN.match(reply):
        return question.expect is None and bool(_UNKNOWN.search(reply))
    return all(any(_holds(word, reply) for word in group) for group in question.expect)


def _holds(word: str, reply: str) -> bool:
    """Whether a reply has a word; where it is short or a figure, as a word of its own."""
    apart = (len(word) <= 4 and word.isalnum()) or word[-1].isdigit()
    return bool(re.search(rf"(?<![\w.,]){re.escape(word)}(?![\w]|[.,]\d)" if apart else re.escape(word), reply, re.I))


def ask(business: Business, message: str, heard: Sequence[str] = ()) -> Said:
    """The reply to one line after earlier ones."""
    previous = ""
    for index, line in enumerate(heard):
        previous = asyncio.run(_answer(business, line, tuple(heard[:index]), previous)).reply
    return asyncio.run(_answer(business, message, tuple(heard), previous))


class _Memory(Search):
    """A search whose index is made from documents in memory."""

    def __init__(self, index: Any) -> None:
        super().__init__(None, _embedder())  # type: ignore[arg-type]
        self._made = index

    @override
    async def _index(self, tenant_id: str, revision: int) -> Any:
        return self._made


async def _answer(business: Business, message: str, heard: tuple[str, ...], previous: str) -> Said:
    found_by = await _searching(business)
    vector = await found_by.query_vector(message, business.language)
    meaning = understand(
        message,
        now=NOW,
        previous=previous,
        agent_type=business.agent_type,
        language_hint=business.language,
        vector=vector,
        examples=_examples(),
        default_region="DE" if business.language == "de" else "US",
    )
    found = Findings(())
    if meaning.intent not in _SMALL_TALK:
        query = message if stands_alone(message) or not heard else f"{heard[-1]} {message}"
        vector = await found_by.query_vector(query, meaning.language)
        found = await found_by.find_passages(
            "t", query, language=meaning.language, revision=1, vector=vector, top_k=PASSAGES, threshold=RELEVANT
        )
    relevant = tuple(passage for passage in found.passages if passage.score >= RELEVANT)[:PASSAGES]
    facts = Facts(
        message=message,
        language=meaning.language,
        intent=meaning.intent,
        confidence=meaning.confidence,
        slots=dict(meaning.slots),
        passages=relevant or (found.passages[:2] if found.whole else ()),
        previous=previous,
        heard=heard,
        agent_name="Desk",
        agent_type=business.agent_type,
        business=business.name,
        industry=business.industry,
        today=NOW.date().isoformat(),
        greeting=defaults(business.agent_type, meaning.language).greeting.replace("{business}", business.name),
    )
    walk = Walk(default_flow(business.agent_type), meaning.language, meaning.intent, {**meaning.slots}, frozenset())
    step = walk.begin()
    outcomes: list[ToolOutcome] = []
    while step.kind == "call" and len(outcomes) < 3:  # a business with no rows of its own: a search finds nothing
        outcomes.append(ToolOutcome(step.tool, step.arguments, {"listings": []}, ok=True))
        step = walk.after(outcomes[-1])
    wanted = None if step.kind == "answer" else step
    facts = replace(facts, step=wanted, outcomes=tuple(outcomes))
    return Said(compose(facts).text, meaning.intent, f"{step.kind} {step.node}" if wanted else "", facts)


@cache
def _embedder() -> MiniLM:
    embedder = MiniLM(Path(tempfile.gettempdir()) / "parley-tests-minilm")
    embedder.load()
    return embedder


@cache
def _examples() -> Any:
    return embed_examples(_embedder().embed_now, _embedder().languages)


_made: dict[Business, _Memory] = {}


async def _searching(business: Business) -> _Memory:
    if business not in _made:
        _made[business] = _Memory(search._build(1, await _chunks(business)))
    return _made[business]


async def _chunks(business: Business) -> list[store.IndexedChunk]:
    chunks: list[store.IndexedChunk] = []
    for number, (name, text) in enumerate(business.documents):
        title = name.rsplit(".", 1)[0].replace("-", " ").capitalize()
        parsed = parse_document(text.encode(), filename=name).text
        for chunk in split_text(parsed, title=title):
            words = document_lexemes(chunk.content, f"{title} {chunk.heading}", business.language)
            stored = store.StoredChunk(
                f"{number}-{chunk.ordinal}",
                f"d{number}",
                title,
                "other",
                chunk.heading,
                chunk.content,
                business.language,
            )
            vector: NDArray[np.float32] | None = None
            if business.language in _embedder().languages:
                vector = (await _embedder().embed([f"{chunk.heading or title}\n{chunk.content}"]))[0]
            chunks.append(store.IndexedChunk(stored, frozenset(lexeme for lexeme, _ in words), vector))
    return chunks
