"""Masking and unmasking: personal data out, placeholders in, and back again. Pure: who may unmask is decided elsewhere.

A placeholder is `<TYPE_n>`. Within one `PlaceholderMap` a value always gets the same number; another spelling of it
(case, spacing, punctuation of a number, a part of a name) gets the number with a variant, `<PERSON_1.2>`, so that
every text comes back to the letter. Text that looks like a placeholder from the start is masked itself, as
`<LITERAL_n>`: nobody can type his way to another's data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from parley.privacy.entities import Entity

PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*_[0-9]+(?:\.[0-9]+)?>")
_BEGUN = re.compile(r"<(?:[A-Z][A-Z0-9_.]{0,63})?$")
_PARTS = re.compile(r"<([A-Z0-9_]+)_([0-9]+)(?:\.([0-9]+))?>")
_LITERAL, _PERSON = "LITERAL", "PERSON"
_TELLING_DIGITS = 7


class PlaceholderMap:
    """The placeholders of one conversation. Grows while masking; `dict(map.items())` is all there is to store."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """`values`: placeholder to value, as `items` gave them; a key that is no placeholder raises ValueError."""
        self._values: dict[str, str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._variants: dict[tuple[str, str], str] = {}
        self._highest: dict[str, int] = {}
        self._people: dict[int, set[str]] = {}
        for placeholder, value in (values or {}).items():
            parts = _PARTS.fullmatch(placeholder)
            if not parts:
                raise ValueError(f"not a placeholder: {placeholder!r}")
            self._keep(parts[1], int(parts[2]), value, placeholder)

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> Iterable[tuple[str, str]]:
        """Placeholder and value, oldest first."""
        return self._values.items()

    def value_of(self, placeholder: str) -> str | None:
        """The text a placeholder stands for; None where this conversation does not know it."""
        return self._values.get(placeholder)

    def placeholder_for(self, entity_type: str, value: str) -> str:
        """The placeholder of `value`, a new one where it has none yet."""
        known = self._variants.get((entity_type, value))
        if known:
            return known
        number = self._numbers.get((entity_type, _normal(entity_type, value)))
        if number is None and entity_type == _PERSON:
            number = self._same_person(value)
        if number is None:
            number = self._highest.get(entity_type, 0) + 1
            placeholder = f"<{entity_type}_{number}>"
        else:
            variant = 2
            while (placeholder := f"<{entity_type}_{number}.{variant}>") in self._values:
                variant += 1
        self._keep(entity_type, number, value, placeholder)
        return placeholder

    def _same_person(self, name: str) -> int | None:
        """The number of the only person whose fullest name holds, or is held by, this one: "Baker" is "Tom Baker"."""
        words = set(name.casefold().split())
        numbers = {number for number, known in self._people.items() if words <= known or known <= words}
        return numbers.pop() if len(numbers) == 1 else None

    def _keep(self, entity_type: str, number: int, value: str, placeholder: str) -> None:
        self._values[placeholder] = value
        self._variants[entity_type, value] = placeholder
        self._numbers.setdefault((entity_type, _normal(entity_type, value)), number)
        if entity_type == _PERSON:
            words = set(value.casefold().split())
            self._people[number] = max(words, self._people.get(number, words), key=len)
        self._highest[entity_type] = max(number, self._highest.get(entity_type, 0))


def _normal(entity_type: str, value: str) -> str:
    """What two spellings of one value share: letters and digits without case, space or punctuation.

    Of a telephone number the last seven digits: +49 30 901820 and 030 901820 are one, with a variant each.
    """
    digits = "".join(c for c in value if c in "0123456789")
    if entity_type == "PHONE_NUMBER" and len(digits) >= _TELLING_DIGITS:
        return digits[-_TELLING_DIGITS:]
    return "".join(c for c in value.casefold() if c.isalnum()) or value


@dataclass(frozen=True, slots=True)
class MaskedText:
    """`text` with placeholders; `entities` as they were given, their offsets pointing into the original."""

    text: str
    entities: tuple[Entity, ...]


def mask(text: str, entities: Sequence[Entity], vault: PlaceholderMap) -> MaskedText:
    """`text` with every entity replaced by its placeholder; `unmask` with the same map restores it exactly.

    Entities must lie inside the text and not overlap, as `find_personal_data` returns them; else ValueError.
    """
    pieces, last = [], 0
    ordered = sorted(entities, key=lambda e: e.start)
    for entity in ordered:
        if not last <= entity.start < entity.end <= len(text):
            raise ValueError(f"entities overlap or leave the text at {entity.start}..{entity.end}")
        pieces.append(_literals_out(text[last : entity.start], vault))
        pieces.append(vault.placeholder_for(entity.type, text[entity.start : entity.end]))
        last = entity.end
    pieces.append(_literals_out(text[last:], vault))
    return MaskedText("".join(pieces), tuple(ordered))


def _literals_out(text: str, vault: PlaceholderMap) -> str:
    return PLACEHOLDER.sub(lambda match: vault.placeholder_for(_LITERAL, match.group()), text)


def unmask(text: str, vault: PlaceholderMap) -> str:
    """`text` with every placeholder the map knows replaced by its value, once: values are not looked into."""
    return PLACEHOLDER.sub(lambda match: vault.value_of(match.group()) or match.group(), text)


class StreamUnmasker:
    """`unmask` over deltas: what may be the beginning of a placeholder waits for the rest of it."""

    def __init__(self, vault: PlaceholderMap) -> None:
        self._vault = vault
        self._held = ""

    def feed(self, delta: str) -> str:
        """The text that can be released now; may be empty."""
        text = self._held + delta
        begun = _BEGUN.search(text)
        cut = begun.start() if begun else len(text)
        self._held = text[cut:]
        return unmask(text[:cut], self._vault)

    def finish(self) -> str:
        """What was held back at the end of the stream."""
        held, self._held = self._held, ""
        return unmask(held, self._vault)


# A sentence ends behind a word of four letters or more: "Dr. Smith", "Apt. 4" and "Hauptstr. 12" stay together.
_SENTENCE_END = re.compile(r"(?:[^\W\d_]{4,}(?<!str)(?<!Prof)[.!?…][\"”“')]*\s+|\n\s*)")


class StreamMasker:
    """`mask` over deltas: text is released sentence by sentence, because half a name is not recognised as one."""

    def __init__(self, find: Callable[[str], Sequence[Entity]], vault: PlaceholderMap) -> None:
        self._find, self._vault = find, vault
        self._held = ""

    def feed(self, delta: str) -> str:
        """The masked sentences that are complete now; may be empty."""
        text = self._held + delta
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        cut = ends[-1] if ends else 0
        self._held = text[cut:]
        return self._masked(text[:cut])

    def finish(self) -> str:
        """The masked rest at the end of the stream."""
        held, self._held = self._held, ""
        return self._masked(held)

    def _masked(self, text: str) -> str:
        return mask(text, self._find(text), self._vault).text if text else ""
