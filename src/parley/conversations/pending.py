"""What the flow is waiting for, as a question: it decides what a bare "four" means, whatever the model said last."""

from __future__ import annotations

import re
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
        "driver_status": "What is your status?",
        "current_location": "Where are you?",
        "emergency_location": "Where are you?",
        "eta": "When do you expect to arrive?",
        "delay_reason": "What is the reason of the delay?",
        "unloading_status": "How is the unloading going?",
        "pod_reminder_acknowledged": "Will you send in the proof of delivery?",
        "safety_status": "Are you safe?",
        "injury_status": "Is anyone injured?",
        "load_secure": "Is the load secure?",
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
        "driver_status": "Wie ist Ihr Status?",
        "current_location": "Wo sind Sie?",
        "emergency_location": "Wo sind Sie?",
        "eta": "Wann kommen Sie an?",
        "delay_reason": "Was ist der Grund der Verspätung?",
        "unloading_status": "Wie steht es mit dem Entladen?",
        "pod_reminder_acknowledged": "Schicken Sie den Ablieferbeleg?",
        "safety_status": "Sind Sie in Sicherheit?",
        "injury_status": "Ist jemand verletzt?",
        "load_secure": "Ist die Ladung gesichert?",
    },
}


_MEANT = re.compile(r"\b(?:i meant|meinte ich|ich meinte)\b", re.IGNORECASE)


def with_pending(previous: str, slots: Sequence[str], language: str) -> str:
    """The agent's last line, followed by the questions it leaves open where it asks none itself."""
    if not slots or "?" in previous:
        return previous
    words = _QUESTIONS.get(language, _QUESTIONS["en"])
    return " ".join([previous, *(words[slot] for slot in slots if slot in words)]).strip()


def with_own_words(previous: str, said: str, heard: Sequence[str]) -> str:
    """The agent's last line, before it the caller's where `said` puts the caller's own words right: "I meant 8"."""
    return f"{heard[-1].rstrip()} {previous}" if heard and _MEANT.search(said) else previous
