"""Makes what was found speakable by itself, in the document's own words and figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parley.house.clock import covers, spans
from parley.house.evidence import PHONE, said
from parley.house.found import Found
from parley.house.lexicon import Lexicon
from parley.house.opening import stretches
from parley.house.passages import MONEY, OPENS_WITH_PRONOUN, PRICE_AT_END, Unit
from parley.house.speak_hours import say_hours
from parley.house.wording import Wording

_MOST_ITEMS = 6
_LONG_ITEM = 70
_LONG_STEP = 45  # characters from which a list item is spoken as a sentence
_ROOT = 6
_SENTENCE = 4  # words from which a labelled value that ends like one is a sentence
_RECORD_NAME = re.compile(r"\d|,")  # "K-304: Reihenhaus, Kranichweg 5" names a thing, "Parking" a topic
_LIMITS = re.compile(
    r"\b(?:but|unless|except|until|nearest|nearby|away|aber|außer|bis|nächste\w*|entfernt|or|oder|if|wenn|sofern|falls)\b",
    re.I,
)


_POINTS = re.compile(r"\b(?:does|is|has|can|will) (?:it|they|he|she)\b|\b(?:hat|ist|kann|darf|wird) (?:er|sie|es)\b")
"""A question about what was spoken of: what is found may be about another."""


def _lacks(key: str, text: str) -> bool:
    """Whether a text says "smoke-free" of what is asked for."""
    return bool(re.search(rf"\b{re.escape(key[:_ROOT])}\w*(?:-free|[- ]?frei(?:e[smnr]?)?)\b", text.lower()))


def speak(found: Found, words: Lexicon, wording: Wording) -> str:
    """One to three sentences."""
    match found.shape:
        case "list":
            return _list(found, wording)
        case "count":
            return wording.say("count", count=len(found.items), items=wording.join(found.items[:_MOST_ITEMS]))
        case "pick":
            return wording.say("pick", item=found.items[0])
        case "headings":
            return _named_list(found.units[0].title, [unit.heading for unit in found.units], wording)
        case "days":
            return say_hours(found, words, wording) or _sentences(found.units[:2], found, words, wording)
        case "units" | "none":
            return _sentences(found.units, found, words, wording)


def _sentences(units: Sequence[Unit], found: Found, words: Lexicon, wording: Wording) -> str:
    units = [unit for unit in units if not unit.record or unit.text != unit.heading] or list(units[:1])
    if len(units) > 1 and units[0].record and len({unit.heading for unit in units}) == 1:
        values = ", ".join(f"{wording.in_text(unit.label)} {unit.text.rstrip(' .')}" for unit in units)
        return closed(f"{units[0].heading}: {values}")
    sentences = [_sentence(unit, found, words, wording) for unit in units]
    return " ".join([*_yes_or_no(found, words, wording), *dict.fromkeys(sentences)])


def _sentence(unit: Unit, found: Found, words: Lexicon, wording: Wording) -> str:
    if unit.record and unit.form == "pair":
        return closed(_of_record(unit, words, wording))
    text = unit.text
    whole = len(text.split()) >= _SENTENCE and text.rstrip()[-1:] in ".!"
    if unit.form == "item":
        text = _priced(text, words, wording)
    elif unit.form == "pair" and not (whole and _meets(text, found, words)):
        text = f"{unit.label}: {text}"
    elif unit.form == "answer" and len(text.split()) < _SENTENCE and not wording.data["yes_no_starts"].search(text):
        text = f"{unit.label} {text}"
    if unit is found.units[0] and (heading := _needed_heading(unit, text, found, words)):
        text = f"{heading}: {text}"
    return closed(text)


def _needed_heading(unit: Unit, text: str, found: Found, words: Lexicon) -> str:
    """The heading where the text does not say what it is about: what was asked for stands there, or a pronoun here."""
    heading = unit.heading
    if not heading or heading.endswith("?") or words.stems(heading) <= words.stems(text):
        return ""
    if _RECORD_NAME.search(heading) and unit.form in {"pair", "sentence"}:
        return heading
    leans = bool(OPENS_WITH_PRONOUN.match(text))
    named = not found.certain and any(_means(key, words.stems(heading), words) for key in found.question.keys)
    return heading if leans or (named and not _meets(text, found, words)) else ""


def _meets(text: str, found: Found, words: Lexicon) -> bool:
    """Whether a text has a word that was asked for, or one of its kin."""
    stems = words.stems(text)
    return any(_means(key, stems, words) for key in found.question.keys)


def _means(key: str, stems: frozenset[str], words: Lexicon) -> bool:
    return (
        key in stems
        or not stems.isdisjoint(words.related.get(key, {}))
        or (
            words.language == "de"
            and len(key) > 3
            and any(key in some or (len(some) > 3 and some in key) for some in stems)
        )
    )


def _of_record(unit: Unit, words: Lexicon, wording: Wording) -> str:
    """A value of a row: "Rye bread costs 4.90.", "House Q-26 has 4 bedrooms.", "Flat Q-17: Size 68 sqm."."""
    name, label, value = unit.heading, unit.label, unit.text.rstrip(" .")
    if value == name or value in re.split(r",\s|\s\(|\)", name):
        return name
    kinds = {kind for kind, rule in words.kinds if rule.search(label.lower())}
    plain = len(label.split()) == 1
    if plain and wording.data["price_label"].search(label) and value[:1] in "€$£0123456789":
        return wording.say("costs", name=name, price=value)
    if plain and "duration" in kinds | ({"duration"} if wording.data["duration_label"].search(label) else set()):
        return wording.say("lasts", name=name, time=value)
    if value.isdigit() and wording.data["counted_label"].search(label):
        return wording.say("has", name=name, count=value, things=wording.in_text(label))
    return wording.say("cell", name=name, label=wording.in_text(label), value=value)


def _priced(text: str, words: Lexicon, wording: Wording) -> str:
    match = PRICE_AT_END.search(text)
    telephone = any(match and phone.end() > match.start() for phone in PHONE.finditer(text))
    if not match or telephone or match.start() < 2 or not _is_price(match.group(1), text):
        return text
    name = text[: match.start()].rstrip(" :–—.…|-")
    plural = words.language == "en" and bool(re.search(r"[^s']s$", re.split(r"\(| with | in | on |,", name)[0].strip()))
    return wording.say("costs_plural" if plural else "costs", name=name, price=match.group(1).strip())


def _is_price(figure: str, text: str) -> bool:
    return bool(MONEY.search(figure)) or (
        figure.strip().replace(",", "").replace(".", "").isdigit() and not text.strip().endswith("Uhr")
    )


def closed(text: str) -> str:
    """A text as a sentence: a capital first, a stop last."""
    text = text.strip().rstrip(";,:")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…", ".”", '."')) else f"{text}."


def _list(found: Found, wording: Wording) -> str:
    if found.items:
        return _named_list("", found.items, wording)
    headings = {unit.heading for unit in found.units}
    steps = [unit.text for unit in found.units if len(unit.text) > _LONG_STEP and not MONEY.search(unit.text)]
    if 2 * len(steps) > len(found.units) and found.units[0].form == "item":
        return " ".join(closed(unit.text) for unit in found.units[:3])
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
    text = said(unit).rstrip(" .;,")
    if len(text) > _LONG_ITEM:
        price = MONEY.search(text)
        name = re.split(r"\s+[–—-]\s+|\s*\(|:\s|\.\s|,\s", text)[0]
        text = f"{name} ({price.group()})" if price and price.group() not in name else name
    text = re.sub(r"\s*(?:\.{3,}|…|\t|\|)\s*", " ", text)
    text = re.sub(r"\s+[–—-]\s+(?=[€$£]?\s?\d[\d.,]*\s?\S{0,4}$)", " ", text)
    return f"{unit.heading}: {text}" if named and unit.heading and len(unit.heading) < 60 and len(text) < 25 else text


def _yes_or_no(found: Found, words: Lexicon, wording: Wording) -> list[str]:
    """["Yes."] or ["No."] where the one unit found leaves no doubt; else the quotation speaks for itself."""
    question, unit = found.question, found.units[0]
    if not question.asks_whether or wording.data["yes_no_starts"].search(unit.text):
        return []
    verdict = _verdict(found, words)
    return [] if verdict is None else [wording.data["yes" if verdict else "no"]]


def _verdict(found: Found, words: Lexicon) -> bool | None:
    question, unit = found.question, found.units[0]
    asked = question.text.lower()
    if question.times and spans(said(unit)):
        opened, shut = stretches(said(unit), words)
        return covers(opened, question.times, shut)
    if words.patterns["negations"].search(asked) or _LIMITS.search(asked):
        return None
    if unit.record:
        value = unit.text.strip(" .").lower()
        if words.patterns["negative"].search(value):
            return False
        return True if words.patterns["positive"].search(value) else None
    text = said(unit)
    if _POINTS.search(asked):
        return None
    if any(_lacks(key, text) for key in question.keys):
        return False
    if not all(_means(key, words.stems(text), words) for key in question.keys):
        return None
    sure = found.certain and len(found.units) == 1 and words.patterns["existence"].search(asked)
    if not sure or not question.light <= unit.own or _LIMITS.search(text):
        return None
    if not words.patterns["negations"].search(text):
        return True
    return False if words.patterns["refusals"].search(text) and len(text.split()) <= 12 else None
