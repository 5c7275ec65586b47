"""Fields of any schema: by type and description, from the answers to the questions that ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parley.house.extractor_choices import read_boolean, read_enum, read_enums
from parley.house.extractor_counts import read_number, read_numbers
from parley.house.extractor_freely import read_text, read_texts
from parley.house.extractor_reading import Reading
from parley.house.extractor_rows import read_rows
from parley.house.extractor_when import read_date, read_moment, read_time
from parley.understanding import Field, Finding, fits

_READERS: Mapping[str, Callable[[Reading, Field], Finding | None]] = {
    "text": read_text,
    "texts": read_texts,
    "number": read_number,
    "integer": read_number,
    "boolean": read_boolean,
    "enum": read_enum,
    "enums": read_enums,
    "numbers": read_numbers,
    "date": read_date,
    "time": read_time,
    "datetime": read_moment,
    "rows": read_rows,
}


def read_field(reading: Reading, one: Field) -> Finding | None:
    """The value of a field, or None where nobody spoke of it."""
    for way in (one, *one.others):
        found = _READERS[way.kind](reading, way)
        if found is not None and (found.value is None or fits(way, found.value) is not None):
            return found
    return None
