"""How well slots are read: real booking dialogues, the project's own sentences, and the time one message takes.

Run `python -m benchmarks.slots [--errors]`. The dialogues (Schema-Guided Dialogue, restaurants, hotels and homes) lie
beside the repository and are skipped when they are missing.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from parley.kit.yaml_text import load_yaml
from parley.understanding.slots import SlotReading, read_slots

ROOT = Path(__file__).resolve().parent.parent
DIALOGUES = ROOT.parent / "shared" / "data"
FILES = {"train": "sgd_train_restaurants_homes.json", "dev": "sgd_dev_restaurants_hotels_homes.json"}
SENTENCES = ROOT / "tests" / "understanding"
SGD_NOW = datetime(2019, 3, 1, 8, 0)  # noqa: DTZ001 - a tenant's local time, as the data fixes it

# The data's slot names and ours.
SLOTS = {
    "time": "time",
    "date": "date",
    "visit_date": "date",
    "check_in_date": "date",
    "party_size": "party_size",
    "number_of_seats": "party_size",
    "number_of_days": "nights",
    "stay_length": "nights",
    "number_of_rooms": "rooms",
    "number_of_beds": "bedrooms",
    "number_of_baths": "bathrooms",
    "star_rating": "stars",
}
CORE = ("date", "time", "party_size")


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of a caller: what it informs, normalised, every accepted value listed."""

    message: str
    previous: str
    informs: Mapping[str, list[str]]


@dataclass(slots=True)
class Score:
    """`said` values, how many of them were read `right`, and values read where none was said (`extra`)."""

    said: int = 0
    right: int = 0
    extra: int = 0

    @property
    def recall(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def precision(self) -> float:
        read = self.right + self.extra
        return self.right / read if read else 1.0


def read_turns(path: Path) -> Iterator[Turn]:
    """The caller's turns of one file of dialogues."""
    for dialogue in json.loads(path.read_text(encoding="utf-8")):
        previous = ""
        for turn in dialogue["turns"]:
            if turn["speaker"] == "user":
                informs = {SLOTS[name]: values for name, values in turn["informs"].items() if name in SLOTS}
                yield Turn(turn["text"], previous, {s: v for s, v in informs.items() if v != ["dontcare"]})
                previous = ""
            else:
                previous = turn["text"]


def score_dialogues(turns: list[Turn], *, errors: bool = False) -> tuple[dict[str, Score], int, int]:
    """(score per slot, turns that inform none of `CORE`, those of them where one was read all the same)."""
    scores = {slot: Score() for slot in dict.fromkeys(SLOTS.values())}
    silent = false_alarms = 0
    for turn in turns:
        reading = read_slots(turn.message, now=SGD_NOW, previous=turn.previous)
        for slot, score in scores.items():
            expected, found = turn.informs.get(slot), reading.slots.get(slot)
            score.said += expected is not None
            right = expected is not None and str(found) in expected
            score.right += right
            score.extra += found is not None and not right
            if errors and slot in CORE and (found is not None or expected) and not right:
                print(f"  {slot}: {expected} read {found} | {turn.previous[-90:]} | {turn.message}")
        if not set(turn.informs) & set(CORE):
            silent += 1
            false_alarms += any(slot in reading.slots for slot in CORE)
    return scores, silent, false_alarms


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty"}


def _cardinal(number: int) -> str:
    if number < 20 or number > 59:
        return _ONES[number] if number < 20 else str(number)
    return f"{_TENS[number // 10 * 10]} {_ONES[number % 10]}".removesuffix(" zero")


def _ordinal(match: re.Match[str]) -> str:
    number = int(match[1])
    if number <= 20 or number > 59:
        return _ORDINALS[number] if number <= 20 else match[0]
    return "thirtieth" if number == 30 else f"{_TENS[number // 10 * 10]} {_ORDINALS[number % 10]}"


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if minute == 0:
        return _cardinal(hour) + (" hundred" if hour > 12 else " o'clock")
    return f"{_cardinal(hour)} {'oh ' if minute < 10 else ''}{_cardinal(minute)}"


def as_spoken(message: str) -> str:
    """The line as a recogniser writes it: small letters, no punctuation, every number in words."""
    text = message.lower().replace('o"clock', "o'clock")
    text = re.sub(r"\b(\d{1,2}):(\d\d)\b", _clock, text)
    text = re.sub(r"\b(\d{1,2})(st|nd|rd|th)\b", _ordinal, text)
    text = re.sub(r"\b\d{1,2}\b", lambda match: _cardinal(int(match[0])), text)
    return " ".join(re.sub(r"[.,!?;:]", " ", text).split())


@dataclass(frozen=True, slots=True)
class Sentences:
    """The project's own sentences of one language: those tuned on and those that are only measured."""

    defaults: Mapping[str, Any]
    tuned: list[dict[str, Any]]
    held_out: list[dict[str, Any]]


@cache
def read_sentences(language: str) -> Sentences:
    """Every second of `cases` is held out; `more` are tuned on."""
    content = load_yaml((SENTENCES / f"slots_{language}.yaml").read_text(encoding="utf-8"))
    cases = content["cases"]
    return Sentences(content, cases[0::2] + content["more"], cases[1::2])


def is_right(case: Mapping[str, Any], reading: SlotReading) -> bool:
    """Exactly the expected slots (end_date and city only where named) and the expected problems."""
    expected = case["is"]
    derived = {"end_date", "city"} - set(expected)
    found = {slot: value for slot, value in reading.slots.items() if slot not in derived}
    problems = {problem.slot for problem in reading.problems}
    return bool(found == expected) and set(case.get("problems", ())) <= problems


def read_case(case: Mapping[str, Any], defaults: Mapping[str, Any], language: str) -> SlotReading:
    return read_slots(
        case["say"],
        now=datetime.fromisoformat(case.get("now", defaults["now"])),
        language=language,
        previous=case.get("prev", ""),
        default_region=case.get("region", defaults["region"]),
    )


def time_messages(turns: list[Turn]) -> tuple[float, float]:
    """(p50, p95) in microseconds per message."""
    taken = []
    for turn in turns:
        start = time.perf_counter()
        read_slots(turn.message, now=SGD_NOW, previous=turn.previous)
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def _print_dialogues(name: str, turns: list[Turn], *, errors: bool) -> None:
    scores, silent, false_alarms = score_dialogues(turns, errors=errors)
    print(f"{name}: {len(turns)} turns of callers")
    for slot, score in scores.items():
        if score.said:
            print(f"  {slot:11} said {score.said:4}  right {score.recall:7.2%}  precision {score.precision:7.2%}")
    print(
        f"  turns without a date, time or party size: {silent}, one read all the same in {false_alarms} "
        f"({false_alarms / silent:.2%})"
    )


def _print_sentences(language: str, *, errors: bool) -> None:
    sentences = read_sentences(language)
    for name, cases in (("tuned on", sentences.tuned), ("held out", sentences.held_out)):
        wrong = [case for case in cases if not is_right(case, read_case(case, sentences.defaults, language))]
        right = len(cases) - len(wrong)
        print(f"own sentences {language}, {name}: {right}/{len(cases)} wholly right ({right / len(cases):.1%})")
        if errors and name == "tuned on":
            for case in wrong:
                print(f"  {case['say']!r}: expected {case['is']}")


def main() -> None:
    errors = "--errors" in sys.argv
    turns: list[Turn] = []
    for name, file in FILES.items():
        path = DIALOGUES / file
        if path.exists():
            turns = list(read_turns(path))
            spoken = [Turn(as_spoken(turn.message), turn.previous, turn.informs) for turn in turns]
            _print_dialogues(f"SGD {name}", turns, errors=errors)
            _print_dialogues(f"SGD {name}, as spoken", spoken, errors=errors)
        else:
            print(f"SGD {name}: skipped, {path} is missing")
    for language in ("en", "de"):
        _print_sentences(language, errors=errors)
    if turns:
        p50, p95 = time_messages(turns[:1000])
        print(f"time per message: p50 {p50:.0f} µs, p95 {p95:.0f} µs")


if __name__ == "__main__":
    main()
