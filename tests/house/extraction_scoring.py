"""Transcripts with what a careful person would write down of them, and how a reading is held against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parley.house import Extractor
from parley.kit.yaml_text import load_yaml
from parley.understanding import (
    Extracted,
    Line,
    Schema,
    builtin_schema,
    parse_schema,
    read_transcript,
    with_emergency,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("America/New_York"))
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One transcript. `gold`: field → the right value, or a list of right ones; a field left out is null."""

    id: str
    lines: tuple[Line, ...]
    schema: Schema
    gold: Mapping[str, Any]
    region: str


@cache
def cases(part: str) -> tuple[Case, ...]:
    """Those of "tuning", "heldout", "strangers", "unseen", "newcomers", "sealed", "outsiders" or "visitors"."""
    rows = load_yaml((HERE / f"extraction_{part}.yaml").read_text(encoding="utf-8"))
    return tuple(_case(row) for row in rows)


def _case(row: Mapping[str, Any]) -> Case:
    lines = read_transcript(row.get("transcript") or row["messages"])
    schema = parse_schema(row["schema"]) if "schema" in row else builtin_schema(row["scenario"])
    region = "DE" if any(word in lines[0].text for word in ("guten", "Guten", "Autohaus")) else "US"
    return Case(row["id"], lines, schema, row["gold"], region)


async def read(extractor: Extractor, case: Case) -> Extracted:
    """What the extractor finds, with every field that either side speaks of."""
    found = await extractor.extract(case.lines, case.schema, now=NOW, region=case.region)
    wanted = with_emergency(case.schema) if _turns(case) else case.schema
    values = {one.name: found.values.get(one.name) for one in wanted.fields} | dict(found.values)
    return Extracted(values, found.evidence, found.by)


def _turns(case: Case) -> bool:
    return case.schema.name == "check_in" and "emergency_type" in case.gold


def verdicts(case: Case, found: Extracted) -> Iterator[tuple[str, bool, bool]]:
    """(field, whether it is right, whether gold is null) for every field, and for every cell of rows."""
    for name, value in found.values.items():
        gold = case.gold.get(name)
        if _is_rows(gold) or _is_rows(value):
            wanted, made_of = _rows(gold), _rows(value)
            columns = {each for row in (*wanted, *made_of) for each in row}
            for row, made in _paired(wanted, made_of):
                for column in sorted(columns):
                    want, got = row.get(column), made.get(column)
                    if want is not None or got is not None:
                        yield f"{name}[].{column}", right(want, got), want is None
        else:
            yield name, right(gold, value), gold is None


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _rows(value: Any) -> list[Any]:
    return value if _is_rows(value) else []


def _paired(gold: list[Any], made: list[Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each row that is wanted beside the one most like it; those of either side alone beside an empty one."""
    left = list(made)
    for row in gold:
        alike = [sum(right(want, one.get(key)) for key, want in row.items()) for one in left]
        best = max(range(len(left)), key=alike.__getitem__) if any(alike) else None
        yield row, left.pop(best) if best is not None else {}
    for one in left:
        yield {}, one


def right(gold: Any, value: Any) -> bool:
    """Whether `value` is one of the right ones: texts by all the words of one of them, all else by equality."""
    return any(_equal(one, value) for one in (gold if isinstance(gold, list) else [gold]))


def _equal(gold: Any, value: Any) -> bool:
    if gold is None or value is None:
        return gold is None and value is None
    if isinstance(gold, bool) or isinstance(value, bool):
        return gold is value
    if isinstance(gold, list):
        return isinstance(value, list) and len(gold) == len(value) and all(map(_equal, sorted(gold), sorted(value)))
    if isinstance(gold, int | float):
        return bool(gold == value)
    said = str(value).lower()
    return all(word in said for word in str(gold).lower().split())
