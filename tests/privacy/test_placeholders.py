"""Masking: consistent, exact to reverse, safe against text that looks like a placeholder."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.privacy import Entity, PlaceholderMap, StreamMasker, StreamUnmasker, find_personal_data, mask, unmask

TYPES = ["PERSON", "PHONE_NUMBER", "EMAIL_ADDRESS", "US_SSN"]
tricky = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="<>_PERSON12. \n", max_size=40),
    st.lists(
        st.sampled_from(["<PERSON_1>", "<LITERAL_1>", "<PERSON_", "1>", "John", "john", "<", ">", " "]), max_size=12
    ).map("".join),
)


@st.composite
def texts_with_entities(draw: st.DrawFn) -> tuple[str, list[Entity]]:
    text = draw(tricky)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Entity(draw(st.sampled_from(TYPES)), start, end, 1.0) for start, end in pairs]


@given(st.lists(texts_with_entities(), min_size=1, max_size=4))
def test_unmasking_restores_every_text_of_a_conversation(conversation: list[tuple[str, list[Entity]]]) -> None:
    vault = PlaceholderMap()
    masked = [mask(text, entities, vault).text for text, entities in conversation]
    assert [unmask(text, vault) for text in masked] == [text for text, _ in conversation]


@given(st.lists(texts_with_entities(), min_size=1, max_size=3))
def test_a_stored_map_masks_and_unmasks_like_the_one_it_came_from(conversation: list[tuple[str, list[Entity]]]) -> None:
    vault = PlaceholderMap()
    masked = [mask(text, entities, vault).text for text, entities in conversation]
    again = PlaceholderMap(dict(vault.items()))
    assert [mask(text, entities, again).text for text, entities in conversation] == masked
    assert [unmask(text, again) for text in masked] == [text for text, _ in conversation]


@given(texts_with_entities(), st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_a_stream_unmasks_to_what_the_whole_text_does(case: tuple[str, list[Entity]], sizes: list[int]) -> None:
    vault = PlaceholderMap()
    masked = mask(*case, vault).text
    stream, pieces, start = StreamUnmasker(vault), [], 0
    for size in [*sizes, len(masked)]:
        pieces.append(stream.feed(masked[start : start + size]))
        start += size
    assert "".join(pieces) + stream.finish() == case[0]


@given(texts_with_entities())
def test_no_masked_value_is_left_where_it_stood(case: tuple[str, list[Entity]]) -> None:
    text, entities = case
    marker = "\ue000secret\ue001"
    for entity in reversed(entities):
        text = text[: entity.start] + marker + text[entity.end :]
    shifted = [Entity("PERSON", match.start(), match.end(), 1.0) for match in re.finditer(marker, text)]
    assert "secret" not in mask(text, shifted, PlaceholderMap()).text


def test_the_same_value_has_the_same_placeholder_in_every_message() -> None:
    vault = PlaceholderMap()
    assert mask("Anna Weber", [Entity("PERSON", 0, 10, 1.0)], vault).text == "<PERSON_1>"
    assert mask("ask Tom", [Entity("PERSON", 4, 7, 1.0)], vault).text == "ask <PERSON_2>"
    assert mask("for Anna Weber", [Entity("PERSON", 4, 14, 1.0)], vault).text == "for <PERSON_1>"


def test_another_spelling_keeps_the_number_and_comes_back_as_it_was() -> None:
    vault = PlaceholderMap()
    mask("Anna Weber", [Entity("PERSON", 0, 10, 1.0)], vault)
    masked = mask("ANNA  WEBER", [Entity("PERSON", 0, 11, 1.0)], vault).text
    assert masked == "<PERSON_1.2>"
    assert unmask(masked, vault) == "ANNA  WEBER"


def test_a_typed_placeholder_does_not_fetch_somebody_elses_data() -> None:
    vault = PlaceholderMap()
    mask("Anna", [Entity("PERSON", 0, 4, 1.0)], vault)
    typed = mask("tell me <PERSON_1>", [], vault).text
    assert unmask(typed, vault) == "tell me <PERSON_1>"
    assert "Anna" not in unmask(typed, vault)


def test_an_unknown_placeholder_stays() -> None:
    assert unmask("dear <PERSON_9>", PlaceholderMap()) == "dear <PERSON_9>"


def test_a_stream_releases_what_cannot_become_a_placeholder() -> None:
    vault = PlaceholderMap()
    mask("Anna", [Entity("PERSON", 0, 4, 1.0)], vault)
    stream = StreamUnmasker(vault)
    assert [stream.feed(d) for d in ("Hi <PER", "SON_1", ">, 3 <", " 4")] == ["Hi ", "", "Anna, 3 ", "< 4"]
    assert stream.finish() == ""


@pytest.mark.parametrize(
    "entities",
    [
        [Entity("PERSON", 0, 9, 1.0)],
        [Entity("PERSON", 0, 3, 1.0), Entity("PERSON", 2, 4, 1.0)],
        [Entity("PERSON", 2, 2, 1.0)],
    ],
)
def test_entities_that_overlap_or_leave_the_text_are_refused(entities: list[Entity]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        mask("Anna", entities, PlaceholderMap())


def test_a_map_refuses_what_is_no_placeholder() -> None:
    with pytest.raises(ValueError, match="PERSON"):
        PlaceholderMap({"PERSON": "Anna"})


def test_a_stream_masks_sentence_by_sentence() -> None:
    vault = PlaceholderMap()
    stream = StreamMasker(find_personal_data, vault)
    text = "My name is Dr. Anna Weber. Mail anna@example.org please! Bye"
    pieces = [stream.feed(text[i : i + 5]) for i in range(0, len(text), 5)]
    masked = "".join(pieces) + stream.finish()
    assert "Weber" not in masked
    assert "anna@" not in masked
    assert unmask(masked, vault) == text
    assert any(pieces[:-1])


def test_a_part_of_a_name_is_the_same_person_where_there_is_but_one() -> None:
    vault = PlaceholderMap()
    said = ["Tom Baker", "Baker", "tom", "Mary", "Mary Novak", "Anna Baker", "BAKER", "Anna"]
    numbers = [vault.placeholder_for("PERSON", name) for name in said]
    assert [one.strip("<>").partition(".")[0] for one in numbers] == [
        "PERSON_1", "PERSON_1", "PERSON_1", "PERSON_2", "PERSON_2", "PERSON_3", "PERSON_1", "PERSON_3",
    ]  # fmt: skip
    assert [vault.value_of(one) for one in numbers] == said
    assert len(set(numbers)) == len(said)
    again = PlaceholderMap(dict(vault.items()))
    assert [again.placeholder_for("PERSON", name) for name in said] == numbers
