"""What a lone number means: "four" after "how many?", "make it eight" against a line that states a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parley.inference.facts import SlotValue
from parley.understanding.mentions import Lone, Mentions
from parley.understanding.scan import Scan

COUNTS = ("party_size", "nights", "rooms", "bedrooms", "bathrooms")
AMBIGUOUS = "ambiguous"


class Roles:
    """Gives lone numbers their slot. `said` gives, when it is needed, what the agent's last line states."""

    def __init__(
        self, scan: Scan, found: Mentions, asked: frozenset[str], said: Callable[[], Mapping[str, SlotValue]]
    ) -> None:
        self._scan = scan
        self._found = found
        self._asked = asked
        self._said = said
        self._short = sum(token.is_word for token in scan.tokens) <= 6 and len(scan.tokens) <= 12

    def of(self, lone: Lone) -> tuple[str, str]:
        """(slot, problem): ("", "") for a number that says nothing, (slot, "ambiguous") for one of several."""
        scan = self._scan
        if _is_labelled(scan, lone) or (scan.low(lone.start - 1) == "of" and scan.has("seats_words", lone.start - 2)):
            return "party_size", ""
        booked = any(scan.has(group, lone.start - 2) for group in ("table_words", "booking_words"))
        if lone.pronoun and not (lone.cue == "for" and booked):
            return self._of_pronoun(lone), ""
        if lone.cue == "for":
            return self._after_for(lone), ""
        if _daypart_follows(scan, lone.end) and self._may_be_time(lone):
            return "time", ""
        if scan.low(lone.start - 1) == "table" and scan.tokens[lone.start].spelled:
            return "party_size", ""
        if "budget" in self._asked and lone.value >= 50:
            return "budget", ""
        return self._answer(lone) if self._is_answer(lone) else ("", "")

    def _counted(self) -> set[str]:
        return {quantity.slot for quantity in self._found.quantities if quantity.explicit}

    def _open_counts(self) -> list[str]:
        counted = self._counted()
        return [slot for slot in COUNTS if slot in self._asked and slot not in counted]

    def _may_be_time(self, lone: Lone) -> bool:
        return not self._found.clocks and 0 < lone.value <= 24

    def _of_pronoun(self, lone: Lone) -> str:
        """English "one" counts only in a short answer: "just one"."""
        counts = self._open_counts()
        pointed = self._scan.has("determiners", lone.start - 1) or lone.cue == "at"
        return counts[0] if len(counts) == 1 and len(self._scan.tokens) <= 5 and not pointed else ""

    def _after_for(self, lone: Lone) -> str:
        scan = self._scan
        head = range(max(0, lone.start - 4), lone.start)
        table = any(scan.has("table_words", i) for i in head)
        time = self._may_be_time(lone)
        if scan.lexicon.language == "de" and any(scan.low(i) == "auf" for i in head):
            return "time" if time else ""
        party_known = "party_size" in self._counted()
        time_asked = "time" in self._asked and "party_size" not in self._asked
        if time and not table and (party_known or time_asked):
            return "time"
        others = [slot for slot in COUNTS[1:] if slot in self._asked]
        if len(others) == 1 and "party_size" not in self._asked:
            return others[0]
        return "" if party_known else "party_size"

    def _is_answer(self, lone: Lone) -> bool:
        """A short sentence, or a number where a correction puts it: "make it eight", "change that to 5"."""
        scan = self._scan
        return self._short or any(scan.has("answer_words", i) for i in range(max(0, lone.start - 3), lone.start))

    def _answer(self, lone: Lone) -> tuple[str, str]:
        counts = self._open_counts()
        time = "time" in self._asked and self._may_be_time(lone)
        if time and not counts:
            return "time", ""
        if len(counts) == 1 and not time:
            return counts[0], ""
        if self._asked & {"time", *COUNTS}:
            return "", ""
        return self._confirmed(lone)

    def _confirmed(self, lone: Lone) -> tuple[str, str]:
        """Against a line that only states values: the one value the number can stand in for."""
        said = self._said()
        counted = self._counted()
        able = [slot for slot in COUNTS if slot in said and slot not in counted]
        counting = self._scan.has("only", lone.start - 1)  # "just two" counts heads, not hours
        if "time" in said and self._may_be_time(lone) and not (counting and able):
            able.insert(0, "time")
        return (able[0], AMBIGUOUS if len(able) > 1 else "") if able else ("", "")


def _is_labelled(scan: Scan, lone: Lone) -> bool:
    """ "number of people is 2", "party size 4", "we are six", "five in total"."""
    if scan.phrase(lone.end, "in", "total") or scan.low(lone.end) in ("altogether", "insgesamt", "zusammen"):
        return True
    if scan.low(lone.start - 1) == "insgesamt" or scan.phrase(lone.start - 2, "total", "of"):
        return True
    return _we_are(scan, lone) or _size_is(scan, lone)


def _we_are(scan: Scan, lone: Lone) -> bool:
    ends = lone.end >= len(scan.tokens) or not scan.low(lone.end).isalpha() or scan.has("closers", lone.end)
    if not ends or lone.cue or scan.low(lone.end + 2) in ("half", "halb"):
        return False
    return any(scan.phrase(lone.start - len(words), *words) for words in scan.lexicon.phrases["we_are"])


def _size_is(scan: Scan, lone: Lone) -> bool:
    j = lone.start - 1
    if scan.low(j) in ("is", "are", ":", "=", "to", "be", "ist", "sind"):
        j -= 1
    return scan.low(j) == "size" or (scan.has("people", j) and scan.low(j - 1) in ("of", "many"))


def _daypart_follows(scan: Scan, i: int) -> bool:
    labels = scan.lexicon.labels
    return scan.low(i) in labels["day_dayparts"] or (scan.low(i) == "this" and scan.low(i + 1) in labels["dayparts"])
