"""pocketsphinx's binary trigram files, read and written: the engine takes them in twentieths of a second, and text of
as many n-grams in tens.

The file is little-endian: "Trie Language Model", the order (one byte), counts (uint32 each), 1 (uint32); tables of
65,536 floats for the pairs' probabilities, their back-off weights and the triples' probabilities; per word, and once
more for the end, probability, back-off weight (floats) and the place of its first pair (uint32); pairs as bit fields:
the earlier word, the back-off weight's and the probability's place in the tables, the place of the first triple;
triples as bit fields: the earliest word, the probability's place; the length of the words and the words, each ended by
a zero byte. Pairs are sorted by their later word, then by the earlier one, triples likewise from the end. A field is as
wide as the largest number in it asks for (pocketsphinx 5, `lm_trie.c`, after KenLM, Heafield 2011). Logarithms are to
the base 1.0001.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parley.providers.ngrams import Keys, Logs, Ngrams

_HEAD = b"Trie Language Model"
_ORDER = 3
_UNIT = float(np.log(1.0001))
_BINS = 1 << 16
_BIN_BITS = 16
_WORD = np.dtype([("probability", "<f4"), ("rest", "<f4"), ("next", "<u4")])
_SPARE = 8  # bytes after the bit fields, for a reader that takes eight at once


def read(path: Path) -> Ngrams:
    """The model in a file. Raises `ValueError` for a file of another kind, `OSError` if there is none."""
    data = path.read_bytes()
    at = len(_HEAD) + 1
    if data[:at] != _HEAD + bytes([_ORDER]):
        raise ValueError(f"{path.name} is no binary trigram model.")
    words, declared, triples, _ = struct.unpack_from("<4I", data, at)
    at += 16
    tables = np.frombuffer(data, "<f4", 3 * _BINS, at).reshape(3, _BINS) * np.float32(_UNIT)
    at += 12 * _BINS
    word = np.frombuffer(data, _WORD, words + 1, at)
    at += word.nbytes
    pairs = int(word["next"][-1])  # the declared number counts a few more than there are
    bits, next_bits = words.bit_length(), triples.bit_length()
    middle = _Fields(data, at, bits + 2 * _BIN_BITS + next_bits)
    at += _size(declared, middle.stride)
    last = _Fields(data, at, bits + _BIN_BITS)
    at += _size(triples, last.stride)
    (length,) = struct.unpack_from("<I", data, at)
    names = tuple(data[at + 4 : at + 4 + length - 1].decode().split("\0"))

    first_pair: Keys = word["next"].astype(np.int64)
    later = np.repeat(np.arange(words), np.diff(first_pair))
    earlier = middle.numbers(pairs, 0, bits)
    first_triple = np.append(middle.numbers(pairs, bits + 2 * _BIN_BITS, next_bits), triples)
    of_pair = np.repeat(np.arange(pairs), np.diff(first_triple))
    pair_keys = earlier * words + later
    triple_keys = last.numbers(triples, 0, bits) * words * words + pair_keys[of_pair]
    by_pair, by_triple = np.argsort(pair_keys), np.argsort(triple_keys)
    return Ngrams(
        names,
        word["probability"][:-1] * _UNIT,
        word["rest"][:-1] * _UNIT,
        pair_keys[by_pair],
        tables[0][middle.numbers(pairs, bits + _BIN_BITS, _BIN_BITS)][by_pair],
        tables[1][middle.numbers(pairs, bits, _BIN_BITS)][by_pair],
        triple_keys[by_triple],
        tables[2][last.numbers(triples, bits, _BIN_BITS)][by_triple],
    )


def write(model: Ngrams, path: Path) -> None:
    """Write a model for the engine."""
    size = len(model.words)
    earlier, later = np.divmod(model.pairs, size)
    by_later = np.lexsort((earlier, later))
    backwards = (later * size + earlier)[by_later]
    history, third = np.divmod(model.triples, size)
    earliest, second = np.divmod(history, size)
    suffix = third * size + second
    by_end = np.lexsort((earliest, suffix))
    first_triple = np.searchsorted(suffix[by_end], backwards)
    bits, next_bits = size.bit_length(), len(model.triples).bit_length()
    twos, two_bins = _binned(model.twos[by_later])
    rest, rest_bins = _binned(model.rest_of_pair[by_later])
    threes, three_bins = _binned(model.threes[by_end])

    word = np.zeros(size + 1, _WORD)
    word["probability"][:-1] = model.ones / _UNIT
    word["rest"][:-1] = model.rest / _UNIT
    word["next"] = np.searchsorted(later[by_later], np.arange(size + 1))
    middle = _packed(
        (np.append(earlier[by_later], 0), bits),
        (np.append(rest_bins, 0), _BIN_BITS),
        (np.append(two_bins, 0), _BIN_BITS),
        (np.append(first_triple, len(model.triples)), next_bits),
    )
    last = _packed((np.append(earliest[by_end], 0), bits), (np.append(three_bins, 0), _BIN_BITS))
    names = b"".join(name.encode() + b"\0" for name in model.words)
    with path.open("wb") as file:
        file.write(_HEAD + bytes([_ORDER]))
        file.write(struct.pack("<4I", size, len(model.pairs), len(model.triples), 1))
        for part in (twos, rest, threes, word, middle, last):
            file.write(part.tobytes())
        file.write(struct.pack("<I", len(names)) + names)


def _size(records: int, stride: int) -> int:
    return ((records + 1) * stride + 7) // 8 + _SPARE


class _Fields:
    """Records of bit fields, `stride` bits each, from a byte on."""

    def __init__(self, data: bytes, start: int, stride: int) -> None:
        self._bytes = np.frombuffer(data, np.uint8)[start:]
        self.stride = stride

    def numbers(self, records: int, shift: int, width: int) -> Keys:
        """One field of every record."""
        at = np.arange(records, dtype=np.int64) * self.stride + shift
        found = np.zeros(records, np.int64)
        for place in range((width + 14) // 8):
            found |= self._bytes[(at >> 3) + place].astype(np.int64) << (8 * place)
        return (found >> (at & 7)) & ((1 << width) - 1)


def _packed(*fields: tuple[Keys, int]) -> NDArray[np.uint8]:
    """Records of bit fields, given by field: numbers and width."""
    records = len(fields[0][0])
    stride = sum(width for _, width in fields)
    out = np.zeros(_size(records - 1, stride), np.uint8)
    shift = 0
    for numbers, width in fields:
        at = np.arange(records, dtype=np.int64) * stride + shift
        shifted = numbers.astype(np.int64) << (at & 7)
        for place in range((width + 14) // 8):
            byte = ((shifted >> (8 * place)) & 0xFF).astype(np.uint8)
            # Two neighbouring records may share a byte, those of one half never do: each half is written at once.
            for half in (slice(0, None, 2), slice(1, None, 2)):
                out[(at[half] >> 3) + place] |= byte[half]
        shift += width
    return out


def _binned(values: Logs) -> tuple[NDArray[Any], Keys]:
    """A table of 65,536 values, ascending, and each value's nearest place in it."""
    units = (values / _UNIT).astype("<f4")
    kinds = _kinds(np.sort(units))
    if len(kinds) > _BINS:
        kinds = _kinds(np.sort(units)[np.linspace(0, len(units) - 1, _BINS).astype(np.int64)])
    table = np.full(_BINS, kinds[-1] if len(kinds) else 0.0, "<f4")
    table[: len(kinds)] = kinds
    return table, np.searchsorted((kinds[1:] + kinds[:-1]) / 2, units)


def _kinds(ascending: NDArray[Any]) -> NDArray[Any]:
    return ascending[np.append(True, ascending[1:] != ascending[:-1])] if len(ascending) else ascending
