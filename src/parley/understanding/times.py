"""Clock times in a sentence: "half past seven", "7ish", "viertel vor acht", "19.30 Uhr", "evening 5:30".

`read_clock` recognises a time at one token; `resolve_clock` decides morning or afternoon from what else is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley.understanding.scan import Scan

# (first and last hour) a daypart or meal covers on the 12-hour dial; the reading that falls inside wins.
_WINDOWS = {
    "morning": (0, 11),
    "breakfast": (5, 12),
    "brunch": (9, 15),
    "lunch": (10, 16),
    "afternoon": (12, 23),
    "evening": (15, 24),
    "dinner": (15, 24),
    "night": (17, 28),
}
# Where nothing is said: people visit a flat in office hours and eat lunch at half past eleven but dinner at eight.
_FIRST_HOUR = {"visit": 8, "table": 10}


@dataclass(slots=True)
class Clock:
    """`label` is am, pm, fixed (24-hour notation), a daypart or "". `sure`: certainly a time even without a cue.

    `cue` is the word class before it: at, for, before, after or "".
    """

    hour: int
    minute: int
    label: str
    sure: bool
    cue: str
    start: int
    end: int
    bare: bool = False


def read_clock(scan: Scan, i: int) -> Clock | None:
    """The time that starts at token i, or None. A lone number comes back with `sure` False."""
    found = _core(scan, i)
    if found is None:
        return None
    hour, minute, end, sure = found
    bare = not sure
    padded = scan.digits(i) in (2, 4) and scan.low(i)[0] == "0" and sure
    label = "fixed" if hour == 0 or hour > 12 or padded else ""
    end, sure, minute, said = _suffix(scan, i, end, minute, sure)
    cue = cue_before(scan, i)
    before = _daypart_before(scan, i)
    if before and cue != "for":
        sure = True
    if label == "fixed" and said in ("am", "pm") and hour > 12:
        label = "impossible" if said == "am" else "fixed"
    elif not (label == "fixed" and hour > 12):
        label = said or before or label
    return Clock(hour, minute, label, sure, cue, i, end, bare and minute == 0)


def cue_before(scan: Scan, i: int) -> str:
    """The class of the preposition before token i, fillers skipped: at, for, before, after or ""."""
    for j in range(i - 1, max(-1, i - 5), -1):
        if scan.has("time_cues", j):
            return "at"
        if scan.has("for_cues", j):
            return "for"
        if scan.has("before_cues", j):
            return "before"
        if scan.has("after_cues", j):
            return "after"
        if not scan.has("fillers", j):
            return ""
    return ""


def _daypart_before(scan: Scan, i: int) -> str:
    """The daypart right before a time: "evening 5", "this evening at around 7", "abends um acht", "tonight at 8"."""
    for j in range(i - 1, max(-1, i - 6), -1):
        word = scan.low(j)
        label = scan.lexicon.labels["dayparts"].get(word) or scan.lexicon.labels["day_dayparts"].get(word)
        if label and not scan.has("good", j - 1):
            return label
        if not (scan.has("time_cues", j) or scan.has("fillers", j) or word == ","):
            return ""
    return ""


def _core(scan: Scan, i: int) -> tuple[int, int, int, bool] | None:
    """(hour, minute, end, sure) without suffix."""
    if scan.has("noon", i) and not scan.has("good", i - 1):
        return _noon(scan, i)
    if scan.has("half", i):
        return _half(scan, i)
    if scan.has("quarter", i):
        return _quarter(scan, i, 15)
    if scan.low(i) == "dreiviertel" or scan.phrase(i, "drei", "viertel"):
        j = i + 1 if scan.low(i) == "dreiviertel" else i + 2
        hour = scan.cardinal(j)
        return (hour - 1 or 12, 45, j + 1, True) if hour is not None and 1 <= hour <= 24 else None
    hour = scan.cardinal(i)
    if hour is None:
        return None
    return _minutes_past(scan, i) or _written(scan, i, hour) or _spoken(scan, i, hour)


def _noon(scan: Scan, i: int) -> tuple[int, int, int, bool] | None:
    led = scan.has("time_cues", i - 1) or scan.low(i - 1) == "zu"
    if scan.low(i) == "mittag" and not led:  # "heute Mittag" is a part of the day, "gegen Mittag" a time
        return None
    hour = int(scan.lexicon.labels["noon"][scan.low(i)][:2])
    return hour, 0, i + 1, True


def _dial(scan: Scan, i: int) -> int | None:
    value = scan.cardinal(i)
    return value if value is not None and 1 <= value <= 12 and not scan.digits(i) > 2 else None


def _half(scan: Scan, i: int) -> tuple[int, int, int, bool] | None:
    german = scan.lexicon.language == "de"
    j = i + 1
    past = not german and scan.has("past", j)
    hour = _dial(scan, j + 1 if past else j)
    if hour is None:
        return None
    end = j + (2 if past else 1)
    if german:
        return (hour - 1) or 12, 30, end, True
    # British "half eight" is half past eight; before a counted noun ("half 8 people") it is nothing.
    if not past and (scan.has("no_unit", end) or scan.has("people", end)):
        return None
    return hour, 30, end, True


def _quarter(scan: Scan, i: int, minutes: int) -> tuple[int, int, int, bool] | None:
    hour = _dial(scan, i + 2)
    if hour is not None and scan.has("past", i + 1):
        return hour, minutes, i + 3, True
    if hour is not None and scan.has("to", i + 1):
        return (hour - 1) or 12, 60 - minutes, i + 3, True
    if scan.lexicon.language == "de" and (hour := _dial(scan, i + 1)) is not None:
        return (hour - 1) or 12, minutes, i + 2, True
    return None


def _minutes_past(scan: Scan, i: int) -> tuple[int, int, int, bool] | None:
    """ "ten to eight", "twenty minutes past seven", "fünf vor halb acht"."""
    minutes = scan.cardinal(i)
    if minutes is None or not 1 <= minutes <= 29 or scan.low(i - 1) in ("from", "von", ":", "between", "zwischen"):
        return None
    j = scan.skip(i + 1, "minutes", 1)
    if j == i + 1 and minutes not in (5, 10, 20, 25):
        return None
    past = scan.has("past", j)
    if not past and not (scan.has("to", j) and scan.low(j) != "of"):
        return None
    half = scan.lexicon.language == "de" and scan.has("half", j + 1)
    hour = _dial(scan, j + 2 if half else j + 1)
    end = j + 3 if half else j + 2
    if hour is None or scan.has("people", end) or scan.has("no_unit", end):
        return None
    total = hour * 60 - (30 if half else 0) + (minutes if past else -minutes)
    return (total // 60 - 1) % 12 + 1, total % 60, end, True


def _written(scan: Scan, i: int, hour: int) -> tuple[int, int, int, bool] | None:
    """7:30, 19.30, 7h30, 1930."""
    mark, minute = scan.low(i + 1), scan.cardinal(i + 2)
    if mark and minute is not None and scan.digits(i) in (1, 2) and scan.glued(i + 1) and scan.glued(i + 2):
        if mark in (":", "h") and scan.digits(i + 2) == 2:
            return hour, minute, i + 3, True
        if mark == "." and scan.digits(i + 2) == 2 and hour <= 24 and minute < 60 and not scan.glued(i):
            return (hour, minute, i + 3, True) if _dot_is_clock(scan, i, minute) else None
    if mark == ":" and minute is not None and scan.digits(i) in (1, 2) and scan.digits(i + 2) == 2:
        return hour, minute, i + 3, True
    if scan.digits(i) == 4 and hour % 100 < 60 and hour <= 2400:
        tail = scan.has("meridiem", i + 1) or scan.low(i + 1) in ("hrs", "hours", "uhr", "h")
        free = not scan.low(i + 1).isalpha() or scan.has("closers", i + 1) or scan.has("on", i + 1)
        if tail or (free and cue_before(scan, i) == "at" and hour % 5 == 0 and not scan.tokens[i].spelled):
            return hour // 100, hour % 100, i + 1, True
    if mark == "h" and scan.glued(i + 1) and scan.digits(i) in (1, 2) and not scan.glued(i + 2):
        return hour, 0, i + 2, True
    if scan.tokens[i].spelled and hour % 100 == 0 and 100 <= hour <= 2400:  # "nineteen hundred hours"
        unit = scan.low(i + 1) in ("hours", "hrs")
        military = hour >= 1300 and not scan.has("people", i + 1) and not scan.has("no_unit", i + 1)
        cued = unit or cue_before(scan, i) == "at" or military
        return (hour // 100, 0, i + 1 + unit, True) if cued else None
    return None


def _dot_is_clock(scan: Scan, i: int, minute: int) -> bool:
    after = scan.low(i + 3)
    if after in ("uhr", "am", "pm", "h") or cue_before(scan, i) in ("at", "before", "after"):
        return True
    if after in (".", "€", "%", "$") and scan.glued(i + 3) and scan.digits(i + 4):
        return False
    money = scan.low(i - 1) in ("$", "€", "£") or after in ("€", "$", "euro", "euros", "dollars", "%", "stars", "km")
    return not money and (minute == 0 or minute > 12)


def _spoken(scan: Scan, i: int, hour: int) -> tuple[int, int, int, bool] | None:
    """ "seven thirty", "seven oh five", "nineteen fifteen", else the lone number."""
    if not 0 <= hour <= 24 or scan.digits(i) > 2:
        # An impossible hour is still a time when its unit says so: "25 Uhr", "13 pm" are noticed, not skipped.
        clock = scan.low(i + 1) in ("uhr", "o'clock", "oclock") or scan.has("meridiem", i + 1)
        return (hour, 0, i + 1, False) if clock and hour < 100 else None
    if scan.tokens[i].spelled:
        if scan.low(i + 1) == "-" and scan.glued(i + 1) and (scan.cardinal(i + 2) or 0) in range(10, 60):
            return hour, scan.cardinal(i + 2) or 0, i + 3, True  # "seven-thirty"
        if scan.low(i + 1) in ("oh", "o") and (scan.value(i + 2) or 0) in range(1, 10):
            return hour, scan.value(i + 2) or 0, i + 3, True
        minute = scan.cardinal(i + 1)
        follows = scan.cardinal(i + 2)
        if (
            minute is not None
            and scan.tokens[i + 1].spelled
            and 10 <= minute < 60
            and minute % 5 == 0
            and not scan.has("people", i + 2)
            and not scan.has("no_unit", i + 2)
            and (follows is None or follows < 10 or follows % 5)
        ):
            return hour, minute, i + 2, True
    elif scan.digits(i + 1) == 2 and 0 <= (scan.value(i + 1) or 0) < 60 and scan.has("meridiem", i + 2):
        return hour, scan.value(i + 1) or 0, i + 2, True
    return hour, 0, i + 1, False


def _suffix(scan: Scan, i: int, end: int, minute: int, sure: bool) -> tuple[int, bool, int, str]:
    """(end, sure, minute, label) after "o'clock", "Uhr dreißig", "pm", "ish", "in the evening"."""
    label = ""
    for _ in range(4):
        j = end
        if scan.low(j) == "-" and scan.has("ish", j + 1):
            end, sure = j + 2, True
        elif scan.has("ish", j) and scan.low(j) != "herum":
            end, sure = j + 1, True
        elif scan.low(j) == "uhr":
            end, sure = j + 1, True
            spoken = scan.cardinal(end)
            if spoken is not None and minute == 0 and 0 <= spoken < 60 and not _counted(scan, end + 1):
                minute, end = spoken, end + 1
        elif scan.low(j) in ("o'clock", "oclock"):
            end, sure = j + 1, True
        elif scan.low(j) == "o" and "clock" in (scan.low(j + 1), scan.low(j + 2)):
            end, sure = (j + 2 if scan.low(j + 1) == "clock" else j + 3), True
        elif scan.low(j) in ("hrs", "hours", "h") and (scan.digits(i) == 4 or end - i == 3):
            end, sure = j + 1, True
        elif scan.low(j) in ("a", "p") and scan.low(j + 1) == "m" and not label:
            end, sure, label = j + 2, True, scan.low(j) + "m"
        elif scan.has("meridiem", j) and not label:
            end, sure, label = j + 1, True, scan.lexicon.labels["meridiem"][scan.low(j)]
        else:
            found = _daypart_after(scan, j)
            if found is None or label in ("am", "pm"):
                break
            label, end = found
            sure = True
    return end, sure, minute, label


def _counted(scan: Scan, i: int) -> bool:
    return scan.has("people", i) or scan.has("no_unit", i) or scan.has("nights", i)


def _daypart_after(scan: Scan, i: int) -> tuple[str, int] | None:
    """ "in the evening", "at night", "abends", "am Abend", "in der Früh", "evening"."""
    j = i
    if scan.low(j) == "," and scan.low(j + 1) in ("in", "at"):
        j += 1
    at = scan.low(j) == "at"
    if at or scan.low(j) in ("in", "am", "zu"):
        j += 1
        if scan.low(j) in ("the", "der", "dem"):
            j += 1
    if at and scan.low(j) in ("morning", "evening", "afternoon"):  # "for 1 at evening 7": the daypart of the next time
        return None
    k = j + 2 if scan.has("time_cues", j + 1) else j + 1
    if scan.cardinal(k) is not None and not (scan.has("people", k + 1) or scan.has("no_unit", k + 1)):
        return None
    label = scan.lexicon.labels["dayparts"].get(scan.low(j)) or scan.lexicon.labels["noon"].get(scan.low(j))
    if label is None and scan.lexicon.language == "de" and scan.low(j) == "morgen" and scan.low(j - 1) == "am":
        label = "morning"
    if label is None:
        return None
    return {"12:00": "lunch", "00:00": "night"}.get(label, label), j + 1


def resolve_clock(clock: Clock, context: str, near: int | None, domain: str, earliest: int = 0) -> str | None:
    """HH:MM, or None for an impossible time.

    `context` is the daypart or meal the sentence or the agent's line speaks of, `near` the minutes since midnight of a
    time the agent just named, `earliest` the minutes since midnight that already passed when the day is today.
    """
    if clock.label == "impossible" or clock.minute > 59 or clock.hour > 24:
        return None
    hour = clock.hour % 24
    label = clock.label
    if label in ("am", "pm"):
        hour = hour if hour > 12 else hour % 12 + (12 if label == "pm" else 0)
    elif label != "fixed" and hour <= 12:
        hour = _choose(hour % 12, clock.minute, label or context, near, domain, earliest)
    return f"{hour:02d}:{clock.minute:02d}"


def _choose(dial: int, minute: int, label: str, near: int | None, domain: str, earliest: int) -> int:
    """The hour of the day (0..23) that `dial` (0..11) stands for."""
    if label in _WINDOWS:
        first, last = _WINDOWS[label]
        if label in ("morning", "night") or near is None or label in ("evening", "afternoon"):
            for hour in (dial, dial + 12, dial + 24):
                if first <= hour <= last:
                    return hour % 24
    if near is not None:
        gap = {hour: abs(hour * 60 + minute - near) for hour in (dial, dial + 12)}
        if abs(gap[dial] - gap[dial + 12]) >= 120:
            return min(gap, key=lambda hour: gap[hour])
    hour = dial if dial >= _FIRST_HOUR[domain] else dial + 12
    return hour + 12 if hour < 12 and hour * 60 + minute < earliest else hour
