"""What the local transcriber expects to hear: a language model and a dictionary, made from sentences.

The generic English model knows everything, takes long over it and mishears an agent's dishes and names; a model of the
agent's world alone hears nothing else. So the two are mixed (`ngrams`): six thousand everyday words, and what this
agent and its callers talk about. Words without a pronunciation in CMUdict are left out. Models are kept by the digest
of what they are made from.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path

from parley.providers.ngrams import Sentences, arpa, everyday

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_BREAKS = re.compile(r"[.!?;:\n,()\[\]|•–—]+")
_LONGEST = 14  # words: longer stretches of a document are not said in one breath
_MOST = 4000  # sentences
_OWN_WEIGHT = 2
_SHARE = 0.4  # of the agent's world in the mixture
_VERSION = 2  # to be raised whenever the same sentences give another model
_KEPT = 40  # models on disk


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Files for one decoder."""

    lm: Path
    dictionary: Path
    words: int


def phrases() -> list[str]:
    """What callers say to any business."""
    text = resources.files("parley.providers").joinpath("data", "spoken_phrases.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]


@cache
def _pronunciations() -> dict[str, list[str]]:
    """CMUdict as pocketsphinx carries it: word to the lines of its pronunciations."""
    import pocketsphinx

    found: dict[str, list[str]] = {}
    for line in Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8").splitlines():
        name, _, _ = line.partition(" ")
        found.setdefault(name.partition("(")[0], []).append(line)
    return found


def sentences(texts: Iterable[str]) -> list[str]:
    """Texts cut to what is said in one breath, of words that can be pronounced."""
    known = _pronunciations()
    said: dict[str, None] = {}
    for text in texts:
        for part in _BREAKS.split(text.lower().replace("’", "'")):
            words = [word for word in _WORD.findall(part) if word in known]
            for start in range(0, len(words), _LONGEST):
                said[" ".join(words[start : start + _LONGEST])] = None
            if len(said) > _MOST:
                return list(said)
    said.pop("", None)
    return list(said)


def build(hints: Iterable[str], folder: Path) -> LanguageModel:
    """The model of callers' phrases, an agent's own sentences and everyday English; made once per set of sentences.
    Blocks for a second or so the first time."""
    own, spoken, general = sentences(hints), sentences(phrases()), everyday()
    folder.mkdir(parents=True, exist_ok=True)
    made_from = "\n".join((str(_VERSION), *spoken, "", *own))
    name = blake2b(made_from.encode(), digest_size=12).hexdigest()
    lm, dictionary = folder / f"{name}.lm", folder / f"{name}.dict"
    counted = Sentences([*((line, 1) for line in spoken), *((line, _OWN_WEIGHT) for line in own)])
    known = _pronunciations()
    vocabulary = sorted({*counted.words, *general.words} & known.keys())
    if lm.exists() and dictionary.exists():
        with suppress(OSError):
            os.utime(lm)
    else:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            model, words = Path(scratch) / "lm", Path(scratch) / "dict"
            model.write_text("\n".join(arpa(counted, general, _SHARE)) + "\n", encoding="utf-8")
            words.write_text("\n".join(line for word in vocabulary for line in known[word]) + "\n", encoding="utf-8")
            words.replace(dictionary)
            model.replace(lm)
        _make_room(folder)
    return LanguageModel(lm, dictionary, len(vocabulary))


def _make_room(folder: Path) -> None:
    """Remove the models that have not been used for longest; a decoder that is being made has its files open."""
    with suppress(OSError):
        by_age = sorted(folder.glob("*.lm"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in by_age[_KEPT:]:
            file.unlink()
            file.with_suffix(".dict").unlink()
