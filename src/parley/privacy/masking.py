"""What one conversation hides, and shows again: its mode, and the placeholders it has given so far.

Everything that reaches a model or a disk passes through `hide`, `hide_slots` or `hide_json`; everything that goes back
to the caller or into a tool passes through `reveal` or `reveal_json`. Under keep_all they return what they get.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from parley.privacy.entities import Entity, merge_overlaps
from parley.privacy.find import find_personal_data
from parley.privacy.placeholders import PLACEHOLDER, PlaceholderMap, StreamUnmasker, mask, unmask

Mode = Literal["keep_all", "masked", "metadata_only"]
SlotValue = str | int | float | bool

_NAMES = frozenset(
    "name full_name first_name last_name surname customer_name caller_name guest_name contact_name "
    "patient_name driver_name vorname nachname".split()
)
# Values of a fixed form that no recogniser needs to look at: a reference looks like a postal code.
_FORMAL = frozenset(
    "date end_date time reference status kind offer city property_id listing code currency language".split()
)
_DIGIT_RUN = re.compile(r"\+?\(?\d[\d\s().\-/]{3,}\d")
_SHORTEST = 3  # characters of a value that is looked for in texts that nobody searched for personal data


class Masking:
    """The masking of one conversation. Not shared between turns that run at the same time."""

    def __init__(self, mode: Mode = "keep_all", vault: PlaceholderMap | None = None) -> None:
        self.mode = mode
        self.vault = vault if vault is not None else PlaceholderMap()
        self._stored = len(self.vault)

    @property
    def hides(self) -> bool:
        """Whether anything is masked."""
        return self.mode != "keep_all"

    @property
    def keeps_words(self) -> bool:
        """Whether words may be written down at all."""
        return self.mode != "metadata_only"

    # Hiding

    def hide(self, text: str, told: Mapping[str, SlotValue] | None = None) -> str:
        """`text` with its personal data masked. `told`: slots read from it, which are hidden where they stand.

        For a caller's own words only: what looks like a placeholder in it is masked itself.
        """
        if not self.hides or not text:
            return text
        names = [value for kind, value in _personal(told or {}) if kind == "PERSON"]
        found = find_personal_data(text, known_names=[*self.names, *names])
        found += self._known(text)
        for kind, value in _personal(told or {}):
            found += _said(text, kind, value)
        return mask(text, merge_overlaps(found), self.vault).text

    def hide_known(self, text: str) -> str:
        """`text` with the values masked that the conversation already knows, nothing else."""
        return mask(text, merge_overlaps(self._known(text)), self.vault).text if self.hides else text

    def hide_slots(self, slots: Mapping[str, SlotValue]) -> dict[str, SlotValue]:
        """Slots with placeholders in place of what is personal in them."""
        return self.hide_json(dict(slots)) if self.hides else dict(slots)

    def hide_json(self, value: Any, key: str = "") -> Any:
        """JSON with placeholders in its strings; a key such as `phone` says what its value is."""
        if not self.hides:
            return value
        if isinstance(value, Mapping):
            return {name: self.hide_json(one, str(name)) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_json(one, key) for one in value]
        kind = kind_of(key)
        if kind and isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return self.vault.placeholder_for(kind, str(value))
        return self._hide_labelled(key, value) if isinstance(value, str) else value

    def _hide_labelled(self, key: str, text: str) -> str:
        if key.lower() in _FORMAL:
            return self.hide_known(text)
        label = f"{key.replace('_', ' ')}: "
        found = [
            Entity(e.type, max(e.start - len(label), 0), e.end - len(label), e.score)
            for e in find_personal_data(label + text, known_names=self.names)
            if e.end > len(label)
        ]
        return mask(text, merge_overlaps([*found, *self._known(text)]), self.vault).text

    @property
    def names(self) -> list[str]:
        """The people of the conversation."""
        return [value for placeholder, value in self.vault.items() if placeholder.startswith("<PERSON_")]

    def _known(self, text: str) -> list[Entity]:
        """Where the values of the vault stand in `text`, in any case."""
        lowered = text.casefold()
        found = []
        for placeholder, value in self.vault.items():
            if len(value) < _SHORTEST or placeholder.startswith("<LITERAL_") or value.casefold() not in lowered:
                continue
            kind = placeholder[1:].rpartition("_")[0]
            pattern = rf"(?<!\w){re.escape(value)}(?!\w)"
            found += [Entity(kind, *match.span(), 1.0) for match in re.finditer(pattern, text, re.IGNORECASE)]
        return found

    # Showing

    def reveal(self, text: str) -> str:
        """`text` with the real values in it."""
        return unmask(text, self.vault) if self.hides else text

    def reveal_json(self, value: Any) -> Any:
        """JSON with the real values in its strings."""
        if not self.hides:
            return value
        if isinstance(value, Mapping):
            return {name: self.reveal_json(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.reveal_json(one) for one in value]
        return self.reveal(value) if isinstance(value, str) else value

    def stream(self) -> StreamUnmasker:
        """`reveal` over deltas."""
        return StreamUnmasker(self.vault if self.hides else PlaceholderMap())

    def unknown(self, text: str) -> str | None:
        """The first placeholder in `text` that stands for nothing here: a model made it up."""
        if not self.hides:
            return None
        found = (match.group() for match in PLACEHOLDER.finditer(text))
        return next((one for one in found if self.vault.value_of(one) is None), None)

    def beginning(self, masked: str, heard: str) -> str | None:
        """The beginning of `masked` that was heard in real words; None where it does not begin so.

        A value that was cut into is left out: half a placeholder stands for nothing.
        """
        if not self.reveal(masked).startswith(heard):
            return None
        kept, rest, last = "", heard, 0
        for match in PLACEHOLDER.finditer(masked):
            between, value = masked[last : match.start()], self.reveal(match.group())
            if len(between) + len(value) > len(rest):
                break
            kept, rest, last = masked[: match.end()], rest[len(between) + len(value) :], match.end()
        following = PLACEHOLDER.search(masked, last)
        return kept + masked[last : following.start() if following else len(masked)][: len(rest)]

    # Storing

    def stored(self, masked: str) -> str:
        """What of a masked text is written down."""
        return masked if self.keeps_words else ""

    def pending(self) -> list[tuple[str, str]]:
        """Placeholders and values that are not on disk yet."""
        return list(self.vault.items())[self._stored :]

    def mark_stored(self) -> None:
        """The transaction that stored what was pending has committed."""
        self._stored = len(self.vault)


def has_placeholder(text: str) -> bool:
    """Whether a masked text stands for anybody's data."""
    return PLACEHOLDER.search(text) is not None


def kind_of(key: str) -> str | None:
    """The kind of personal data that a slot or a JSON field of this name holds."""
    plain = key.lower().replace("-", "_")
    if plain in _NAMES:
        return "PERSON"
    if "phone" in plain or plain in {"mobile", "telefon", "telefonnummer", "mobilnummer", "callback_number"}:
        return "PHONE_NUMBER"
    if plain in {"email", "e_mail", "mail", "email_address", "customer_email", "contact_email"}:
        return "EMAIL_ADDRESS"
    return "ADDRESS" if plain in {"address", "street", "postal_code", "zip", "adresse", "anschrift"} else None


def _personal(slots: Mapping[str, SlotValue]) -> list[tuple[str, str]]:
    return [(kind, str(value)) for key, value in slots.items() if (kind := kind_of(key)) and value not in ("", None)]


def _said(text: str, kind: str, value: str) -> list[Entity]:
    """Where a normalised slot stands in the words it was read from."""
    if kind == "PHONE_NUMBER":
        wanted = _digits(value)
        return [
            Entity(kind, *run.span(), 0.9)
            for run in _DIGIT_RUN.finditer(text)
            if len(digits := _digits(run.group()).lstrip("0")) >= 5 and wanted.endswith(digits)
        ]
    pattern = rf"(?<!\w){re.escape(value)}(?!\w)"
    return [Entity(kind, *match.span(), 0.9) for match in re.finditer(pattern, text, re.IGNORECASE)]


def _digits(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")
