"""What the local transcriber expects to hear: a language model and a dictionary, made from sentences.

The generic English model mishears an agent's dishes and names; a model of the agent's world alone hears nothing else.
So the two are mixed (`ngrams`): twenty thousand words of everyday English (`english_ngrams`), and what this agent and
its callers talk about. Words without a pronunciation in CMUdict are left out. Models are kept by the digest of what
they are made from.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from threading import Lock

from parley.providers.english_ngrams import everyday
from parley.providers.ngram_file import write
from parley.providers.ngrams import counted, mixed, widened
from parley.providers.pronunciations import WORD, pronunciations

_BREAKS = re.compile(r"[.!?;:\n,()\[\]|•–—]+")
_LONGEST = 14  # words: longer stretches of a document are not said in one breath
_MOST = 4000  # sentences
_OWN_WEIGHT = 2
_SHARE = 0.25  # of the agent's world in the mixture
_VERSION = 4  # to be raised whenever the same sentences give another model
_KEPT = 40  # models on disk
_building = Lock()  # a build takes a hundred megabytes for half a second


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Files for one decoder."""

    lm: Path
    dictionary: Path


def phrases() -> list[str]:
    """What callers say to any business."""
    text = resources.files("parley.providers").joinpath("data", "spoken_phrases.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]


def sentences(texts: Iterable[str]) -> list[str]:
    """Texts cut to what is said in one breath, of words that can be pronounced."""
    known = pronunciations()
    said: dict[str, None] = {}
    for text in texts:
        for part in _BREAKS.split(text.lower().replace("’", "'")):
            words = [word for word in WORD.findall(part) if word in known]
            for start in range(0, len(words), _LONGEST):
                said[" ".join(words[start : start + _LONGEST])] = None
            if len(said) > _MOST:
                return list(said)
    return list(said)


def build(hints: Iterable[str], folder: Path) -> LanguageModel:
    """The model of callers' phrases, an agent's own sentences and everyday English; made once per set of sentences.
    Blocks for a second or so the first time."""
    own, spoken = sentences(hints), sentences(phrases())
    folder.mkdir(parents=True, exist_ok=True)
    made_from = "\n".join((str(_VERSION), *spoken, "", *own))
    name = blake2b(made_from.encode(), digest_size=12).hexdigest()
    made = LanguageModel(folder / f"{name}.lm", folder / f"{name}.dict")
    with _building:
        if made.lm.exists() and made.dictionary.exists():
            with suppress(OSError):
                os.utime(made.lm)
        else:
            _make(made, [*((line, 1) for line in spoken), *((line, _OWN_WEIGHT) for line in own)], folder)
            _make_room(folder)
    return made


def _make(made: LanguageModel, weighted: list[tuple[str, int]], folder: Path) -> None:
    general = widened(everyday(), sorted({word for line, _ in weighted for word in line.split()}))
    model = mixed(counted(weighted, general.words), general, _SHARE)
    known = pronunciations()
    lines = [line for word in model.words for line in known.get(word, ())]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        lm, dictionary = Path(scratch) / "lm", Path(scratch) / "dict"
        write(model, lm)
        dictionary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        dictionary.replace(made.dictionary)
        lm.replace(made.lm)


def _make_room(folder: Path) -> None:
    """Remove the models that have not been used for longest; a decoder that is being made has its files open."""
    with suppress(OSError):
        by_age = sorted(folder.glob("*.lm"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in by_age[_KEPT:]:
            file.unlink()
            file.with_suffix(".dict").unlink()
