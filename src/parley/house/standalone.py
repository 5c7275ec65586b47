"""Makes what was found speakable by itself, in the document's own words and figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parley.house.found import Found
from parley.house.hours import DayRow, day_rows
from parley.house.lexicon import Lexicon
from parley.house.passages import MONEY, OPENS_WITH_PRONOUN, PRICE_AT_END, Unit
from parley.house.wording import Wording

_MOST_ITEMS = 6
_LONG_ITEM = 70
_LONG_STEP = 45  # characters from which a list item is spoken as a sentence
_RECORD_NAME = re.compile(r"\d|,")  # "K-304: Reihenhaus, Kranichweg 5" names a thing, "Parking" a topic
_LIMITS = re.compile(
    r"\b(?:but|unless|except|until|nearest|nearby|away|aber|außer|bis|nächste\w*|entfernt|or|oder|if|wenn|sofern|falls)\b",
    re.I,
)


def speak(found: Found, words: Lexicon, wording: Wording) -> str:
    """One to three sentences."""
    match found.shape:
        case "list":
            return _list(found, wording)
        case "headings":
            return _named_list(found.units[0].title, [unit.heading for unit in found.units], wording)
        case "days":
            return _days(found, words, wording)
        case "units":
            said = [_sentence(unit, found, words, wording) for unit in found.units]
            return " ".join([*_yes_or_no(found, words, wording), *dict.fromkeys(said)])


def _sentence(unit: Unit, found: Found, words: Lexicon, wording: Wording) -> str:
    text = unit.text
    if (
        unit.form == "item"
        and (match := PRICE_AT_END.search(text))
        and match.start() > 1
        and _is_price(match.group(1), text)
    ):
        name = text[: match.start()].rstrip(" :–—.…|-")
        plural = words.language == "en" and bool(
            re.search(r"[^s']s$", re.split(r"\(| with | in | on |,", name)[0].strip())
        )
        text = wording.say("costs_plural" if plural else "costs", name=name, price=match.group(1).strip())
    elif unit.form == "pair":
        text = f"{unit.label}: {text}"
    elif unit.form == "answer" and len(text.split()) < 4 and not wording.data["yes_no_starts"].search(text):
        text = f"{unit.label} {text}"
    leads = unit is found.units[0]
    record = bool(_RECORD_NAME.search(unit.heading)) and unit.form in {"pair", "sentence"}
    needs_subject = leads and (not found.certain or record or bool(OPENS_WITH_PRONOUN.match(text)))
    heading = unit.heading if unit.section else ""
    if needs_subject and heading and not heading.endswith("?") and not words.stems(heading) <= words.stems(text):
        text = f"{heading}: {text}"
    return _closed(text)


def _is_price(figure: str, text: str) -> bool:
    return bool(MONEY.search(figure)) or (
        figure.strip().replace(",", "").replace(".", "").isdigit() and not text.strip().endswith("Uhr")
    )


def _closed(text: str) -> str:
    text = text.strip().rstrip(";,:")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…", ".”", '."')) else f"{text}."


def _list(found: Found, wording: Wording) -> str:
    headings = {unit.heading for unit in found.units}
    steps = [unit.text for unit in found.units if len(unit.text) > _LONG_STEP and not MONEY.search(unit.text)]
    if 2 * len(steps) > len(found.units) and found.units[0].form == "item":
        return " ".join(_closed(unit.text) for unit in found.units[:3])
    items = [_short(unit, named=len(headings) > 1) for unit in found.units]
    return _named_list(headings.pop() if len(headings) == 1 else "", items, wording)


def _named_list(name: str, items: Sequence[str], wording: Wording) -> str:
    items = list(dict.fromkeys(items))
    shown = items[:_MOST_ITEMS]
    if len(items) > len(shown):
        text = f"{('; ' if any(',' in item for item in shown) else ', ').join(shown)} {wording.data['more']}"
    else:
        text = wording.join(shown)
    return wording.say("rows_of", subject=name, rows=text) if name else wording.say("list", items=text)


def _short(unit: Unit, *, named: bool) -> str:
    if unit.form == "pair" and unit.heading and (unit.record or _RECORD_NAME.search(unit.heading)):
        return unit.heading
    text = f"{unit.label}: {unit.text}" if unit.form == "pair" else unit.text
    text = text.rstrip(" .;,")
    if len(text) > _LONG_ITEM:
        price = MONEY.search(text)
        name = re.split(r"\s+[–—-]\s+|\s*\(|:\s|\.\s|,\s", text)[0]
        text = f"{name} ({price.group()})" if price and price.group() not in name else name
    text = re.sub(r"\s*(?:\.{3,}|…|\t|\|)\s*", " ", text)
    text = re.sub(r"\s+[–—-]\s+(?=[€$£]?\s?\d[\d.,]*\s?\S{0,4}$)", " ", text)
    return f"{unit.heading}: {text}" if named and unit.heading and len(unit.heading) < 60 and len(text) < 25 else text


def _days(found: Found, words: Lexicon, wording: Wording) -> str:
    rows = [(unit, row) for unit in found.units for row in day_rows(_text(unit), words.language)]
    prose = found.units[0].form in {"sentence", "answer"} and bool(found.question.keys)
    if not rows or prose:
        return " ".join(_sentence(unit, found, words, wording) for unit in found.units[:2])
    about_us = found.question.about_hours and not found.question.keys and not _subject(found.units[0], words)
    wanted = [(unit, row) for unit, row in rows if row.days & set(found.days)] if found.days else []
    if not found.days:
        said = ", ".join(dict.fromkeys(f"{row.name} {row.value}" for _, row in rows))
        return (
            wording.say("open_rows", rows=said) if about_us else _named(found.units[0], said, wording, words.language)
        )
    if not wanted:
        said = ", ".join(dict.fromkeys(f"{row.name} {row.value}" for _, row in rows))
        return wording.say("days_missing", days=_day_list(found.days, words, wording), rows=said)
    if about_us and len(found.days) <= 2:
        return " ".join(
            _open_on(day, row, words, wording) for day in found.days for _, row in wanted if day in row.days
        )
    said = ", ".join(dict.fromkeys(f"{row.name} {row.value}" for _, row in wanted))
    return _named(found.units[0], said, wording, words.language)


def _open_on(day: int, row: DayRow, words: Lexicon, wording: Wording) -> str:
    name = words.day_names[day]
    if row.closed:
        return wording.say("closed_on", day=name)
    value = re.sub(r"^(?:we are |we're )?(?:open|geöffnet)\s*:?\s*(?:from |von )?", "", row.value, flags=re.I)
    if re.fullmatch(r"[\d\s:.,–—\-&/apmhUuhrto'clkbisundvoabne()]+", value):
        return wording.say("open_on", day=name, value=value)
    return _closed(f"{row.name}: {row.value}")


def _named(unit: Unit, rows: str, wording: Wording, language: str) -> str:
    subject = unit.heading or unit.title
    if unit.form == "pair" and not day_rows(f"{unit.label}: 9:00", language):
        subject = f"{unit.heading}, {unit.label}" if unit.record else unit.label
    return wording.say("rows_of", subject=subject, rows=rows) if subject else _closed(rows)


def _day_list(days: tuple[int, ...], words: Lexicon, wording: Wording) -> str:
    return wording.join([words.day_names[day] for day in days])


def _subject(unit: Unit, words: Lexicon) -> bool:
    named = words.stems(" ".join((unit.label, unit.heading)))
    return any(name not in words.open_words and name not in words.days and name not in words.light for name in named)


def _text(unit: Unit) -> str:
    return f"{unit.label}: {unit.text}" if unit.form == "pair" else unit.text


def _yes_or_no(found: Found, words: Lexicon, wording: Wording) -> list[str]:
    """["Yes."] or ["No."] where the one unit found leaves no doubt; else the quotation speaks for itself."""
    question, unit = found.question, found.units[0]
    asked = question.text.lower()
    sure = (
        found.certain
        and len(found.units) == 1
        and set(question.kinds) == {"yesno"}
        and words.patterns["existence"].search(asked)
        and not words.patterns["negations"].search(asked)
        and not _LIMITS.search(asked)
    )
    text = _text(unit)
    if (
        not sure
        or wording.data["yes_no_starts"].search(unit.text)
        or unit.text.lower().startswith(("yes", "no", "ja", "nein"))
    ):
        return []
    if not question.light <= unit.own or _LIMITS.search(text):
        return []
    if not words.patterns["negations"].search(text):
        return [wording.data["yes"]]
    if words.patterns["refusals"].search(text) and len(text.split()) <= 12:
        return [wording.data["no"]]
    return []
