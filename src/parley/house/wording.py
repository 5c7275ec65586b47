"""The responder's own phrases: one file per language, variants chosen by the turn, never at random."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zlib import crc32

from parley.inference.facts import Facts
from parley.kit.yaml_text import load_yaml


@dataclass(frozen=True, slots=True)
class Wording:
    """Phrases of one language for one turn; the same turn always gets the same variant."""

    data: Any
    seed: int

    def say(self, name: str, /, **values: object) -> str:
        """A variant of the phrase `name`, "outcome.booked" for a nested one, its braces filled."""
        phrase: Any = self.data
        for part in name.split("."):
            phrase = phrase[part]
        variants = [phrase] if isinstance(phrase, str) else phrase
        chosen: str = variants[(self.seed + crc32(name.encode())) % len(variants)]
        return _fill(chosen, values)

    def has(self, name: str) -> bool:
        """Whether there is a phrase of that name."""
        phrase: Any = self.data
        for part in name.split("."):
            if not isinstance(phrase, dict) or part not in phrase:
                return False
            phrase = phrase[part]
        return True

    def join(self, items: Sequence[str], *, always_commas: bool = False, link: str = "and") -> str:
        """ "a, b and c"; items that hold commas are set apart by semicolons."""
        if len(items) < 2:
            return "".join(items)
        mark = "; " if not always_commas and any("," in item for item in items) else ", "
        return f"{mark.join(items[:-1])}{';' if mark == '; ' else ''} {self.data[link]} {items[-1]}"

    def in_text(self, label: str) -> str:
        """A label inside a sentence: lower-case in English, as it is in German."""
        named = label.split(" ")[0] in {*self.data["months"], *self.data["day_names"]}
        lowers = self.data["labels_lower"] and label[:1].isupper() and not (label[1:2].isupper() or named)
        return label[:1].lower() + label[1:] if lowers else label

    def counted(self, name: str, count: object) -> str:
        """A phrase with a number in it, in the singular for one."""
        one = f"{name}_one"
        return self.say(one if str(count) == "1" and self.has(one) else name, count=count)

    def spoken_time(self, value: object) -> str:
        """ "7:30 pm", "19:30 Uhr" for a time of day like "19:30", the value as it is for anything else."""
        match = re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)(?::00)?", str(value))
        if not match:
            return str(value)
        hour, minutes = int(match[1]) % 24, match[2]
        if not self.data["half_days"]:
            return f"{hour}:{minutes} Uhr" if minutes != "00" else f"{hour} Uhr"
        shown = f"{hour % 12 or 12}:{minutes}" if minutes != "00" else f"{hour % 12 or 12}"
        return f"{shown} {'am' if hour < 12 else 'pm'}"

    def spoken_moment(self, value: object) -> str:
        """A date, a time of day or both."""
        match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)\S*", str(value))
        if not match:
            return self.spoken_time(self.spoken_date(value))
        time = self.say("what.time", time=self.spoken_time(match[2]))
        return f"{self.spoken_date(match[1])} {time}"

    def spoken_amount(self, value: object) -> str:
        """ "1,480 EUR" with the thousands set apart as in the language: "1.480 EUR"."""
        return re.sub(r"(?<=\d),(?=\d{3}\b)", self.data["thousands"], str(value))

    def spoken_date(self, value: object) -> str:
        """ "Saturday, 21 November" for an ISO date, the value as it is for anything else."""
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            return str(value)
        form: str = self.data["date_form"]
        return form.format(
            weekday=self.data["day_names"][day.weekday()], month=self.data["months"][day.month - 1], day=day.day
        )


def wording(facts: Facts, day_names: Sequence[str], language: str) -> Wording:
    """The phrases for this turn."""
    seed = crc32(facts.message.encode("utf-8", "replace")) + 7 * len(facts.heard)
    return Wording({**phrases(language), "day_names": day_names}, seed)


@lru_cache
def phrases(language: str) -> dict[str, Any]:
    """The phrases of a language, with its patterns of small talk compiled."""
    data = load_yaml((files("parley.house") / "phrases" / f"{language}.yaml").read_text(encoding="utf-8"))
    for part in ("understood", "requests"):
        data[part] = {name: re.compile(rule, re.I) for name, rule in data[part].items()}
    rules = (
        "hotel",
        "yes_no_starts",
        "price_label",
        "duration_label",
        "counted_label",
        "asks_fact",
        "what_for",
        "rhetorical",
        "acts",
        "gift",
        "gift_of",
    )
    return {**data, **{name: re.compile(data[name], re.I) for name in rules}}


def _fill(phrase: str, values: dict[str, object]) -> str:
    """Fills known braces in one pass, so that braces in a value stay text."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match.group(1), match.group())), phrase)
