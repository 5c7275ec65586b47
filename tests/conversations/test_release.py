"""What other code answered is not given any more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.conversations import recall
from parley.conversations.recall import Question, Recall
from parley.conversations.release import digest_of, release


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)


def asked() -> Question:
    return Question("t1", "a1", 1, "", "en", 3, "Can I pay by card?")


def test_an_answer_of_another_release_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Recall(Noon())
    kept.remember(asked(), "Yes.", "faq", ())
    assert kept.look_up(asked()) is not None
    monkeypatch.setattr(recall, "_RELEASE", "another")
    assert kept.look_up(asked()) is None


def test_a_release_is_told_by_what_answers_and_by_nothing_else(tmp_path: Path) -> None:
    for room in ("house", "calls"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "answer.py").write_text("one", encoding="utf-8")
    before = digest_of(tmp_path)
    (tmp_path / "calls" / "answer.py").write_text("two", encoding="utf-8")
    (tmp_path / "house" / "answer.pyc").write_text("two", encoding="utf-8")
    assert digest_of(tmp_path) == before
    (tmp_path / "house" / "answer.py").write_text("two", encoding="utf-8")
    assert digest_of(tmp_path) != before


def test_the_release_stays_the_same_while_it_runs() -> None:
    assert release() == release() != ""
