from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.kit.sentences import sentence_spans, split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We open at 9. Lunch ends at 2.", ["We open at 9.", "Lunch ends at 2."]),
        ("The soup is 12.50 euros. It is vegan!", ["The soup is 12.50 euros.", "It is vegan!"]),
        ("Ask Dr. Miller in room No. 5. He knows.", ["Ask Dr. Miller in room No. 5.", "He knows."]),
        ("No. We do not take dogs.", ["No.", "We do not take dogs."]),
        ("We close at 5 p.m. Parking is free.", ["We close at 5 p.m.", "Parking is free."]),
        ("Open until 5 p.m. Monday to Friday.", ["Open until 5 p.m. Monday to Friday."]),
        (
            "Bring snacks, e.g. Nuts or fruit, etc. We have water.",
            ["Bring snacks, e.g. Nuts or fruit, etc.", "We have water."],
        ),
        ("J. R. Smith cooks. Really? Yes.", ["J. R. Smith cooks.", "Really?", "Yes."]),
        ("Choose plan B. It is cheaper.", ["Choose plan B.", "It is cheaper."]),
        ('She said "Come in." Then she left.', ['She said "Come in."', "Then she left."]),
        ("hi. can i book a table? thanks", ["hi.", "can i book a table?", "thanks"]),
        (
            "See www.example.com or write to a.b@example.com. Thanks.",
            ["See www.example.com or write to a.b@example.com.", "Thanks."],
        ),
        ("Wait... what? Oh… Fine.", ["Wait... what?", "Oh…", "Fine."]),
        ("We offer:\n- Soup. Hot.\n- Salad\n1. First", ["We offer:", "- Soup.", "Hot.", "- Salad", "1. First"]),
        (
            "This line was wrapped by an editor at some width\nand goes on here. Next.",
            ["This line was wrapped by an editor at some width and goes on here.", "Next."],
        ),
        ("# Menu\nSoup | 5\nSteak | 20", ["# Menu", "Soup | 5", "Steak | 20"]),
        ("", []),
        (" \n\t", []),
        ("No full stop", ["No full stop"]),
    ],
)
def test_english(text: str, expected: list[str]) -> None:
    assert split_sentences(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Wir öffnen um 11.30 Uhr. Die Küche schließt um 22 Uhr.",
            ["Wir öffnen um 11.30 Uhr.", "Die Küche schließt um 22 Uhr."],
        ),
        (
            "Vegane Gerichte, z.B. Linsensuppe, gibt es täglich. Guten Appetit!",
            ["Vegane Gerichte, z.B. Linsensuppe, gibt es täglich.", "Guten Appetit!"],
        ),
        (
            "Das kostet z. B. Kinder nichts. Erwachsene zahlen.",
            ["Das kostet z. B. Kinder nichts.", "Erwachsene zahlen."],
        ),
        ("Fragen Sie Dr. Weber. Er hilft.", ["Fragen Sie Dr. Weber.", "Er hilft."]),
        ("Am 3. Mai ist geschlossen. Am 4. sind wir da.", ["Am 3. Mai ist geschlossen.", "Am 4. sind wir da."]),
        ("Das Zimmer liegt im 2. Stock. Ein Aufzug fehlt.", ["Das Zimmer liegt im 2. Stock.", "Ein Aufzug fehlt."]),
        ("Die 5. Nacht ist frei.", ["Die 5. Nacht ist frei."]),
        ("Erwachsene zahlen 12. Kinder zahlen 6.", ["Erwachsene zahlen 12.", "Kinder zahlen 6."]),
        ("Wir öffnen um 7. Das Frühstück beginnt dann.", ["Wir öffnen um 7.", "Das Frühstück beginnt dann."]),
        ("Hauptstr. 5 ist die Adresse. Tel. 030 1234.", ["Hauptstr. 5 ist die Adresse.", "Tel. 030 1234."]),
        ("Es gibt Kaffee, Tee usw. Wir freuen uns.", ["Es gibt Kaffee, Tee usw.", "Wir freuen uns."]),
        (
            "Die Miete beträgt ca. 1.200 Euro inkl. Heizung. Strom kommt dazu.",
            ["Die Miete beträgt ca. 1.200 Euro inkl. Heizung.", "Strom kommt dazu."],
        ),
        ("Mo. bis Fr. geöffnet, d.h. Samstag zu. Danke.", ["Mo. bis Fr. geöffnet, d.h. Samstag zu.", "Danke."]),
        ("Vom 24. bis 26. Dezember zu.", ["Vom 24. bis 26. Dezember zu."]),
    ],
)
def test_german(text: str, expected: list[str]) -> None:
    assert split_sentences(text, "de") == expected


def test_an_unknown_language_follows_both_rule_sets() -> None:
    assert split_sentences("Dr. Miller, z.B. Anna. The end.", "fr") == ["Dr. Miller, z.B. Anna.", "The end."]


@given(st.text(alphabet=st.sampled_from('aB1. !?\n-|:#")€äß'), max_size=200), st.sampled_from(["en", "de", "xx"]))
def test_nothing_but_white_space_lies_between_sentences(text: str, language: str) -> None:
    spans = sentence_spans(text, language)
    position = 0
    for start, end in spans:
        assert start >= position
        assert not text[position:start].strip()
        assert text[start:end].strip() == text[start:end] != ""
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize("piece", ["a", ".", ". ", "a. ", "1. ", "A.\n", "\n", "z. B. ", "a b c, d e f. "])
def test_time_is_linear(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    started = time.process_time()
    split_sentences(text, "de")
    assert time.process_time() - started < 4
