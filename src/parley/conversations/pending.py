"""What the flow is waiting for, as a question: it decides what a bare "four" means, whatever the model said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "date": "For what date?",
        "time": "At what time?",
        "party_size": "For how many people?",
        "nights": "For how many nights?",
        "name": "What is your name?",
        "phone": "What is your phone number?",
        "email": "What is your e-mail address?",
        "property_id": "Which property is it about?",
        "city": "In which city?",
    },
    "de": {
        "date": "Für welches Datum?",
        "time": "Um wie viel Uhr?",
        "party_size": "Für wie viele Personen?",
        "nights": "Für wie viele Nächte?",
        "name": "Wie ist Ihr Name?",
        "phone": "Wie ist Ihre Telefonnummer?",
        "email": "Wie ist Ihre E-Mail-Adresse?",
        "property_id": "Um welches Objekt geht es?",
        "city": "In welcher Stadt?",
    },
}


def with_pending(previous: str, slots: Sequence[str], language: str) -> str:
    """The agent's last line, followed by the questions it leaves open where it asks none itself."""
    if not slots or "?" in previous:
        return previous
    words = _QUESTIONS.get(language, _QUESTIONS["en"])
    return " ".join([previous, *(words[slot] for slot in slots if slot in words)]).strip()
