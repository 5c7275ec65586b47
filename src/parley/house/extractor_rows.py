"""Lists of objects: what is said of several things alike, as rows.

A sentence is cut into pieces where another thing may begin, each piece is read for the cells of a row
(`extractor_cells`), and pieces that add to the same thing are put together: a piece that says again what the row
already has begins the next one. Rows come from the answer to the question for the list and what continues it, and from
other sentences only where what they say cannot be anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from parley.house.extractor_cells import Role, Roles, read_cells
from parley.house.extractor_freely import asks_for_matter
from parley.house.extractor_reading import Reading, proven
from parley.house.extractor_talk import Statement, polarity, unsure
from parley.understanding import Field, Finding, Row, Value, detect_language, find_numbers, fits, nested

MOST_ROWS = 50
_AND = re.compile(
    r"(?:\s*[,;]\s*(?:(?:and then|and|then|und dann|und|dann|plus|sowie)\s+)?|"
    r"\s+(?:and then|and|und dann|und|plus|sowie|then|dann|as well as)\s+)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"(?:also |another |noch |auch |make |then |dann |maybe |vielleicht |for )*(?:an?|one|my|our|the|some|"
    r"ein(?:e[nrms]?)?|"
    r"mein\w*|unser\w*|there|de[nr]|die|das|with|without|no|ohne|mit)\b|[A-ZÄÖÜ]",
)
_GOES_ON = re.compile(
    r"\b(?:anything else|something else|what else|else|more|next|and then|another|who else|noch (?:etwas|was|jemand|"
    r"ein)|sonst|außerdem|weitere\w*|und dann|got it|okay)\b[^.]*\?",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(?:both|all|each|every|beide\w*|alle\w*|je|jeweils|jede[rsnm]?)\b", re.IGNORECASE)
_SURE = frozenset({"phone", "email", "money", "time", "age", "option", "dose", "unit", "since", "origin", "relation"})
_BEFORE_NAMES = frozenset({"option", "relation", "count", "note"})
_ORDERS = re.compile(
    r"\b(?:order\w*|would you like|do you (?:need|want)|get you|bestell\w*|möchten sie|hätten sie gern|brauchen sie|"
    r"darf (?:es|'s) sein|verschicken|shipping|sending|buy)\b[^.]*\?",
    re.IGNORECASE,
)
_SURE_ALONE = frozenset({"phone", "email", "money", "option", "dose"})
_WISHES = re.compile(
    r"\b(?:get|like|want|have|order(?:ed)?|need|take|send|bring|hätte|möchte|nehme|brauche|bräuchte|bestell\w*|"
    r"wollte)\b",
    re.IGNORECASE,
)
_FEW = 3
_CLEARLY, _ENOUGH, _SHARE = 1.2, 0.8, 0.6


@dataclass(slots=True)
class _Made:
    """One row while it is put together: its cells, and the sentence of each."""

    cells: dict[str, tuple[Value, Statement]] = field(default_factory=dict)

    def takes(self, cells: dict[str, Value]) -> bool:
        return not any(name in self.cells and self.cells[name][0] != value for name, value in cells.items())

    def add(self, cells: dict[str, Value], one: Statement) -> None:
        self.cells |= {name: (value, one) for name, value in cells.items()}


def read_rows(reading: Reading, one: Field) -> Finding | None:
    """The rows of a list, with a finding of every cell; None where nobody spoke of any."""
    roles = Roles.of(one)
    made: list[_Made] = []
    goes_on = False
    for group in reading.matcher.talk.answers_by_line:
        asked = _asked(reading, one, group[0]) or (goes_on and bool(_GOES_ON.search(group[0].question)))
        rows = [row for row in _rows_of(reading, roles, group) if _stands(reading, one, roles, row, asked=asked)]
        sure = [row for row in rows if _typed(roles, row)]
        alone = len(sure) == 1 and not any(_roles_of(roles, row) & _SURE_ALONE for row in sure)
        elsewhere = _others(reading, one, group[0])
        if asked or (len(sure) >= 2 if elsewhere else rows and not (alone and len(rows) == 1)):
            made = _joined(made, rows, roles)
            goes_on = bool(rows)
        else:
            goes_on = False
    return _finding(one, made[:MOST_ROWS])


def _asked(reading: Reading, one: Field, first: Statement) -> bool:
    own = reading.matcher.asked(one.name, first)
    if unsure(first.text) or (polarity(first.line.text) == "no" and len(first.line.text.split()) <= 3):
        return False
    return own >= _ENOUGH and own >= _SHARE * reading.matcher.asked_of_others(one.name, first)


def _others(reading: Reading, one: Field, first: Statement) -> bool:
    """Whether the question is clearly about another field."""
    return reading.matcher.asked_of_others(one.name, first) >= _CLEARLY


def _rows_of(reading: Reading, roles: Roles, group: Sequence[Statement]) -> list[_Made]:
    made: list[_Made] = []
    for statement in group:
        if statement.text.rstrip().endswith("?") and not re.search(
            r"\b(?:can i|could i|may i|kann ich|könnte ich|get|have)\b", statement.text, re.IGNORECASE
        ):
            continue
        begun = len(made)
        for piece in pieces(statement.held(), reading.language):
            cells = _of_the_last(roles, read_cells(reading, roles, piece, statement), piece, made[begun:])
            if not cells:
                continue
            if _ALL.search(piece) and roles.head not in cells and made[begun:]:
                for row in made[begun:]:
                    row.add({name: value for name, value in cells.items() if name not in row.cells}, statement)
            elif _continues(made, begun, roles, cells):
                made[-1].add(cells, statement)
            else:
                row = _Made()
                row.add(cells, statement)
                made.append(row)
    return made


def _of_the_last(roles: Roles, cells: dict[str, Value], piece: str, made: Sequence[_Made]) -> dict[str, Value]:
    """Two burgers, "one without onions": a note on the last thing, that counts some of it."""
    notes = [name for name, (_, role) in roles.columns.items() if role == "note" and name in cells]
    kin = [name for name, (_, role) in roles.columns.items() if role == "relation"]
    if cells.keys() <= {*kin} and len(piece.split()) > _FEW:
        return {}  # "my son opened the door" says who somebody else is
    if notes and made and roles.head not in cells and len(cells) > 1:
        return {notes[0]: piece.strip(" ,.")}
    return cells


def _continues(made: Sequence[_Made], begun: int, roles: Roles, cells: dict[str, Value]) -> bool:
    """Whether a piece goes on about the last row: in its own sentence, or by cells alone that the row lacks."""
    if not made or not made[-1].takes(cells):
        return False
    notes = {name for name, (_, role) in roles.columns.items() if role == "note"}
    if roles.head in cells:  # "there was a witness, Maria Lopez"
        before = {roles.columns[name][1] for name in made[-1].cells}
        return len(made) > begun and before <= _BEFORE_NAMES
    return len(made) > begun or cells.keys() <= notes


def pieces(text: str, language: str) -> list[str]:
    """A sentence where another thing may begin. "hot and sour soup" stays whole beside things that are counted."""
    counts = {number.start for number in find_numbers(text, detect_language(text, language))}
    found: list[str] = []
    begun = 0
    for match in _AND.finditer(text):
        plain = "," in match.group() or ";" in match.group()
        if plain or not counts or match.end() in counts or _BEGINS.match(text, match.end()):
            found.append(text[begun : match.start()])
            begun = match.end()
    return [part for part in (*found, text[begun:]) if part.strip(" .,!?")]


def _roles_of(roles: Roles, row: _Made) -> set[Role]:
    return {roles.columns[name][1] for name in row.cells if name != roles.head}


def _typed(roles: Roles, row: _Made) -> bool:
    """Whether a row says something of a thing that is no count and no bare name."""
    return roles.head in row.cells and any(roles.columns[name][1] in _SURE for name in row.cells if name != roles.head)


def _stands(reading: Reading, one: Field, roles: Roles, row: _Made, *, asked: bool) -> bool:
    """Whether a row is one: it names its thing, and was asked for or says more than its name."""
    if not row.cells or (roles.head and roles.head not in row.cells):
        return False
    if asked or _typed(roles, row):
        return True
    first = next(iter(row.cells.values()))[1]
    named = roles.columns[roles.head][1] == "option" if roles.head else False
    orders = bool(_ORDERS.search(first.question))
    opens = orders or ((asks_for_matter(first.question) or not first.question) and bool(_WISHES.search(first.text)))
    return len(row.cells) > 1 and (named or opens) and not _others(reading, one, first)


def _joined(made: list[_Made], rows: Sequence[_Made], roles: Roles) -> list[_Made]:
    """The rows with the new ones; what is said of a thing a second time takes the place of the first."""
    for row in rows:
        name = str(row.cells[roles.head][0]).casefold() if roles.head in row.cells else ""
        known = next(
            (one for one in made if name and str(one.cells.get(roles.head, ("",))[0]).casefold() == name), None
        )
        if known is None:
            made.append(row)
        else:
            known.cells |= row.cells
    return made


def _finding(one: Field, made: Sequence[_Made]) -> Finding | None:
    if not made:
        return None
    paths = {column.name: column.path for column in one.columns if column.path}
    rows: list[Row] = []
    parts: dict[str, Finding] = {}
    for place, row in enumerate(made):
        values = {
            column.name: row.cells[column.name][0] if column.name in row.cells else None for column in one.columns
        }
        rows.append(nested(values, paths))
        parts |= {f"[{place}].{name}": proven(value, said, 0.75) for name, (value, said) in row.cells.items()}
    if fits(one, rows) is None:
        return None
    first = next(iter(made[0].cells.values()))[1]
    return Finding(rows, first.quote(), first.line.id, 0.75, parts)
