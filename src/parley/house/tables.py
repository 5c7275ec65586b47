"""Reads the rows of a table, or lines that name each of their values, as records: cells with labels, and a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Cells = tuple[tuple[str, str], ...]

_CELL = re.compile(r"^\s*[^\W\d_][^:|]{0,40}:\s")
_RULE = re.compile(r"^[\s|:=_*-]{3,}$")
_CODE = re.compile(r"^(?=.*\d)[^\s,]+$")
_MOST_NAMING = 3  # cells that together tell a record from its neighbours


@dataclass(frozen=True, slots=True)
class Record:
    """A row: its cells as (label, value), and what it is called: as much of it as no other row shares."""

    name: str
    cells: Cells


def is_row(line: str, following: str) -> bool:
    """Whether a line begins a table: two bars, or one where the next line has one too or both sides name a value."""
    bars = line.count("|")
    return bars >= 2 or (bars == 1 and ("|" in following or all(_CELL.match(cell) for cell in line.split("|"))))


def read_table(lines: Sequence[str]) -> tuple[str, list[Record]]:
    """The name of the first column, "" for lines that name their values, and the records, in order."""
    rows = [_cells(line) for line in lines if not _RULE.match(line)]
    rows = [row for row in rows if any(row)]
    if not rows:
        return "", []
    if all(_CELL.match(cell) for row in rows for cell in row if cell):
        named = [_labelled(row) for row in rows]
        return "", _records([cells for cells in named if cells])
    header, body = (rows[0], rows[1:]) if len(rows) > 1 and not any(map(_is_figure, rows[0])) else ((), rows)
    names = [*header, *[""] * max(map(len, rows))]
    named = [tuple((names[at], cell) for at, cell in enumerate(row) if cell) for row in body]
    return (header[0] if header else ""), _records([cells for cells in named if cells])


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|"))


def _labelled(row: Sequence[str]) -> Cells:
    split = [(label.strip(), value.strip()) for label, _, value in (cell.partition(":") for cell in row)]
    return tuple((label, value) for label, value in split if value)


def _is_figure(cell: str) -> bool:
    return bool(re.search(r"[€$£]\s?\d|\d[.,]\d|\d\s?[€$£]", cell))


def _records(rows: Sequence[Cells]) -> list[Record]:
    return [Record(_name(cells, _naming(cells, rows)), cells) for cells in rows]


def _naming(cells: Cells, rows: Sequence[Cells]) -> list[str]:
    """The first values of a row, as few as no other row shares; the first alone where that never happens."""
    values = [value for _, value in cells]
    for count in range(1, _MOST_NAMING + 1):
        if sum([value for _, value in other[:count]] == values[:count] for other in rows) == 1:
            return values[:count]
    return values[:1]


def _name(cells: Cells, values: Sequence[str]) -> str:
    """ "Flat Q-17" or "A-102, 27 Heron Court" for what goes by a code, "Vaccination (dog)" for a shared first value."""
    if _CODE.match(cells[0][1]) and len(cells) > 1:
        second = cells[1][1]
        plain = not any(character.isdigit() for character in second) and len(second.split()) <= 3
        return f"{second} {cells[0][1]}" if plain else f"{cells[0][1]}, {second}"
    if len(values) == 1:
        return values[0]
    bare = all("(" not in value for value in values)
    return f"{values[0]} ({', '.join(values[1:])})" if bare else ", ".join(values)
