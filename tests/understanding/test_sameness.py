"""Equal gists for other wordings of a question, different ones for its neighbours with another answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.kit.yaml_text import load_yaml
from parley.understanding.sameness import gist

HERE = Path(__file__).parent
LEAST_HITS = 0.6


def groups(language: str, *, held_out: bool) -> list[dict[str, Any]]:
    read = load_yaml((HERE / f"same_questions_{language}.yaml").read_text(encoding="utf-8"))
    return [group for number, group in enumerate(read) if (number % 2 == 1) == held_out]


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("language", ["en", "de"])
def test_other_wordings_are_recognised_and_neighbours_never(language: str, held_out: bool) -> None:
    hits, asked = 0, 0
    for group in groups(language, held_out=held_out):
        key = gist(group["ask"], language)
        assert key is not None
        for other in group["other"]:
            assert gist(other, language) != key, f"{group['ask']} / {other}"
        hits += sum(gist(same, language) == key for same in group["same"])
        asked += len(group["same"])
    assert hits / asked >= LEAST_HITS, f"{hits} of {asked}"


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("Is breakfast included?", "Is breakfast not included?", "en"),
        ("Is breakfast included?", "Isn't breakfast included?", "en"),
        ("Are two dogs allowed?", "Are three dogs allowed?", "en"),
        ("How do I get from the bar to the pool?", "How do I get from the pool to the bar?", "en"),
        ("Is the pool bigger than the sauna?", "Is the sauna bigger than the pool?", "en"),
        ("Can I call you?", "Can you call me?", "en"),
        ("Sind Hunde erlaubt?", "Sind keine Hunde erlaubt?", "de"),
        ("Haben Sie Zimmer für zwei Kinder?", "Haben Sie zwei Zimmer für Kinder?", "de"),
        ("Kann ich stornieren?", "Können Sie stornieren?", "de"),
    ],
)
def test_polarity_number_direction_and_doer_keep_questions_apart(one: str, other: str, language: str) -> None:
    assert gist(one, language) != gist(other, language)


def test_what_says_too_little_or_too_much_or_speaks_another_tongue_has_no_gist() -> None:
    assert gist("What?", "en") is None
    assert gist("Can you?", "en") is None
    assert gist("word " * 60, "en") is None
    assert gist("Avez-vous un parking ?", "fr") is None


@given(st.text(max_size=250), st.sampled_from(["en", "de"]))
def test_any_text_has_a_gist_or_none_and_case_makes_no_difference(text: str, language: str) -> None:
    found = gist(text, language)
    assert found is None or found == " ".join(sorted(found.split(" ")))
    assert gist(text, language) == found
