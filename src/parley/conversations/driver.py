"""What a driver's report keeps from line to line: who is late and drives on is still late, and a place stays told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from parley.inference.facts import SlotValue

_STAGES = ("driving", "delayed", "arrived", "unloading")
_PLACES = frozenset({"current_location", "emergency_location"})


def carry_over(
    earlier: Mapping[str, SlotValue], now: dict[str, SlotValue], said: Collection[str], awaited: Collection[str]
) -> None:
    """Take back from `now` what this line only seems to change.

    `earlier` are the slots before it, `said` the names of those it says, `awaited` those the flow asks for.
    """
    before, after = earlier.get("driver_status"), now.get("driver_status")
    asked = "driver_status" in awaited
    if not asked and before in _STAGES and after in _STAGES and _STAGES.index(str(after)) < _STAGES.index(str(before)):
        now["driver_status"] = str(before)
    if "current_location" in said and "current_location" in earlier and not _PLACES & set(awaited):
        now["current_location"] = earlier["current_location"]
