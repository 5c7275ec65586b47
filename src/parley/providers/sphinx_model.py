"""What the local transcriber expects to hear: a small trigram model and dictionary, made from sentences.

The generic English model knows everything and hears little of it right; a model of an agent's own world hears its
world. Words without a pronunciation in CMUdict are left out. Models are kept by the digest of their sentences.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_BREAKS = re.compile(r"[.!?;:\n,()\[\]|•–—]+")
_LONGEST = 14  # words: longer stretches of a document are not said in one breath
_MOST = 4000  # sentences
_OWN_WEIGHT = 2
_DISCOUNT = 0.5


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
    """The model of callers' phrases and an agent's own sentences; made once per set of sentences. Blocks for a second
    or so the first time."""
    from pocketsphinx.lm import ArpaBoLM

    own = sentences(hints)
    spoken = [*sentences(phrases()), *own * _OWN_WEIGHT]
    folder.mkdir(parents=True, exist_ok=True)
    name = blake2b("\n".join(spoken).encode(), digest_size=12).hexdigest()
    lm, dictionary = folder / f"{name}.lm", folder / f"{name}.dict"
    vocabulary = sorted({word for sentence in spoken for word in sentence.split()})
    if not (lm.exists() and dictionary.exists()):
        model = ArpaBoLM(text="\n".join(f"<s> {sentence} </s>" for sentence in spoken), discount_mass=_DISCOUNT)
        model.compute()
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            model.write_file(str(Path(scratch) / "lm"))
            lines = [line for word in vocabulary for line in _pronunciations()[word]]
            (Path(scratch) / "dict").write_text("\n".join(lines) + "\n", encoding="utf-8")
            (Path(scratch) / "dict").replace(dictionary)
            (Path(scratch) / "lm").replace(lm)
    return LanguageModel(lm, dictionary, len(vocabulary))
