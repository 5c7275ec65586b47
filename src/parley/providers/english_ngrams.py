"""Everyday English for the local transcriber: the commonest words of the generic model in pocketsphinx's package and
the n-grams among them that tell most (`data/everyday_english.bin`, BSD licence, CMU Sphinx en-us 5.1.1).

The file is compressed by zlib and holds, each after the other: the number of words, pairs and triples (uint32); the
words in the order of their frequency, a line each; their costs; of each word how many pairs it begins, of each pair the
second word, as the distance from the pair before that begins alike; the pairs' costs; and the same of the triples that
a pair begins. A cost is one byte, 86 ln(1 - ln p): finer, the likelier; other numbers are uint16, first all their high
bytes, then all the low ones. Run: python -m parley.providers.english_ngrams draws it anew.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parley.providers.ngram_file import read
from parley.providers.ngrams import END, START, Keys, Logs, Ngrams, balanced, common, pruned
from parley.providers.pronunciations import pronounceable

_FILE = "everyday_english.bin"
_COMMON = 20_000  # words
_TELLING = 2e-7  # what an n-gram must tell to be kept
_FINE = 86


def everyday() -> Ngrams:
    """The model in the package; takes a fifth of a second."""
    return unpacked(resources.files("parley.providers").joinpath("data", _FILE).read_bytes())


def drawn(whole: Ngrams, usable: Callable[[str], bool]) -> Ngrams:
    """The commonest usable words of a model, and the n-grams among them that tell most."""
    of_use = [usable(word) or word in (START, END) for word in whole.words]
    often = np.where(of_use, whole.ones, -np.inf)
    often[whole.words.index(START)] = 0.0
    keep = np.zeros(len(often), np.bool_)
    keep[np.argsort(-often, kind="stable")[: min(_COMMON, sum(of_use))]] = True
    return pruned(common(whole, keep), _TELLING)


def packed(model: Ngrams) -> bytes:
    """A model as the file holds it."""
    size = len(model.words)
    order = np.argsort(-model.ones, kind="stable")
    rank = np.argsort(order)
    first, second = (rank[number] for number in np.divmod(model.pairs, size))
    by_pair = np.lexsort((second, first))
    pairs = (first * size + second)[by_pair]
    history, third = np.divmod(model.triples, size)
    before, middle = (rank[number] for number in np.divmod(history, size))
    by_triple = np.lexsort((rank[third], middle, before))
    begins = np.searchsorted(pairs, (before * size + middle)[by_triple])
    words = "".join(f"{model.words[number]}\n" for number in order).encode()
    parts = [
        struct.pack("<4I", size, len(pairs), len(begins), len(words)),
        words,
        _costs(model.ones[order]),
        _planes(np.bincount(first, minlength=size)),
        _planes(_steps(second[by_pair], first[by_pair])),
        _costs(model.twos[by_pair]),
        _planes(np.bincount(begins, minlength=len(pairs))),
        _planes(_steps(rank[third][by_triple], begins)),
        _costs(model.threes[by_triple]),
    ]
    return zlib.compress(b"".join(parts), 9)


def unpacked(data: bytes) -> Ngrams:
    """The model in a file's bytes; its back-off weights are worked out."""
    raw = zlib.decompress(data)
    size, pairs, triples, length = struct.unpack_from("<4I", raw)
    words = tuple(raw[16 : 16 + length].decode().split())
    rest = np.frombuffer(raw, np.uint8, offset=16 + length)
    one, begun, step, two, followed, step_of_triple, three = np.split(
        rest, np.cumsum([size, 2 * size, 2 * pairs, pairs, 2 * pairs, 2 * triples])
    )
    first = np.repeat(np.arange(size), _numbers(begun))
    pair_keys = first * size + _places(_numbers(step), first)
    history = np.repeat(np.arange(pairs), _numbers(followed))
    triple_keys = pair_keys[history] * size + _places(_numbers(step_of_triple), history)
    none = np.zeros(pairs)
    return balanced(Ngrams(words, _logs(one), np.zeros(size), pair_keys, _logs(two), none, triple_keys, _logs(three)))


def _costs(logs: Logs) -> bytes:
    return np.round(_FINE * np.log1p(-logs)).clip(0, 255).astype(np.uint8).tobytes()


def _logs(costs: NDArray[np.uint8]) -> Logs:
    return -np.expm1(costs / _FINE)


def _planes(numbers: Keys) -> bytes:
    return (numbers >> 8).astype(np.uint8).tobytes() + (numbers & 0xFF).astype(np.uint8).tobytes()


def _numbers(planes: NDArray[np.uint8]) -> Keys:
    high, low = np.split(planes.astype(np.int64), 2)
    return high << 8 | low


def _steps(places: Keys, group: Keys) -> Keys:
    """Ascending places within their groups, as distances from the one before."""
    same = np.append(False, group[1:] == group[:-1])
    return places - np.where(same, np.append(0, places[:-1]), 0)


def _places(steps: Keys, group: Keys) -> Keys:
    """What `_steps` was given."""
    through = np.cumsum(steps)
    starts = np.append(True, group[1:] != group[:-1]).nonzero()[0]
    before = (through - steps)[starts]
    return through - np.repeat(before, np.diff(np.append(starts, len(steps))))


def main() -> None:
    """Draw the file anew from the engine's package."""
    import pocketsphinx

    whole = read(Path(pocketsphinx.get_model_path("en-us/en-us.lm.bin")))
    Path(__file__).with_name("data").joinpath(_FILE).write_bytes(packed(drawn(whole, pronounceable)))


if __name__ == "__main__":
    main()
