"""CSV and JSON as text that reads like a document: one row or record per line, keys beside their values."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from parley.knowledge.parse_limits import Budget, refused, too_large
from parley.knowledge.parse_text import decode, labelled_row, normalise, one_line

_DELIMITERS = ",;\t|"
_CAMEL = re.compile(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])")
_NUMBER = re.compile(r"[-+€$£(]?\s*\d")


def read_csv(data: bytes, budget: Budget) -> str:
    """One line per row, "Header: value | Header: value"; "a | b" where the first row is no header."""
    text = normalise(decode(data))
    if not text:
        return ""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(text))
    lines: list[str] = []
    try:
        names: list[str] | None = None
        for number, row in enumerate(reader):
            if len(row) > budget.limits.max_columns:
                raise too_large(f"it has more than {budget.limits.max_columns:,} columns")
            if number % 1_000 == 0:
                budget.check_time()
            cells = [one_line(cell) for cell in row]
            if names is None and any(cells):
                names = [cell[:80] for cell in cells] if _is_header(cells) else []
                if names:
                    continue
            if line := labelled_row(names or [], cells):
                lines.append(budget.take(line))
        if not lines and names:
            lines = [" | ".join(names)]
    except csv.Error as error:
        raise refused(f"the CSV cannot be read ({error})", "corrupt") from None
    return "\n".join(lines)


def _delimiter(text: str) -> str:
    """The delimiter found equally often, and most often, in the first lines."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:100_000].splitlines()[:20] if line.strip()]

    def evidence(delimiter: str) -> tuple[float, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=counts.count)
        return (counts.count(usual) / len(counts) if usual else 0.0), usual

    return max(_DELIMITERS, key=evidence)


def _is_header(cells: list[str]) -> bool:
    """Names only: no cell is empty or a number, and no two are the same."""
    named = [cell for cell in cells if cell]
    return len(named) >= max(1, len(cells) - 1) and len(set(named)) == len(named) and not any(map(_NUMBER.match, named))


def read_json(data: bytes, budget: Budget) -> str:
    """Objects as "Key: value" lines under headings, an array of records as one line per record."""
    if len(data) > budget.limits.max_markup_bytes:
        raise too_large(f"JSON over {budget.limits.max_markup_bytes // 1_000_000} MB is not read")
    if data.count(b"[") + data.count(b"{") > budget.limits.max_containers:
        raise too_large(f"its JSON has more than {budget.limits.max_containers:,} arrays and objects")
    try:
        value = json.loads(decode(data))
    except RecursionError:
        raise _too_deep(budget) from None
    except ValueError as error:
        raise refused(f"it is not valid JSON ({error})", "corrupt") from None
    return normalise("\n".join(_blocks(value, 1, budget)))


def _too_deep(budget: Budget) -> Exception:
    return too_large(f"its JSON is nested deeper than {budget.limits.max_depth} levels")


def _blocks(value: Any, level: int, budget: Budget) -> Iterator[str]:
    if level > budget.limits.max_depth:
        raise _too_deep(budget)
    if isinstance(value, Mapping):
        yield from _object(value, level, budget)
    elif isinstance(value, list):
        yield from _array(value, level, budget)
    elif (text := _scalar(value)) != "":
        yield budget.take(text)


def _object(value: Mapping[str, Any], level: int, budget: Budget) -> Iterator[str]:
    budget.check_time()
    nested = {}
    for key, item in value.items():
        if (text := _short(item)) is None:
            nested[key] = item
        elif text:
            yield budget.take(f"{_name(key)}: {text}")
    for key, item in nested.items():
        yield budget.take(f"\n{'#' * min(level, 6)} {_name(key)}\n")
        yield from _blocks(item, level + 1, budget)


def _array(values: list[Any], level: int, budget: Budget) -> Iterator[str]:
    for number, item in enumerate(values):
        if number % 1_000 == 0:
            budget.check_time()
        if (text := _short(item)) is not None:
            if text:
                yield budget.take(f"- {text}")
        elif isinstance(item, Mapping) and (record := _record(item)):
            yield budget.take(record)
        else:
            yield ""
            yield from _blocks(item, level + 1, budget)


def _record(value: Mapping[str, Any]) -> str:
    """An object on one line, one level of objects inside it included; "" where it is deeper than that."""
    cells: list[str] = []
    for key, item in value.items():
        inner = item.items() if isinstance(item, Mapping) else [("", item)]
        for name, part in inner:
            text = _short(part)
            if text is None:
                return ""
            if text:
                cells.append(f"{_name(f'{key} {name}')}: {one_line(text)}")
    return " | ".join(cells)


def _short(value: Any) -> str | None:
    """A scalar or a list of scalars in words; None for anything that needs lines of its own."""
    if isinstance(value, Mapping):
        return None if value else ""
    if not isinstance(value, list):
        return _scalar(value)
    if any(isinstance(item, list | Mapping) for item in value):
        return None
    return ", ".join(text for item in value if (text := _scalar(item)))


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else str(value)


def _name(key: str) -> str:
    """ "openingHours" and "opening_hours" as "Opening hours"."""
    words = one_line(_CAMEL.sub(" ", key[:200]).replace("_", " ").replace("-", " "))[:80]
    words = words if words.isupper() else words.lower()
    return words[:1].upper() + words[1:]
