"""Remembered answers (CAG): the same question to the same agent, with the same knowledge, is answered at once.

An answer is remembered only when it came from knowledge, ran no tool and hangs on nothing but the question: neither on
the turns before nor on today's date. It is found again by the very words (an *exact* hit) or by other words that ask
the same (a *semantic* hit, `understanding.gist`). The key holds everything else it depends on, so a change of knowledge
or agent needs no invalidation. What somebody has called wrong is neither given nor remembered again.

This is one process's memory; `SharedAnswers` tells the others.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal, Protocol

from parley.conversations.events import Source
from parley.conversations.release import release
from parley.kit.clock import Clock
from parley.understanding import gist, is_question, read_emergency

TTL_SECONDS = 3600.0
MOST_ENTRIES = 20_000
_PUNCTUATION = re.compile(r"[^\w\s€$£%]+")
_SPACE = re.compile(r"\s+")
# Words that point at an earlier turn, at the present moment or at what belongs to the caller: with one of them a
# question does not stand alone.
_POINTS_ELSEWHERE = re.compile(
    r"^(and|or|but|so|then|und|oder|aber|also|dann)\b|"
    r"\b(it|its|that|those|this|these|them|they|he|she|him|her|there|same|else|other|another|again|instead|also|too|"
    r"then|what about|how about|both|either|neither|former|latter|(the|which|that|\w+er|\w+est|first|second|"
    r"last) ones?|"
    r"today|tonight|tomorrow|now|yesterday|currently|right now|still|yet|soon|ago|at the moment|"
    r"this (week|weekend|month|year)|next|last|you (said|mentioned|told)|"
    r"das|dies\w*|jene\w*|sie|er|ihn|ihm|ihr|dort|da|dazu|davon|dafür|dabei|damit|daran|darauf|derselbe|dasselbe|"
    r"dieselbe|"
    r"andere\w*|auch|noch|nochmal|stattdessen|wieder|dann|beide\w*|letztere\w*|erstere\w*|"
    r"heute|morgen|übermorgen|gestern|jetzt|gerade|momentan|aktuell|derzeit|zurzeit|bald|vorhin|nächste\w*|letzte\w*|"
    r"((where|what|when|how|who|is|are|has|was|did|does|do|will) (s |is |are |was |will |does |did )?(my|our))|"
    r"((wo|was|wann|wie|wer|ist|sind|war|wurde|hat|kommt) (ist |sind |war |lautet |kommt |wird )?(mein|unser)(e|en|"
    r"em|er|es)?))\b|"
    r"\b(more|mehr)$"
)
# The same words where they point at nothing: "is there", "is it possible to", the polite "Sie", an article "das".
_POINTS_AT_NOTHING = re.compile(
    r"\b(?:[Ii]s|[Aa]re) there (?=\w)|\b[Ii]s it (?:possible|ok|okay|allowed|permitted|fine|alright|necessary|"
    r"required) (?=to |if |for )"
    r"|\b[Hh]ow (?:long|much) does it (?:take|cost) to |\b[Hh]ow far is it (?=from |to )|\bnext to "
    r"|(?<=\w )(?:Sie|Ihr)\b|\b[Dd]as (?=[A-ZÄÖÜ])|\b(?:[Hh]abt|[Ss]eid|[Nn]ehmt|[Ll]iefert|[Kk]önnt|[Mm]acht|"
    r"[Bb]ietet) ihr\b"
    r"|\b(?:haben|bieten|nehmen|akzeptieren|liefern|öffnen|schließen|machen|verkaufen|servieren|können|könnten|"
    r"versenden) sie\b"
)
# What is left of a question when the turn before has the rest: "With breakfast?", "How much?", "Why not?"
_FRAGMENT = re.compile(
    r"^(with|without|for|on|in|at|from|by|to|mit|ohne|für|am(?! i\b)|im|an|bei|von|ab)\b(?! (what|which|when|where|"
    r"how|whom|wann|wie|"
    r"wo|was|wem|wen|welch\w*|der|die|dem|den)\b)(?! \w+( \w+)? (is|are|do|does|can|may|ist|sind|haben|kann|darf|"
    r"gibt)\b)"
    r"|^(how (much|many|long|far|often|big|old)|when|where|why|who|which|what|until when|since when|wie (viel\w*|"
    r"lange|weit|oft|teuer|"
    r"gro(ß|ss))|wieviel\w*|wann|wo|warum|wieso|wer|welche\w*|was|bis wann|ab wann|seit wann)"
    r"( (is|are|exactly|not|so|ist|sind|genau|nicht|denn|does|do|kostet|kosten))*$"
)
_LEAST_WORDS = 2
_RELEASE = release()  # here, because it reads files

Kind = Literal["exact", "semantic"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it was given. `expires` in seconds since the epoch."""

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


@dataclass(frozen=True)
class Question:
    """Everything an answer may depend on."""

    tenant_id: str
    agent_id: str
    version: int
    prompt_id: str
    language: str
    knowledge_revision: int
    text: str
    house: str | None = None
    """What the agent speaks for (`understanding.kind_of_house`)."""

    @cached_property
    def key(self) -> bytes:
        """A digest of all of it."""
        return self._digest(normal_form(self.text))

    @cached_property
    def gist_key(self) -> bytes | None:
        """A digest of all of it with what the words ask in their place; None where that cannot be told for certain."""
        meant = self._gist if is_question(self.text, self.language) else None
        return None if meant is None else self._digest(f"\x1e{meant}")

    @cached_property
    def cries_for_help(self) -> bool:
        """Whether the words may be no question: only the same words have the same answer then."""
        return read_emergency(self.text, language=self.language).emergency

    def claim(self, reply: str) -> bytes:
        """A digest of "this agent answers this question so", whatever its version and knowledge."""
        asked = self._gist or normal_form(self.text)
        return _hash("\x1f".join((self.tenant_id, self.agent_id, self.language, asked, normal_form(reply))))

    @cached_property
    def _gist(self) -> str | None:
        return gist(self.text, self.language, self.house)

    def _digest(self, asked: str) -> bytes:
        parts = (self.tenant_id, self.agent_id, self.version, self.prompt_id, self.language, self.knowledge_revision)
        return _hash("\x1f".join((*map(str, parts), _RELEASE, asked)))


def normal_form(text: str) -> str:
    """Spelling that makes no difference removed: case, punctuation, spaces."""
    return _SPACE.sub(" ", _PUNCTUATION.sub(" ", text.lower())).strip()


def stands_alone(text: str) -> bool:
    """Whether a question hangs on nothing outside itself."""
    plain = normal_form(text)
    if len(plain.split()) < _LEAST_WORDS or _FRAGMENT.search(plain):
        return False
    return not _POINTS_ELSEWHERE.search(normal_form(_POINTS_AT_NOTHING.sub(" ", text)))


@dataclass(frozen=True, slots=True)
class Entry:
    """A remembered answer and what it is found by."""

    tenant_id: str
    agent_id: str
    key: bytes
    gist_key: bytes | None
    claim: bytes
    answer: Remembered = field(repr=False)


class Others(Protocol):
    """The memories of the other processes."""

    def tell(self, entry: Entry) -> None:
        """A new answer."""
        ...

    async def load(self, tenant_id: str) -> bool:
        """Bring what they know of a tenant; False where it cannot be had now."""
        ...


class Recall:
    """Answers in this process's memory, least recently used forgotten first.

    With `others`, nothing is remembered of a tenant before it is known what was rejected.
    """

    def __init__(self, clock: Clock, *, ttl_seconds: float = TTL_SECONDS, most: int = MOST_ENTRIES) -> None:
        self._clock = clock
        self._ttl = ttl_seconds
        self._most = most
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._by_gist: dict[bytes, bytes] = {}  # gist key → key
        self._rejected: set[bytes] = set()
        self._counts: dict[tuple[str, Kind], CacheCounts] = {}
        self._prepared: set[str] = set()  # tenants of whom is known what the others know
        self.others: Others | None = None

    def look_up(self, question: Question) -> tuple[Kind, Remembered] | None:
        """The remembered answer, counted as a hit. A miss is counted by `miss`, once it is known that it is one."""
        if (answer := self._found(question.key)) is not None:
            self._count(question.tenant_id, "exact").hits += 1
            return "exact", answer
        gist_key = question.gist_key
        key = None if gist_key is None else self._by_gist.get(gist_key)
        if key is None or question.cries_for_help or (answer := self._found(key)) is None:
            return None
        self._count(question.tenant_id, "semantic").hits += 1
        return "semantic", answer

    def miss(self, question: Question) -> None:
        """Count a question that could have been remembered and was not."""
        self._count(question.tenant_id, "exact").misses += 1
        self._count(question.tenant_id, "semantic").misses += 1

    def remember(self, question: Question, reply: str, intent: str, sources: Sequence[Source]) -> None:
        """Keep an answer for a while, unless somebody has called it wrong."""
        if not self.is_prepared(question.tenant_id):
            return
        answer = Remembered(reply, intent, tuple(sources), self._clock.now().timestamp() + self._ttl)
        claim = question.claim(reply)
        gist_key = None if question.cries_for_help else question.gist_key
        entry = Entry(question.tenant_id, question.agent_id, question.key, gist_key, claim, answer)
        if self.admit(entry) and self.others is not None:
            self.others.tell(entry)

    def admit(self, entry: Entry) -> bool:
        """Take an entry in; False for one that was rejected or has expired."""
        if entry.claim in self._rejected or entry.answer.expires <= self._clock.now().timestamp():
            return False
        if entry.key in self._entries:
            self._drop(entry.key)
        self._entries[entry.key] = entry
        self._count(entry.tenant_id, "exact").entries += 1
        if entry.gist_key is not None:
            self._count(entry.tenant_id, "semantic").entries += entry.gist_key not in self._by_gist
            self._by_gist[entry.gist_key] = entry.key
        while len(self._entries) > self._most:
            oldest = next(iter(self._entries))
            self._count(self._entries[oldest].tenant_id, "exact").evictions += 1
            self._drop(oldest)
        return True

    def reject(self, claims: Iterable[bytes]) -> int:
        """Never give or remember these again; returns how many answers were forgotten."""
        rejected = set(claims)
        self._rejected |= rejected
        doomed = [key for key, entry in self._entries.items() if entry.claim in rejected]
        for key in doomed:
            self._drop(key)
        return len(doomed)

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

    def counts(self, tenant_id: str) -> dict[Kind, dict[str, float]]:
        """The tenant's counters per kind."""
        kinds: tuple[Kind, ...] = ("exact", "semantic")
        return {kind: self._counts.get((tenant_id, kind), CacheCounts()).shown() for kind in kinds}

    def is_prepared(self, tenant_id: str) -> bool:
        """Whether it is known what the others know of a tenant."""
        return self.others is None or tenant_id in self._prepared

    async def prepare(self, tenant_id: str) -> None:
        """Learn what the others know of a tenant, the first time somebody asks there."""
        if self.others is not None and tenant_id not in self._prepared and await self.others.load(tenant_id):
            self._prepared.add(tenant_id)

    def restart(self) -> None:
        """Something may have been missed: begin with nothing."""
        for key in list(self._entries):
            self._drop(key)
        self._prepared.clear()

    def _found(self, key: bytes) -> Remembered | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.answer.expires <= self._clock.now().timestamp():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.answer

    def _count(self, tenant_id: str, kind: Kind) -> CacheCounts:
        return self._counts.setdefault((tenant_id, kind), CacheCounts())

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key)
        self._count(entry.tenant_id, "exact").entries -= 1
        if entry.gist_key is not None and self._by_gist.get(entry.gist_key) == key:
            del self._by_gist[entry.gist_key]
            self._count(entry.tenant_id, "semantic").entries -= 1


def _hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
