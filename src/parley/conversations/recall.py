"""Remembered answers (CAG): the same question to the same agent, with the same knowledge, is answered at once.

An answer is remembered only when it came from knowledge, ran no tool and hangs on nothing but the question: neither on
the turns before nor on today's date. The key holds everything else it depends on, so nothing needs to be invalidated.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from parley.conversations.events import Source
from parley.kit.clock import Clock

TTL_SECONDS = 3600.0
MOST_ENTRIES = 20_000
_PUNCTUATION = re.compile(r"[^\w\s€$£%]+")
_SPACE = re.compile(r"\s+")
# Words that point at an earlier turn or at the present moment: with one of them a question does not stand alone.
_POINTS_ELSEWHERE = re.compile(
    r"\b(it|its|that|those|this|these|them|they|he|she|him|her|there|same|else|other|another|again|instead|also|too|"
    r"and|or|but|then|so|what about|how about|"
    r"today|tonight|tomorrow|now|yesterday|currently|right now|this (week|weekend|month|year)|next|last|"
    r"das|dies\w*|jene\w*|sie|er|ihn|ihm|ihr|dort|da|dazu|davon|dafür|dabei|damit|derselbe|dasselbe|dieselbe|andere\w*|auch|"
    r"noch|nochmal|stattdessen|wieder|und|oder|aber|dann|also|"
    r"heute|morgen|übermorgen|gestern|jetzt|gerade|momentan|nächste\w*|letzte\w*)\b"
)
_LEAST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it was given."""

    reply: str
    intent: str
    sources: tuple[Source, ...]
    expires: float


@dataclass(slots=True)
class CacheCounts:
    """Counters of one tenant since this process began."""

    entries: int = 0
    hits: int = 0
    misses: int = 0
    evictions: int = 0

    def shown(self) -> dict[str, float]:
        """The counters with the hit rate, 0..1."""
        asked = self.hits + self.misses
        return {**asdict(self), "hit_rate": round(self.hits / asked, 4) if asked else 0.0}


@dataclass(frozen=True, slots=True)
class Question:
    """Everything an answer may depend on."""

    tenant_id: str
    agent_id: str
    version: int
    prompt_id: str
    language: str
    knowledge_revision: int
    text: str

    def key(self) -> bytes:
        """A digest of all of it."""
        parts = (self.tenant_id, self.agent_id, self.version, self.prompt_id, self.language, self.knowledge_revision)
        head = "\x1f".join(map(str, parts))
        return blake2b(f"{head}\x1f{normal_form(self.text)}".encode(), digest_size=16).digest()


def normal_form(text: str) -> str:
    """Spelling that makes no difference removed: case, punctuation, spaces."""
    return _SPACE.sub(" ", _PUNCTUATION.sub(" ", text.lower())).strip()


def stands_alone(text: str) -> bool:
    """Whether a question hangs on nothing outside itself."""
    plain = normal_form(text)
    return len(plain.split()) >= _LEAST_WORDS and not _POINTS_ELSEWHERE.search(plain)


@dataclass(slots=True)
class _Entry:
    tenant_id: str
    agent_id: str
    answer: Remembered = field(repr=False)


class ExactRecall:
    """Answers in this process's memory, least recently used forgotten first."""

    def __init__(self, clock: Clock, *, ttl_seconds: float = TTL_SECONDS, most: int = MOST_ENTRIES) -> None:
        self._clock = clock
        self._ttl = ttl_seconds
        self._most = most
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._counts: dict[str, CacheCounts] = {}

    def look_up(self, question: Question) -> Remembered | None:
        """The remembered answer, counted as a hit. A miss is counted by `miss`, once it is known that it is one."""
        key = question.key()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.answer.expires <= self._clock.now().timestamp():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        self._counts[question.tenant_id].hits += 1
        return entry.answer

    def miss(self, question: Question) -> None:
        """Count a question that could have been remembered and was not."""
        self._counts.setdefault(question.tenant_id, CacheCounts()).misses += 1

    def remember(self, question: Question, reply: str, intent: str, sources: Sequence[Source]) -> None:
        """Keep an answer for a while."""
        answer = Remembered(reply, intent, tuple(sources), self._clock.now().timestamp() + self._ttl)
        key = question.key()
        if key not in self._entries:
            self._counts.setdefault(question.tenant_id, CacheCounts()).entries += 1
        self._entries[key] = _Entry(question.tenant_id, question.agent_id, answer)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            oldest = next(iter(self._entries))
            self._counts[self._entries[oldest].tenant_id].evictions += 1
            self._drop(oldest)

    def clear(self, tenant_id: str, agent_id: str | None = None) -> int:
        """Forget a tenant's answers, or one agent's; returns how many."""
        doomed = [
            key
            for key, entry in self._entries.items()
            if entry.tenant_id == tenant_id and agent_id in (None, entry.agent_id)
        ]
        for key in doomed:
            self._drop(key)
        return len(doomed)

    def counts(self, tenant_id: str) -> dict[str, float]:
        """The tenant's counters."""
        return self._counts.get(tenant_id, CacheCounts()).shown()

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key)
        self._counts[entry.tenant_id].entries -= 1
