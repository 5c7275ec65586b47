"""The ledger: what was heard is a prefix, grows with what was played, and is cut at a word."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.inference.speech import Speech, Word
from parley.voice.phrases import Phrase
from parley.voice.playback import Ledger

SENTENCES = st.lists(st.lists(st.sampled_from(["a", "table", "reservation", "of"]), min_size=1, max_size=6), max_size=4)


def _speak(ledger: Ledger, words: list[list[str]], word_ms: int, *, timed: bool) -> str:
    text = ""
    for sentence in words:
        start = len(text)
        text += " ".join(sentence) + " "
        ledger.begin(Phrase(start, len(text) - 1, text[start:-1]))
        for number, word in enumerate(sentence):
            times = (Word(word, number * word_ms, (number + 1) * word_ms),) if timed else ()
            ledger.add(Speech(bytes(32 * word_ms), words=times))
        ledger.end()
    return text


@settings(max_examples=200, deadline=None)
@given(words=SENTENCES, word_ms=st.integers(50, 500), timed=st.booleans(), played=st.lists(st.floats(0, 1), max_size=5))
def test_heard_is_a_growing_prefix_of_whole_words(
    words: list[list[str]], word_ms: int, timed: bool, played: list[float]
) -> None:
    ledger = Ledger()
    text = _speak(ledger, words, word_ms, timed=timed)
    before = 0
    for share in sorted([0.0, *played, 1.0]):
        offset = ledger.heard(share * ledger.handed_ms)
        assert offset >= before
        assert offset in {0, len(text.rstrip())} or text[offset].isspace()
        before = offset
        if timed and 0 < share < 1:
            at = share * ledger.handed_ms
            assert len(text[:offset].split()) == sum((n + 0.5) * word_ms <= at for n in range(sum(map(len, words))))
    assert text[:before].split() == text.split()


@settings(max_examples=100, deadline=None)
@given(words=SENTENCES.filter(bool), timed=st.booleans(), share=st.floats(0.05, 0.95))
def test_what_was_cut_is_not_heard_later(words: list[list[str]], timed: bool, share: float) -> None:
    ledger = Ledger()
    _speak(ledger, words, 100, timed=timed)
    played = share * ledger.handed_ms
    heard = ledger.heard(played)
    ledger.cut(played)
    assert ledger.handed_ms == played
    assert ledger.heard(played) == ledger.heard(10 * played) == heard


def test_a_speaker_that_counts_words_differently() -> None:
    ledger = Ledger()
    ledger.begin(Phrase(0, 10, "at 20 past"))
    times = tuple(Word(word, number * 100, number * 100 + 100) for number, word in enumerate("at twen ty past".split()))
    ledger.add(Speech(bytes(32 * 400), words=times))
    ledger.end()
    assert [ledger.heard(ms) for ms in (0, 60, 260, 400)] == [0, 0, 5, 10]
