"""Reads a passage into units: the sentences, list items, table rows and pairs an answer can be made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from parley.house.hours import day_rows
from parley.house.lexicon import Lexicon, lexicon
from parley.house.tables import is_row, read_table
from parley.inference.facts import Passage
from parley.kit.sentences import split_sentences

Form = Literal["sentence", "item", "pair", "row", "answer"]

_UNITS = (
    r"€|\$|£|EUR\b|[Ee]uros?\b|USD\b|GBP\b|CHF\b|[Dd]ollars?\b|[Pp]ounds?\b|[Cc]ents?\b|%|[Pp]ercent\b|[Pp]rozent\b"
)
MONEY = re.compile(
    rf"(?:[€$£]\s?\d[\d.,]*\d|[€$£]\s?\d|\b\d[\d.,'’]*\s?(?:{_UNITS})|"
    r"\b\d+[.,]\d{2}\b(?!\s?(?:Uhr|h\b|[-–]))|(?:EUR|USD|GBP|CHF)\s?\d[\d.,]*)"
)
PRICE_AT_END = re.compile(
    r"[\s:–—.…|-]*?((?:[€$£]|EUR|USD|GBP|CHF)?\s?\d[\d.,]*(?:,-|,–)?\s?(?:€|\$|£|EUR|Euro|euros?|USD|GBP|CHF)?)"
    r"\s*[.]?$"
)
OPENS_WITH_PRONOUN = re.compile(
    r"^(?:it|they|this|these|that|those|he|she|es|er|diese[rs]?|dies|dort|davon|"
    r"sie (?:ist|sind|hat|haben|kostet|kosten|wird|werden))\b",
    re.I,
)
LEAVES_OUT = re.compile(
    r"^(?:nothing|no one|nobody|everything|everyone|all|no|any|the|every) (?:else|others?)\b|^otherwise\b|"
    r"^(?:sonst|ansonsten|alle (?:anderen|übrigen)|alles (?:andere|übrige)|die (?:anderen|übrigen)|kein(?:e|"
    r"es)? (?:andere|weitere)[sn]?|"
    r"nichts anderes|im übrigen)\b",
    re.I,
)
"""A sentence that speaks of all but what the one before it named: half of the truth by itself."""
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_BOLD = re.compile(r"^(?:\*\*|__)(.+?)(?:\*\*|__):?$")
_BULLET = re.compile(r"^\s*(?:[-*•·+▪–]|\d{1,2}[.)])\s+(.*)$")
_QUESTION = re.compile(r"^(?:\*\*)?(?:Q|Question|Frage|F)\s*\d*\s*[:.)]\s*(?:\*\*)?\s*(.+)$", re.I)
_ANSWER = re.compile(r"^(?:\*\*)?(?:A|Answer|Antwort)\s*\d*\s*[:.)]\s*(?:\*\*)?\s*(.+)$", re.I)
_PAIR = re.compile(r"^([^\W\d_](?:\([^()]{1,30}\)|[^:.!?|(]){1,48}?)\s*(?::\s+|\s[–—-]\s+(?=\D))(\S.*)$")
_LABELS = re.compile(r"(?:^|(?<=[.;!])\s+)([^\W\d_](?:\([^()]{1,30}\)|[\w &/'’-]){2,40}):\s+")
_LABEL_NOTE = re.compile(r"^(.*?)\s*\(([^()]*\d[^()]*)\)$")
_REMARK_LAST = re.compile(r"^(.*\S)\s+(\([^()]*\))[.;,]?$")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_`](?=\S)|(?<=\S)[*_`](?!\w)")
_LEGEND = re.compile(
    r"\((\w{1,3})\)\s*(?:is|are|=|:|–|-|means|stands for|ist|sind|bedeutet|steht für)\s*([\w-]+(?: [\w-]+)?)", re.I
)
_MARK = re.compile(r"\(((?:\w{1,3}[,/ ]{0,2}){1,5})\)")
_RULE = re.compile(r"^[\s|:=_*-]{3,}$")


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing a passage says. `text` is the document's own words; `label` is a pair's key or an FAQ's question.

    `section` holds the headings above it, outermost first; `lead` is the line that opens its record, `header` the name
    of a table's first column, `siblings` the number of units of its passage; `record` marks a
    value of a line that names all its values. The stem sets are what a question is
    matched with: the unit's own words and its label's, those of its headings and record, those of its paragraph, those
    of its document's title, and those of all its section.
    """

    text: str
    form: Form
    label: str
    section: tuple[str, ...]
    title: str
    source: str
    paragraph: int
    order: int
    own: frozenset[str] = frozenset()
    head: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()
    lead: str = ""
    header: str = ""
    siblings: int = 0
    record: bool = False

    @property
    def heading(self) -> str:
        """The innermost heading, "" where there is none."""
        return self.section[-1] if self.section else ""


@dataclass(slots=True)
class _Reader:
    words: Lexicon
    title: str
    source: str
    section: list[tuple[int, str]] = field(default_factory=list)
    paragraph: int = 0
    asked: str = ""
    units: list[Unit] = field(default_factory=list)

    def add(
        self,
        text: str,
        form: Form,
        label: str = "",
        below: Sequence[str] = (),
        lead: str = "",
        header: str = "",
        *,
        record: bool = False,
    ) -> None:
        text = _MARKS.sub("", text).strip(" \t|")
        if not text or self.words.instructions.search(text):
            return
        if form == "item":
            text = _price_last(text)
        section = (*(name for _, name in self.section), *below)
        self.units.append(
            Unit(
                text,
                form,
                label,
                section,
                self.title,
                self.source,
                self.paragraph,
                len(self.units),
                lead=lead,
                header=header,
                record=record,
            )
        )

    def open_section(self, level: int, name: str) -> None:
        name = _MARKS.sub("", name).strip(" :")
        name = name.capitalize() if name.isupper() and len(name) > 4 else name
        known = [index for index, (_, open_name) in enumerate(self.section) if open_name == name]
        if known:  # the passage repeats a heading that came with it
            del self.section[known[0] :]
        while self.section and self.section[-1][0] >= level:
            self.section.pop()
        if name and not self.words.instructions.search(name):
            self.section.append((level, name))
        self.paragraph += 1
        self.asked = ""

    def prose(self, text: str, below: Sequence[str] = ()) -> None:
        for sentence in split_sentences(text, self.words.language):
            if sentence.endswith("?"):
                self.asked = sentence
            elif self.asked:
                self.add(sentence, "answer", self.asked, below)
            else:
                self.add(sentence, "sentence", "", below)

    def pair(self, label: str, value: str, *, opens: bool = True) -> None:
        """A label and its value; where the label `opens` the line, what follows the value belongs to it too."""
        label = _MARKS.sub("", label).strip()
        priced = split_priced(value)
        if priced:
            if note := _LABEL_NOTE.match(label):
                label = note.group(1)
                self.add(note.group(2), "pair", label)
            for item in priced:
                self.add(item, "item", below=(label,))
            return
        first, *rest = split_sentences(value, self.words.language) or [value]
        self.add(first, "pair", label)
        for sentence in rest:
            self.add(sentence, "sentence", below=(label,) if opens else (), lead=first if opens else "")

    def table(self, lines: Sequence[str]) -> None:
        """Rows of days stay lines of hours; any other row is a record, each of its values a pair."""
        header, records = read_table([_MARKS.sub("", line) for line in lines])
        for record in records:
            label, first = record.cells[0]
            values = [f"{name} {value}".strip() for name, value in record.cells[1:]]
            if day_rows(f"{first}: 9:00", self.words.language) or not any(name for name, _ in record.cells):
                values = [value for _, value in record.cells[1:]] if len(values) == 1 else values
                self.add(f"{first}: {', '.join(values)}" if values else first, "row", first, header=header)
                continue
            self.paragraph += 1
            whole = " ".join(f"{name} {value}" for name, value in record.cells)
            for name, value in record.cells:
                if name or value != first:
                    self.add(value, "pair", name or label, below=(record.name,), lead=whole, record=True)


def read(passage: Passage, language: str) -> tuple[Unit, ...]:
    """The units of a passage, in its order."""
    return _read(passage.title, passage.heading, passage.source, passage.content, lexicon(language).language)


@lru_cache(maxsize=1024)
def _read(title: str, heading: str, source: str, content: str, language: str) -> tuple[Unit, ...]:
    words = lexicon(language)
    reader = _Reader(words, title, source)
    path = [part for part in re.split(r"\s+[>›]\s+", heading) if part.strip()]
    if path and re.match(rf"{re.escape(path[-1])}\s*:\s*\S", content):
        path.pop()  # the content opens with a label that was taken for a heading
    for level, name in enumerate(path):
        reader.open_section(level - 9, name)
    lines = _unwrapped(content.replace("\r", "").split("\n"))
    index = 0
    while index < len(lines):
        rows = _table_lines(lines[index:])
        if rows:
            reader.table(rows)
        else:
            _read_line(reader, lines[index].strip(), _neighbour(lines, index, -1), _next_text(lines, index))
        index += len(rows) or 1
    return tuple(_with_stems(reader.units, words))


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """Lines where one that only continues the line before it is joined to it."""
    joined: list[str] = []
    for line in lines:
        text, before = line.strip(), joined[-1].strip() if joined else ""
        whole = not text or not before or before[-1] in ".!?:;|" or "|" in text or before.startswith("#")
        starts = _BULLET.match(line) or _HEADING.match(text) or _QUESTION.match(text) or _ANSWER.match(text)
        if whole or starts or not (text[0].islower() or (len(before) >= 60 and not _PAIR.match(text))):
            joined.append(line)
        else:
            joined[-1] = f"{joined[-1].rstrip()} {text}"
    return joined


def _table_lines(lines: Sequence[str]) -> list[str]:
    if not is_row(lines[0], _neighbour(lines, 1, 0)):
        return []
    return [line.strip() for line in takewhile(lambda line: "|" in line or _RULE.match(line.strip()), lines)]


def _neighbour(lines: Sequence[str], index: int, step: int) -> str:
    return lines[index + step].strip() if 0 <= index + step < len(lines) else ""


def _next_text(lines: Sequence[str], index: int) -> str:
    return next((line.strip() for line in lines[index + 1 : index + 4] if line.strip()), "")


def _read_line(reader: _Reader, line: str, before: str, after: str) -> None:
    if not line:
        reader.paragraph += 1
        if not after:
            reader.asked = ""
    elif _RULE.match(line):
        reader.paragraph += 1
    elif heading := _heading(line, before, after):
        reader.open_section(*heading)
    elif match := _QUESTION.match(line):
        reader.paragraph += 1
        reader.asked = match.group(1)
        if "?" in reader.asked[:-1]:
            asked, _, answer = reader.asked.partition("?")
            reader.asked = f"{asked}?"
            reader.prose(answer)
    elif reader.asked and (match := _ANSWER.match(line)):
        reader.prose(match.group(1))
        reader.asked = ""
    else:
        _read_text(reader, line)


def _heading(line: str, before: str, after: str) -> tuple[int, str] | None:
    if match := _HEADING.match(line):
        return len(match.group(1)), match.group(2)
    if match := _BOLD.match(line):
        return 7, match.group(1)
    if _BULLET.match(line) or not after:
        return None
    if line.endswith(":") and len(line) <= 60:
        return 8, line
    short = len(line.split()) <= 6 and line[0].isupper() and line[-1] not in ".!?,;" and ":" not in line
    if short and not before and not any(c.isdigit() for c in line) and not _HEADING.match(after):
        return 7, line
    return None


def _read_text(reader: _Reader, line: str) -> None:
    bullet = _BULLET.match(line)
    text = _MARKS.sub("", bullet.group(1) if bullet else line)
    labels = list(_LABELS.finditer(text))
    if len(labels) > 1:
        if text[: labels[0].start()].strip():
            reader.prose(text[: labels[0].start()])
        opens = labels[0].start() == 0
        for label, following in zip(labels, [*labels[1:], None], strict=True):
            reader.pair(label.group(1), text[label.end() : following.start() if following else None], opens=opens)
    elif (
        (match := _PAIR.match(text)) and len(match.group(1).split()) <= 6 and not PRICE_AT_END.fullmatch(match.group(2))
    ):
        reader.pair(match.group(1), match.group(2))
    elif bullet or (len(text) < 90 and text[-1] not in ".!?"):
        several = len(split_sentences(text, reader.words.language)) > 1
        if len(text) < 200 and not (several and text[-1] in ".!"):
            reader.add(text, "item", reader.asked)
        else:
            reader.prose(text)
    else:
        reader.prose(text)


def split_priced(text: str) -> list[str]:
    """The items of "Soup 6, Salad (mixed, large) 7.50": parts that each end in a price; [] for any other text."""
    parts = [
        _price_last(part.strip())
        for part in re.split(r"[;,]\s+(?![^()]*\))|\.\s+(?=[A-ZÄÖÜ])|\s\|\s", text.strip(" ."))
        if part.strip()
    ]
    priced = [part for part in parts if (match := PRICE_AT_END.search(part)) and match.start() > 1]
    return parts if len(parts) >= 2 and len(priced) == len(parts) else []


def _price_last(text: str) -> str:
    """ "Salad 6.40 (vegan)" as "Salad (vegan) 6.40"."""
    remark = _REMARK_LAST.match(text)
    price = PRICE_AT_END.search(remark.group(1)) if remark else None
    if not remark or not price or price.start() < 2:
        return text
    return f"{remark.group(1)[: price.start()]} {remark.group(2)}{remark.group(1)[price.start() :]}"


def _with_stems(units: Sequence[Unit], words: Lexicon) -> Iterator[Unit]:
    paragraphs: dict[int, set[str]] = {}
    sections: dict[tuple[str, ...], set[str]] = {}
    own = [words.stems(f"{unit.text} {unit.label}" if unit.form != "row" else unit.text) for unit in units]
    own = [
        stems - words.stems(unit.heading) | words.stems(unit.label) if unit.record else stems
        for unit, stems in zip(units, own, strict=True)
    ]
    for unit, stems in zip(units, own, strict=True):
        paragraphs.setdefault(unit.paragraph, set()).update(stems)
        sections.setdefault(unit.section, set()).update(stems)
    for unit, stems in zip(units, own, strict=True):
        yield Unit(
            unit.text,
            unit.form,
            unit.label,
            unit.section,
            unit.title,
            unit.source,
            unit.paragraph,
            unit.order,
            own=stems,
            head=words.stems(" ".join((*unit.section, unit.lead, unit.header))),
            near=frozenset(paragraphs[unit.paragraph]) if unit.form in {"sentence", "answer", "pair"} else frozenset(),
            around=words.stems(unit.title),
            wide=frozenset(sections[unit.section])
            if unit.form in {"sentence", "answer"} and unit.section
            else frozenset(),
            lead=unit.lead,
            header=unit.header,
            siblings=len(units),
            record=unit.record,
        )


def with_legend(units: Sequence[Unit], language: str) -> list[Unit]:
    """Units whose marks are read by the document's own legend: "(vg) is vegan" makes "Minestrone (vg)" vegan."""
    words = lexicon(language)
    marks: dict[str, frozenset[str]] = {}
    legends: set[Unit] = set()
    for unit in units:
        for mark, meaning in _LEGEND.findall(f"{unit.label}: {unit.text}" if unit.form == "pair" else unit.text):
            marks[mark.lower()] = words.stems(meaning)
            legends.add(unit)
    if not marks:
        return list(units)
    return [_marked(unit, marks) for unit in units if unit not in legends]


def _marked(unit: Unit, marks: Mapping[str, frozenset[str]]) -> Unit:
    carried = [
        marks[mark.lower()]
        for group in _MARK.findall(unit.text)
        for mark in re.split(r"[,/ ]+", group)
        if mark.lower() in marks
    ]
    return replace(unit, own=unit.own.union(*carried)) if carried else unit
