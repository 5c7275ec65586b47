"""How it went: every item of the rubric with its points, the words that earned or lost them, and what had been better.

The house judges by cues and, in English, by meaning: a sentence of the trainee's near enough to one of the rubric's
examples. Every quote is a sentence of the transcript, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from parley.kit.sentences import split_sentences
from parley.training.hearing import denies, shows
from parley.training.meaning import Meanings, Vectors
from parley.training.passages import Passage, best_passage
from parley.training.scenario import Evidence, Item, Scenario

_NOTES = {
    "en": {"missed": "never said", "said": "said, and should not have been", "lacks": "missing"},
    "de": {"missed": "nie gesagt", "said": "gesagt, und hätte nicht gesagt werden sollen", "lacks": "es fehlt"},
}
NEAR = 0.62  # cosine from which a sentence means the same as an example


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the trainee's: in which of their lines (0 is the first), and that line's id."""

    text: str
    line: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One item: `quote` is what earned its points or lost them, "" where nothing was said to it."""

    id: str
    title: str
    kind: str
    points: int
    max_points: int
    passed: bool
    quote: str = ""
    message_id: str | None = None
    note: str = ""
    better: Mapping[str, str] | None = None
    parts: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """`percent` of the points; `passed` needs the pass mark and no blocker."""

    points: int
    max_points: int
    percent: float
    pass_mark: int
    passed: bool
    blocked_by: tuple[str, ...]
    items: tuple[Judged, ...] = field(repr=False)
    judged_by: str = "house"

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Ear:
    """Finds evidence in what the trainee said. `said` are their sentences in order."""

    def __init__(self, said: Sequence[Said], language: str, meanings: Vectors) -> None:
        self.said = said
        self._language = language
        self._meanings = meanings
        self._told: dict[int, Said | None] = {}

    def tell(self, evidence: Evidence, found: Said | None) -> None:
        """Let somebody else's finding stand in place of the rules'."""
        self._told[id(evidence)] = found

    def find(self, evidence: Evidence) -> Said | None:
        """The first sentence that shows it."""
        if id(evidence) in self._told:
            return self._told[id(evidence)]
        for one in self.said:
            if evidence.first is not None and one.line >= evidence.first:
                continue
            if shows(evidence, one.text, self._language) or self._means(one.text, evidence.shows):
                return one
        return None

    def _means(self, sentence: str, examples: Sequence[str]) -> bool:
        own = self._meanings.get(sentence)
        if own is None:
            return False
        # To vectors a sentence and its denial are nearly the same.
        alike = [one for one in examples if denies(one, self._language) == denies(sentence, self._language)]
        near = [float(own @ self._meanings[example]) for example in alike if example in self._meanings]
        return bool(near) and max(near) >= NEAR


async def judge(
    scenario: Scenario,
    lines: Sequence[tuple[str, str]],
    passages: Sequence[Passage] = (),
    meanings: Meanings | None = None,
) -> Score:
    """Judge the trainee's `lines` (message id, words), in order. `meanings` serve English; without them cues decide."""
    return weigh(scenario, await listen(scenario, lines, meanings), passages)


async def listen(scenario: Scenario, lines: Sequence[tuple[str, str]], meanings: Meanings | None = None) -> Ear:
    """Hear the trainee's `lines`."""
    said = [
        Said(sentence, number, message_id)
        for number, (message_id, words) in enumerate(lines)
        for sentence in split_sentences(words, scenario.language)
    ]
    if meanings is None or scenario.language != "en":
        return Ear(said, scenario.language, {})
    shown = [one for item in scenario.rubric.walk() for one in (item, *item.levels) if one.shows]
    vectors = await meanings.of(
        [sentence for evidence in shown for sentence in _before_a_cue(evidence, said, scenario.language)]
    )
    examples = await meanings.of_examples([example for evidence in shown for example in evidence.shows])
    return Ear(said, scenario.language, {**examples, **vectors})


def _before_a_cue(evidence: Evidence, said: Sequence[Said], language: str) -> Iterator[str]:
    """The sentences whose meaning counts: what is said once a cue was heard changes nothing."""
    for one in said:
        if evidence.first is not None and one.line >= evidence.first:
            return
        if shows(evidence, one.text, language):
            return
        yield one.text


def weigh(scenario: Scenario, ear: Ear, passages: Sequence[Passage], judged_by: str = "house") -> Score:
    """Points for what was heard."""
    items = tuple(_judged(item, ear, passages, scenario.language) for item in scenario.rubric.items)
    points, most = sum(item.points for item in items), sum(item.max_points for item in items)
    blocked = tuple(item.id for item in items if item.kind == "blocker" and not item.passed)
    percent = round(100 * points / most, 1)
    return Score(
        points=points,
        max_points=most,
        percent=percent,
        pass_mark=scenario.rubric.pass_mark,
        passed=percent >= scenario.rubric.pass_mark and not blocked,
        blocked_by=blocked,
        items=items,
        judged_by=judged_by,
    )


def _judged(item: Item, ear: Ear, passages: Sequence[Passage], language: str) -> Judged:
    if item.kind == "compound":
        return _compound(item, ear, passages, language)
    if item.kind == "scaled":
        return _scaled(item, ear, passages, language)
    found = ear.find(item)
    wanted = item.required if item.kind == "blocker" else not item.absent
    passed = (found is not None) == wanted
    note = "" if passed else _NOTES[language]["missed" if wanted else "said"]
    return Judged(
        id=item.id,
        title=item.title,
        kind=item.kind,
        points=item.points if passed and item.kind == "binary" else 0,
        max_points=item.worth,
        passed=passed,
        quote=found.text if found else "",
        message_id=found.message_id if found else None,
        note=note,
        better=None if passed else _better(item, passages, language),
    )


def _scaled(item: Item, ear: Ear, passages: Sequence[Passage], language: str) -> Judged:
    reached = None
    for level in sorted(item.levels, key=lambda one: -one.points):
        if (found := ear.find(level)) is not None:
            reached = (level, found)
            break
    points = reached[0].points if reached else 0
    return Judged(
        id=item.id,
        title=item.title,
        kind=item.kind,
        points=points,
        max_points=item.worth,
        passed=points == item.worth,
        quote=reached[1].text if reached else "",
        message_id=reached[1].message_id if reached else None,
        note=reached[0].title if reached else _NOTES[language]["missed"],
        better=None if points == item.worth else _better(item, passages, language),
    )


def _compound(item: Item, ear: Ear, passages: Sequence[Passage], language: str) -> Judged:
    parts = tuple(_judged(part, ear, passages, language) for part in item.parts)
    met = sum(part.passed for part in parts)
    quoted = next((part for part in parts if part.quote), None)
    missing = ", ".join(part.title for part in parts if not part.passed)
    return Judged(
        id=item.id,
        title=item.title,
        kind=item.kind,
        points=round(item.points * met / len(parts)),
        max_points=item.worth,
        passed=met == len(parts),
        quote=quoted.quote if quoted else "",
        message_id=quoted.message_id if quoted else None,
        note=f"{_NOTES[language]['lacks']}: {missing}" if missing else "",
        better=None if met == len(parts) else _better(item, passages, language),
        parts=parts,
    )


def _better(item: Item, passages: Sequence[Passage], language: str) -> dict[str, str] | None:
    """A line that would have done, and where the documents say so."""
    told = {"text": item.better} if item.better else {}
    found = best_passage(f"{item.title} {item.better or ''}", passages, language)
    if found is not None:
        told |= {"source": found.filename, "passage": found.text}
    return told or None
