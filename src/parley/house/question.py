"""What a caller's line asks for: its kind, its search words, its days, and what it leaves to the turn before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from parley.house.clock import Span, asked_time, without_times
from parley.house.lexicon import Lexicon, stem

_GRADES = ("cheapest", "dearest", "lowest", "highest", "smallest", "largest")
_TYPED = frozenset({"price", "phone", "email", "duration", "distance", "size", "amount", "time", "place", "list"})
_HEADCOUNT = re.compile(r"\b\d+ (?:people|persons?|guests?|adults|of us|personen|leute|gäste|erwachsene)\b")
_BY_THEMSELVES = frozenset({"phone", "email", "place", "founded"})  # kinds that say enough without a word beside them


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `keys` must be found, `light` may be; `days` are weekdays, Monday 0; `kinds` the answer's kinds.

    `times` is the time of day a yes-or-no question asks about. `complete` says that it needs nothing from the turn
    before, even where it begins as if it did ("And when do you close?"). `verbs` may be missing from a rule.
    `loose`: the words come from a remark ("My card was declined, who do I call?"), so that some of them may be missing.
    """

    text: str
    kinds: tuple[str, ...]
    keys: tuple[str, ...]
    light: frozenset[str]
    days: tuple[int, ...] = ()
    times: tuple[Span, ...] = ()
    about_hours: bool = False
    follows: bool = False
    complete: bool = False
    promoted: bool = False
    scene: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    graded: bool = False
    loose: bool = False
    counted: str = ""

    @property
    def empty(self) -> bool:
        """Nothing to look for: no words, no day, no kind that says enough by itself."""
        return not (self.keys or self.days or self.about_hours or self.graded or _BY_THEMSELVES & set(self.kinds))

    @property
    def asks_whether(self) -> bool:
        """A yes-or-no question and nothing besides."""
        return set(self.kinds) == {"yesno"}


def read_parts(message: str, words: Lexicon, *, names: frozenset[str], today: str) -> list[Question]:
    """The questions of a line, in order, at most three; each inherits what it leaves out from the one before."""
    parts = [
        part.strip()
        for sentence in re.findall(r"[^?!]+[?!]*", message)
        for part in words.patterns["part"].split(sentence)
        if part.strip(" ?!.,")
    ]
    questions: list[Question] = []
    for part in parts or [message]:
        for question in _clauses(part, words, names=names, today=today):
            leans = questions and question.follows and not question.complete
            questions.append(inherit(question, questions[-1]) if leans else question)
    asking = [question for question in questions if not question.empty and question.kinds]
    return (asking or [question for question in questions if not question.empty] or questions)[:3]


def _clauses(part: str, words: Lexicon, *, names: frozenset[str], today: str) -> list[Question]:
    """A question with the remark before it: "I lost my keys, what does that cost?". Two where both ask something."""
    split = words.patterns["clause"].match(part)
    if not split:
        return [read_question(part, words, names=names, today=today)]
    remark, asked = (read_question(split.group(at), words, names=names, today=today) for at in (1, 2))
    if set(remark.kinds) - {"list"}:
        return [remark, asked]
    if not remark.keys and not remark.days:
        return [asked]
    if not asked.keys and not asked.about_hours:
        return [
            replace(
                asked,
                keys=remark.keys,
                scene=remark.scene,
                loose=True,
                follows=False,
                promoted=False,
                days=asked.days or remark.days,
            )
        ]
    keys = (*asked.keys, *(key for key in remark.keys if key not in asked.keys))
    days = asked.days or (remark.days if words.patterns["follow_up"].search(remark.text) else ())
    return [replace(asked, keys=keys, scene=asked.scene | frozenset(remark.keys) - set(asked.keys), days=days)]


def read_question(text: str, words: Lexicon, *, names: frozenset[str], today: str) -> Question:
    """`names` are stems of the business's and the agent's own name: they say nothing about what is asked."""
    lowered = text.lower().replace("’", "'").strip()
    kinds = tuple(kind for kind, rule in words.kinds if rule.search(lowered))
    about_hours = bool(words.patterns["hours_question"].search(lowered))
    if not kinds and about_hours and (asked_time(lowered) or asked_days(lowered, words, today)):
        kinds = ("time",) if words.patterns["hours_named"].search(lowered) else ("yesno",)
    times = asked_time(lowered) if set(kinds) & {"yesno", "time"} or not kinds else ()
    graded = without_times(lowered) if about_hours or "yesno" in kinds else lowered
    for pattern in _GRADES:
        graded = words.patterns[pattern].sub(" ", graded)
    announced = frozenset().union(*(words.announcing.get(kind, frozenset()) for kind in kinds))
    tokens = _joined_only(graded, words)
    relative = {part for phrase in words.relative_days for part in phrase.split()}
    keys: list[str] = []
    light: set[str] = set()
    for before, token in zip(["", *tokens], tokens, strict=False):
        if (
            token in words.stop
            or token in words.days
            or token in words.day_groups
            or ("age" in kinds and token.isdigit())
        ):
            continue
        key = stem(token.removesuffix("'s"), words.language)
        ourselves = token in words.businesses and before in words.definite
        if (
            ourselves
            or token in relative
            or (words.language == "en" and token.endswith("ly") and len(token) > 5 and token not in words.strong)
            or key in names
            or (_is_light(key, words.light | announced, words) and token not in words.strong | words.businesses)
            or (about_hours and key in words.open_words)
        ):
            light.add(key)
        elif key not in keys:
            keys.append(key)
    if not keys and not about_hours and set(kinds) <= {"list", "count"}:
        keys = sorted(light & names)
    if all(key.isdigit() for key in keys) and _HEADCOUNT.search(lowered):
        keys = []
    spoken = re.findall(r"[^\W\d_]+", re.sub(r"\bgibt es\b", "", lowered))
    pronoun = any(token in words.pronouns for token in spoken)
    follows = bool(words.patterns["follow_up"].search(lowered)) or (pronoun and not keys)
    days = asked_days(lowered, words, today)
    promoted = (
        not (keys or pronoun or about_hours or days)
        and not _BY_THEMSELVES & set(kinds)
        and bool(set(kinds) - {"yesno", "list"})
    )
    if promoted:
        keys = sorted(light - announced - names)
    return Question(
        text,
        kinds,
        tuple(keys),
        frozenset(light),
        days,
        times,
        about_hours,
        follows or not (keys or about_hours),
        bool(about_hours and kinds) or bool(keys and kinds and not pronoun and not promoted),
        promoted,
        _scene(tokens, keys, words),
        _verbs(text, lowered, kinds, times, words),
        any(words.patterns[pattern].search(lowered) for pattern in _GRADES),
        counted=_counted(lowered, keys, words),
    )


def _is_light(key: str, light: frozenset[str], words: Lexicon) -> bool:
    return key in light or (
        words.language == "de" and (key.removesuffix("t") in light or key.removesuffix("et") in light)
    )


def _counted(lowered: str, keys: Sequence[str], words: Lexicon) -> str:
    """The word right after "how many", where it is one to look for."""
    match = re.search(r"\b(?:how many|number of|wie ?viele|anzahl (?:der|von))\s+([^\W\d_]+)", lowered)
    key = stem(match.group(1), words.language) if match else ""
    return key if key in keys else ""


def _verbs(text: str, lowered: str, kinds: Sequence[str], times: Sequence[Span], words: Lexicon) -> frozenset[str]:
    """Verbs of "may I fly a drone?": what is asked is the rule about the thing, however the rule puts it.

    So with a question for a price or a time: the figure beside the thing answers it. An adjective is no verb: "vegan"
    must be found. German verbs stand last, and without a capital where a line has capitals at all.
    """
    whether = set(kinds) == {"yesno"}
    if whether and not (times or words.patterns["permission"].search(lowered)):
        return frozenset()
    if not whether and not _TYPED & set(kinds):
        return frozenset()
    capitals = any(character.isupper() for character in text[1:])
    if words.language == "en":
        found = re.findall(r"\b(?:i|we|you|they|he|she)\s+([a-z]+)\b", lowered)
    else:
        found = re.findall(r"\b([a-zäöüß]+e?n)\b(?=[^\w]*$|\s+lassen)", text if capitals else lowered)
    return frozenset(stem(verb, words.language) for verb in found)


def _scene(tokens: Sequence[str], keys: Sequence[str], words: Lexicon) -> frozenset[str]:
    """Keys that may be missing beside another: weak words, unless they qualify what follows ("room service")."""
    stems = ["" if token in words.stop else stem(token, words.language) for token in tokens]
    before = ["", *tokens]
    qualifying = {
        here
        for owner, here, following in zip(before, stems, stems[1:], strict=False)
        if following in keys and words.language == "en" and owner not in {"my", "our"}
    }
    return frozenset(key for key in keys if key in words.weak and key not in qualifying)


def inherit(question: Question, earlier: Question, *, both: bool = False) -> Question:
    """The question with what it leaves out taken from an earlier one: "and on Sundays?", "how much is it?".

    `both`: it adds to what was asked before ("and for children?" after the price of breakfast).
    """
    kinds = question.kinds
    if not set(kinds) - {"yesno"}:
        kinds = tuple(dict.fromkeys((*earlier.kinds, *kinds)))
    keys = question.keys or earlier.keys
    if both:
        keys = tuple(dict.fromkeys((*earlier.keys, *question.keys)))
    return replace(
        question,
        kinds=kinds,
        keys=keys,
        days=question.days or (earlier.days if not question.keys else ()),
        about_hours=question.about_hours
        or (earlier.about_hours and not question.keys and not set(question.kinds) - {"yesno", "time"}),
        follows=False,
    )


def asked_days(lowered: str, words: Lexicon, today: str) -> tuple[int, ...]:
    """Weekdays a line names, by name, as a group ("weekends") or from today's date."""
    tokens = re.findall(r"[^\W\d_]+", lowered)
    found = [words.days[token] for token in tokens if len(token) > 3 and token in words.days]
    for name, days in words.day_groups.items():
        if re.search(rf"\b{name}\b", lowered):
            found.extend(sorted(days))
    if not found and today:
        found.extend(_relative_day(lowered, words, today))
    return tuple(dict.fromkeys(found))


def _relative_day(lowered: str, words: Lexicon, today: str) -> Sequence[int]:
    try:
        weekday = date.fromisoformat(today[:10]).weekday()
    except ValueError:
        return ()
    for phrase in sorted(words.relative_days, key=len, reverse=True):
        if re.search(rf"(?<!guten )\b{phrase}\b", lowered):
            return ((weekday + words.relative_days[phrase]) % 7,)
    return ()


def _joined_only(lowered: str, words: Lexicon) -> list[str]:
    """Words where a term of several words stands for its parts."""
    tokens: list[str] = []
    whole = re.sub(
        r"\b([^\W\d_]+)-([^\W\d_]+)\b",
        lambda match: joined if stem(joined := match[1] + match[2], words.language) in words.related else match[0],
        lowered,
    )
    found = re.findall(r"[^\W_]+(?:'[^\W\d_]+|[.,:]\d+)*", whole)
    index = 0
    while index < len(found):
        for length in (3, 2):
            joined = words.terms.get(tuple(found[index : index + length]))
            if joined and index + length <= len(found):
                tokens.append(joined)
                index += length
                break
        else:
            tokens.append(found[index])
            index += 1
    return tokens
