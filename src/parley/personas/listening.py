"""What a caller understands of the other side's line: which facts it asks for, and what else it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from parley.kit.sentences import split_sentences
from parley.kit.yaml_text import load_yaml
from parley.personas.cues import normalised, place_of
from parley.personas.definition import Script

MOST_CHARACTERS = 4000
# Where a wide topic stands beside a narrower one in the same question, the narrower one is meant.
_WIDE = ("how_is_it_going", "what_happened")
_OWN_QUESTIONS = ("more", "help", "there", "well")
_ONLY_WHEN = {"pod": "unloading"}  # "send in the proof of delivery once you are unloaded" asks for the first alone


@dataclass(frozen=True, slots=True)
class Common:
    """What every caller of one language shares: cues of signals and topics, phrases, and answers of last resort."""

    signals: Mapping[str, tuple[str, ...]]
    question_starts: tuple[str, ...]
    topics: Mapping[str, tuple[str, ...]]
    assumed: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]


@cache
def common(language: str) -> Common:
    """The shared words of "en" or "de"; read once."""
    text = resources.files("parley.personas").joinpath("words", f"{language}.yaml").read_text(encoding="utf-8")
    data = load_yaml(text)
    return Common(
        signals=_tuples(data["signals"]),
        question_starts=tuple(data["question_starts"]),
        topics=_tuples(data["topics"]),
        assumed=_tuples(data["assumed"]),
        phrases=_tuples(data["phrases"]),
    )


def _tuples(groups: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(variants) for name, variants in groups.items()}


@dataclass(frozen=True, slots=True)
class Heard:
    """One line as the caller understands it.

    `topics` are facts and common topics asked for, in order. `asks`: there is a question at all. `signals` are the
    names of the signals found; `sentences` the line's sentences, normalised for cues.
    """

    text: str
    sentences: tuple[str, ...]
    topics: tuple[str, ...]
    asks: bool
    signals: frozenset[str]

    def holds(self, cues: tuple[str, ...]) -> bool:
        """Whether any sentence has one of the cues."""
        return any(place_of(cues, sentence) is not None for sentence in self.sentences)


def listen(line: str, script: Script, language: str) -> Heard:
    """Understand a line."""
    words = common(language)
    spoken = [sentence for sentence in split_sentences(line[:MOST_CHARACTERS], language) if sentence.strip()]
    sentences = tuple(normalised(sentence) for sentence in spoken)
    marked = [sentence for sentence, said in zip(sentences, spoken, strict=True) if said.rstrip(' "”').endswith("?")]
    opened = [sentence for sentence in sentences if place_of(words.question_starts, sentence) is not None]
    questions = list(dict.fromkeys([*marked, *opened]))
    topics = _topics(questions, script, words)
    # A question may follow what it is about: "Your order number. Could you give it to me?"
    if not topics and questions and not _stand_alone(questions, words):
        topics = _topics(sentences, script, words)
    signals = frozenset(
        name
        for name, cues in words.signals.items()
        if any(place_of(cues, sentence) is not None for sentence in sentences)
    )
    return Heard(
        text=line,
        sentences=sentences,
        topics=topics,
        asks=bool(questions),
        signals=signals,
    )


def _stand_alone(questions: Sequence[str], words: Common) -> bool:
    """Whether they are about nothing that was said before: "Is there anything else?" and its like."""
    return any(place_of(words.signals[name], one) is not None for one in questions for name in _OWN_QUESTIONS)


def is_question(sentence: str, language: str) -> bool:
    """Whether a sentence asks for something, by its end or its beginning."""
    asked = sentence.rstrip(' "”').endswith("?")
    return asked or place_of(common(language).question_starts, normalised(sentence)) is not None


def _topics(questions: Sequence[str], script: Script, words: Common) -> tuple[str, ...]:
    found: dict[str, tuple[int, int]] = {}
    names = (*script.facts, *(name for name in words.topics if name not in script.facts))
    for number, question in enumerate(questions):
        here: dict[str, int] = {}
        for name in names:
            own = script.facts[name].cues if name in script.facts else ()
            place = place_of((*own, *words.topics.get(name, ())), question)
            if place is not None:
                here[name] = place
        for asked, mentioned in _ONLY_WHEN.items():
            if asked in here:
                here.pop(mentioned, None)
        narrow = [name for name in here if name not in _WIDE]
        for name, place in here.items():
            if name in found or (narrow and name in _WIDE):
                continue
            found[name] = (number, place)
    return tuple(sorted(found, key=lambda name: found[name]))
