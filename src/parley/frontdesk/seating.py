"""Who sits where: pure rules over tables, seats and what is taken. Times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parley.frontdesk.settings import DiningTable, FrontDeskSettings


@dataclass(frozen=True, slots=True)
class Taken:
    """A reservation that takes up room from `start` until `end`."""

    start: int
    end: int
    party_size: int
    tables: tuple[str, ...] = ()
    property_id: str | None = None


def overlapping(taken: Iterable[Taken], start: int, end: int, buffer: int) -> list[Taken]:
    """What leaves less than `buffer` seconds to a stay from `start` until `end`."""
    return [one for one in taken if one.start < end + buffer and one.end + buffer > start]


def seat(settings: FrontDeskSettings, party: int, start: int, end: int, taken: Sequence[Taken]) -> list[str] | None:
    """The tables for a party (none by name where capacity is counted in seats), or None where it does not fit."""
    buffer = settings.buffer_minutes * 60
    meanwhile = overlapping(taken, start, end, buffer)
    if settings.seats is not None:
        return [] if _peak(meanwhile, start, buffer) + party <= settings.seats else None
    free = _free_tables(settings, meanwhile)
    return None if free is None else pick_tables(free, party)


def room_free(settings: FrontDeskSettings, start: int, end: int, taken: Sequence[Taken]) -> bool:
    """Whether one more room can be let from `start` until `end`; whoever leaves makes room for who comes that day."""
    each = [replace(one, party_size=1) for one in overlapping(taken, start, end, 0)]
    return settings.rooms is not None and _peak(each, start, 0) < settings.rooms


def _free_tables(settings: FrontDeskSettings, meanwhile: Sequence[Taken]) -> list[DiningTable] | None:
    """Tables nobody has. Parties booked before there were tables are given theirs first; None where one has none."""
    used = {name for one in meanwhile for name in one.tables}
    free = [table for table in settings.tables if table.name not in used]
    names = {table.name for table in settings.tables}
    for one in meanwhile:
        if names.isdisjoint(one.tables):
            given = pick_tables(free, one.party_size)
            if given is None:
                return None
            free = [table for table in free if table.name not in given]
    return free


def pick_tables(free: Sequence[DiningTable], party: int) -> list[str] | None:
    """The smallest table that seats `party`; else the combinable ones with the fewest seats, then the fewest tables."""
    fitting = [table for table in free if table.seats >= party]
    if fitting:
        return [min(fitting, key=lambda table: table.seats).name]
    return _combine([table for table in free if table.combinable], party)


def _combine(tables: Sequence[DiningTable], party: int) -> list[str] | None:
    """Every table is smaller than `party` here, so a best combination has fewer than twice its seats."""
    best: dict[int, tuple[str, ...]] = {0: ()}
    for table in tables:
        for seats, names in list(best.items()):
            total = seats + table.seats
            if seats < party and (total not in best or len(best[total]) > len(names) + 1):
                best[total] = (*names, table.name)
    enough = [seats for seats in best if seats >= party]
    return list(best[min(enough)]) if enough else None


def _peak(meanwhile: Sequence[Taken], start: int, buffer: int) -> int:
    """The most people there at one moment from `start` on, each counted until `buffer` after leaving."""
    changes = sorted(
        change
        for one in meanwhile
        for change in ((max(one.start, start), one.party_size), (one.end + buffer, -one.party_size))
    )
    present = most = 0
    for _, change in changes:
        present += change
        most = max(most, present)
    return most
