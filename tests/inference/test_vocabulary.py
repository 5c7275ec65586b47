from __future__ import annotations

from parley.inference.vocabulary import terms

MENU = """Menu

Lasagna alla bolognese $24
Gnocchi al pesto: 19.50 €
We are at 12 Mulberry Street, next to the Teatro San Carlo. Our chef is Maria Lopez.
Open every day from noon. Reservations are welcome.
"""
KARTE = """Speisekarte
- Königsberger Klopse 14,50 €
Sie finden uns in der Oranienburger Straße 12, gleich neben dem Hackeschen Markt.
Unser Haus hat einen Garten und eine Terrasse für die Gäste.
"""


def test_names_streets_and_dishes_are_expected() -> None:
    found = terms(("Sofia", "Trattoria Lucia", MENU))
    assert found[:2] == ("Sofia", "Trattoria Lucia")
    assert {"Mulberry Street", "Lasagna alla bolognese", "Gnocchi al pesto", "Teatro San Carlo", "Maria Lopez"} <= set(
        found
    )


def test_german_nouns_alone_are_not() -> None:
    found = terms(("Alte Linde", KARTE))
    assert {"Oranienburger Straße", "Königsberger Klopse", "Hackeschen Markt"} <= set(found)
    assert not {"Garten", "Terrasse", "Gäste", "Haus"} & set(found)


def test_the_list_keeps_to_what_a_vendor_takes() -> None:
    found = terms(("Sofia", MENU * 3), most=3, longest=10)
    assert len(found) <= 3
    assert all(len(term) <= 10 for term in found)
    assert sum(map(len, terms((MENU, KARTE), characters=30))) <= 30
    assert terms(()) == ()
