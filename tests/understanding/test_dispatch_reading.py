"""What a driver's line tells dispatch. The lines are written for this, not taken from the simulated drivers."""

from __future__ import annotations

from typing import Any

import pytest

from parley.understanding.dispatch_reading import is_broken, line_quality, read_dispatch

ASKED = {
    "status": "What is your status right now: driving, delayed, arrived or unloading?",
    "where": "Where are you right now, and when do you expect to arrive?",
    "why": "What is causing the delay?",
    "dock": "How is the unloading going: are you at a door, waiting, or done?",
    "pod": "Please send in the proof of delivery as soon as you are unloaded. Will you do that?",
    "safe": "Are you safe, is the load secure, and where exactly are you?",
    "hurt": "Is anyone hurt?",
    "load": "Is the load secure?",
    "wo": "Wo sind Sie gerade, und wann kommen Sie voraussichtlich an?",
    "warum": "Was ist der Grund für die Verspätung?",
    "beleg": "Und schicken Sie bitte den Ablieferbeleg, sobald Sie entladen sind. Machen Sie das?",
    "sicher": "Sind Sie in Sicherheit?",
    "verletzt": "Ist jemand verletzt?",
    "": "",
}


def read(asked: str, message: str) -> dict[str, Any]:
    language = "de" if asked in {"wo", "warum", "beleg", "sicher", "verletzt"} else "en"
    return read_dispatch(message, language=language, previous=ASKED[asked])


@pytest.mark.parametrize(
    ("asked", "message", "slot", "value"),
    [
        ("", "still rolling down the interstate", "driver_status", "driving"),
        ("", "We got held up at the port for ages", "driver_status", "delayed"),
        ("", "I just pulled in at the consignee", "driver_status", "arrived"),
        ("", "They started unloading about ten minutes ago", "driver_status", "unloading"),
        ("", "I'm not late, I'm right on track", "driver_status", "driving"),
        ("status", "Delayed.", "driver_status", "delayed"),
        ("where", "Tulsa.", "current_location", "Tulsa"),
        (
            "where",
            "I'm on US-287 just south of Wichita Falls",
            "current_location",
            "on US-287 just south of Wichita Falls",
        ),
        (
            "where",
            "exit 45 on the turnpike, there by quarter to five pm",
            "current_location",
            "exit 45 on the turnpike",
        ),
        ("where", "probably another two and a half hours", "eta", "probably another two and a half hours"),
        ("where", "Should be in tomorrow morning around 7", "eta", "tomorrow morning around 7"),
        ("", "I'm running late, there's a wreck on 35", "delay_reason", "there's a wreck on 35"),
        ("why", "A tree fell across the road", "delay_reason", "A tree fell across the road"),
        (
            "dock",
            "Sitting in bay 6, they have not touched it",
            "unloading_status",
            "Sitting in bay 6, they have not touched it",
        ),
        ("pod", "You bet.", "pod_reminder_acknowledged", True),
        ("pod", "I can't, the scanner is broken, no", "pod_reminder_acknowledged", None),
        ("pod", "No way.", "pod_reminder_acknowledged", False),
        ("safe", "Yes, we're both safe", "safety_status", "safe"),
        ("safe", "No, I'm still in the lane", "safety_status", "not safe"),
        ("hurt", "Nope.", "injury_status", "none"),
        ("hurt", "my passenger hit his head", "injury_status", "my passenger hit his head"),
        ("load", "no, some pallets are leaning", "load_secure", False),
        ("load", "yes sir", "load_secure", True),
        ("wo", "Gerade durch Magdeburg durch", "current_location", "durch Magdeburg durch"),
        ("wo", "Auf der A61 Höhe Koblenz, so in zwei Stunden", "eta", "so in zwei Stunden"),
        ("wo", "Um halb fünf bin ich da", "eta", "Um halb fünf"),
        ("warum", "Die Fähre fiel aus.", "delay_reason", "Die Fähre fiel aus"),
        ("beleg", "Geht klar.", "pod_reminder_acknowledged", True),
        ("sicher", "Nein.", "safety_status", "not safe"),
        ("verletzt", "Nein, alle wohlauf.", "injury_status", "none"),
    ],
)
def test_a_line_tells(asked: str, message: str, slot: str, value: object) -> None:
    assert read(asked, message).get(slot) == value


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("where", "Why do you want to know?"),
        ("where", "None of your business."),
        ("where", "Later."),
        ("where", "Uh huh"),
        ("where", "I don't know"),
        ("wo", "Keine Ahnung."),
        ("wo", "Später."),
        ("status", "Fine."),
        ("pod", "Hm?"),
        ("", "(unintelligible audio)"),
        ("", "Please leave a message after the beep."),
        ("", ""),
    ],
)
def test_a_line_that_tells_nothing(asked: str, message: str) -> None:
    assert read(asked, message) == {}


def test_what_is_past_or_a_wait_is_no_arrival() -> None:
    assert "eta" not in read("", "I got here two hours ago")
    assert "eta" not in read("why", "They held me for three hours at the shipper")
    assert "eta" not in read("", "I'm an hour behind")


def test_once_unloaded_is_not_yet_unloaded() -> None:
    assert "driver_status" not in read("pod", "Sure, once I'm unloaded.")
    assert "driver_status" not in read("beleg", "Ja, sobald ich entladen bin.")


@pytest.mark.parametrize(
    "line", ["(unintelligible audio)", "[inaudible]", "...", " … ", "(static) (static)", "*noise*"]
)
def test_noise_is_known(line: str) -> None:
    assert line_quality(line, "en") == "unintelligible"


@pytest.mark.parametrize("line", ["I'm here (laughs)", "Yes.", "12", "ok..."])
def test_words_are_no_noise(line: str) -> None:
    assert line_quality(line, "en") == ""
    assert not is_broken(line, "en")


def test_an_answering_machine_is_known() -> None:
    assert line_quality("You've reached Bob's cell, I can't pick up, leave your name and number.", "en") == "voicemail"
    assert line_quality("Bitte hinterlassen Sie eine Nachricht nach dem Signalton.", "de") == "voicemail"
    assert line_quality("Did you get the message I left you?", "en") == ""
