"""Where a machine has a spaCy model installed, its names count too; the model here is made by spaCy itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.privacy import Masking, find_personal_data
from parley.privacy import find as finding


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An English model that knows one kind of name, as a package that spaCy finds."""
    import spacy  # too slow for workers that run none of these

    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [{"label": "PERSON", "pattern": "Zork the Quiet"}, {"label": "ORG", "pattern": "Grue Ltd"}]
    )
    package = tmp_path / "en_tiny_names"
    package.mkdir()
    pipeline.to_disk(package / "data")
    load = (
        "import pathlib, spacy\n\ndef load(**given):\n    return spacy.load(pathlib.Path(__file__).parent / 'data')\n"
    )
    (package / "__init__.py").write_text(load)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("spacy.util.get_installed_models", lambda: ["en_tiny_names"])
    monkeypatch.setattr("spacy.util.is_package", lambda name: name == "en_tiny_names")
    finding._installed_models.cache_clear()
    yield
    finding._installed_models.cache_clear()
    finding.analyzer.cache_clear()
    sys.modules.pop("en_tiny_names", None)


@pytest.mark.usefixtures("installed")
def test_the_installed_models_names_are_found_beside_the_rules() -> None:
    text = "the boss is Zork the Quiet of Grue Ltd, zork@grue.example"
    found = {(one.type, text[one.start : one.end]) for one in find_personal_data(text, language="en")}
    assert ("PERSON", "Zork the Quiet") in found
    assert ("EMAIL_ADDRESS", "zork@grue.example") in found
    assert not any("Grue Ltd" in words for _, words in found)


@pytest.mark.usefixtures("installed")
def test_masking_uses_it_and_gives_the_words_back() -> None:
    masking = Masking("masked")
    hidden = masking.hide("the boss is Zork the Quiet")
    assert hidden == "the boss is <PERSON_1>"
    assert masking.reveal(hidden) == "the boss is Zork the Quiet"


@pytest.mark.usefixtures("installed")
def test_a_language_without_a_model_is_read_by_the_rules_alone() -> None:
    text = "der Chef ist Zork the Quiet, zork@grue.example"
    found = {text[one.start : one.end] for one in find_personal_data(text, language="de")}
    assert "zork@grue.example" in found
    assert "Zork the Quiet" not in found


def test_without_a_model_nothing_is_missing_but_its_names() -> None:
    text = "the boss is zork the quiet, zork@grue.example"
    assert [one.type for one in find_personal_data(text, language="en")] == ["EMAIL_ADDRESS"]
