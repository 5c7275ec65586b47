from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.knowledge.split import Chunk, split_text


def headings(chunks: list[Chunk]) -> list[str]:
    return [chunk.heading for chunk in chunks]


def filler(words: int, name: str = "word") -> str:
    return " ".join(f"{name}{n}" for n in range(words)) + "."


def test_a_short_text_is_one_chunk() -> None:
    assert split_text("We open at nine.") == [Chunk(0, "", "We open at nine.", 0, 16)]


@pytest.mark.parametrize("text", ["", " \n\t\r\n"])
def test_no_words_make_no_chunk(text: str) -> None:
    assert split_text(text) == []


def test_sections_carry_their_path_of_headings() -> None:
    text = f"# Guide\n\n## Menu\n{filler(50)}\n\n### Main courses\n{filler(60)}\n\n## Hours\n{filler(50)}"
    assert headings(split_text(text, title="Guide")) == ["Menu", "Menu › Main courses", "Hours"]
    assert headings(split_text(text))[1] == "Guide › Menu › Main courses"


def test_headings_stay_in_the_text() -> None:
    first, *_ = split_text(f"# Guide\n\n## Menu\n{filler(50)}\n\n## Hours\n{filler(50)}")
    assert first.content.startswith("# Guide\n\n## Menu\nword0")


@pytest.mark.parametrize(
    "head",
    [
        "OPENING HOURS\n",
        "Opening hours\n\n",
        "Opening hours:\n",
        "**Opening hours**\n",
        "Opening hours\n=====\n",
        "## Opening hours\n",
    ],
)
def test_headings_without_markdown(head: str) -> None:
    text = f"{filler(40)}\n\n{head}{filler(40)}"
    assert [heading.lower() for heading in headings(split_text(text))] == ["", "opening hours"]


def test_numbered_headings_but_not_numbered_lists() -> None:
    text = f"1. Booking\n\n{filler(40)}\n\n2. Payment\n\n{filler(40)}\n\n1. Soup\n2. Fish\n3. Cake"
    assert headings(split_text(text))[:2] == ["1. Booking", "2. Payment"]


def test_labels_on_one_line_are_sections() -> None:
    text = f"Appetizers: {filler(30, 'soup')} Main Courses: {filler(30, 'steak')} Desserts: {filler(30, 'cake')}"
    chunks = split_text(text)
    assert headings(chunks) == ["Appetizers", "Main Courses", "Desserts"]
    assert chunks[1].content.startswith("Main Courses: steak0")


def test_tiny_sections_are_merged() -> None:
    hours = "\n".join(f"{day}: 9:00 - 17:00" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"))
    chunks = split_text(f"# Hours\n{hours}\n\n# Rooms\n{filler(50)}")
    assert headings(chunks) == ["Hours", "Rooms"]
    assert "Monday" in chunks[0].content
    assert "Friday" in chunks[0].content


def test_a_list_stays_with_its_introduction() -> None:
    items = "\n".join(f"- {filler(5, f'item{n}x')}" for n in range(6))
    chunks = split_text(f"{filler(100)}\n\nOur rooms come with these fine things today:\n\n{items}")
    assert len(chunks) == 2
    assert chunks[1].content.startswith("Our rooms come")
    assert "item5x" in chunks[1].content


def test_a_long_list_keeps_its_first_item_with_the_introduction() -> None:
    items = "\n".join(f"- {filler(12, f'item{n}x')}" for n in range(30))
    chunks = split_text(f"We have these things for you today, dear guests:\n{items}")
    assert "item0x" in chunks[0].content
    assert all(chunk.content.splitlines()[-1].endswith("11.") for chunk in chunks)


@pytest.mark.parametrize(("question", "answer"), [("Q: ", "A: "), ("Frage: ", "Antwort: "), ("", "")])
def test_a_question_stays_with_its_answer(question: str, answer: str) -> None:
    pairs = [f"{question}May we bring the {n}th dog?\n\n{answer}{filler(45, f'dog{n}x')}" for n in range(6)]
    for chunk in split_text("\n\n".join(pairs)):
        assert chunk.content.count("May we bring") == chunk.content.count("x44.")


def test_sentences_are_not_cut() -> None:
    text = " ".join(f"This is sentence number {n} and it costs 12.50 euros, e.g. on Mondays." for n in range(60))
    for chunk in split_text(text):
        assert chunk.content.startswith("This is")
        assert chunk.content.endswith("on Mondays.")


def test_a_sentence_over_the_limit_is_cut_behind_a_comma() -> None:
    chunks = split_text(", ".join(f"thing{n} and thing" for n in range(100)))
    assert len(chunks) > 2
    assert all(chunk.content.endswith(",") for chunk in chunks[:-1])


def test_table_rows_are_not_cut() -> None:
    rows = "\n".join(f"Dish: Soup number {n} | Price: {n}.50 | Vegan: yes" for n in range(60))
    for chunk in split_text(rows):
        assert all(row.endswith("Vegan: yes") for row in chunk.content.splitlines())


_MARKS = ["word ", "Menu:", "# Head", "## Sub", "\n", "\n\n", "- item", "1. one", "A. Bb", "Q: why?", "A: so.", " | "]
_TEXTS = ["TITLE", "a b", "x" * 500, ". ", "Main Courses: steak. ", "=====", "\r\n", "\u2028", "äöü ", ", ", " " * 3000]
_PIECES = st.sampled_from([*_MARKS, *_TEXTS])


@given(st.lists(_PIECES, max_size=60), st.integers(5, 120))
def test_nothing_is_lost_or_reordered_and_size_is_bounded(pieces: list[str], limit: int) -> None:
    text = " ".join(pieces)
    chunks = split_text(text, max_words=limit)
    position = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.content == text[chunk.start : chunk.end] == chunk.content.strip() != ""
        assert not text[position : chunk.start].strip()
        assert len(chunk.content.split()) <= limit
        assert len(chunk.content) <= limit * 9
        position = chunk.end
    assert not text[position:].strip()


def fastest(text: str) -> float:
    """Seconds of processor time, the best of three: the first run loads word lists."""
    times = []
    for _ in range(3):
        started = time.process_time()
        split_text(text)
        times.append(time.process_time() - started)
    return min(times)


def test_100_kb_take_well_under_100_ms_and_time_is_linear() -> None:
    section = "## Section {n} Rooms\nIt costs 120.50 euros. Dr. Miller stays. Is it nice?\n\n- item one\n- item two\n\n"
    small = "".join(section.format(n=n) for n in range(1_100))
    quick = fastest(small)
    assert quick < 0.1
    assert fastest(small * 10) < 30 * quick + 0.5


@pytest.mark.parametrize(
    "piece",
    ["#", "# ", "A: ", "a: b. ", "\n", "-", "- \n", "| ", "Q? ", "*", "A B C D ", ".", ":", "1. ", "=\n", "A\n=\n"],
)
def test_hostile_repetition_is_linear(piece: str) -> None:
    started = time.process_time()
    split_text(piece * (300_000 // len(piece)))
    assert time.process_time() - started < 4
