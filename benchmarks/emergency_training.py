"""How well the second opinion on emergencies judges utterances it was not fitted on; `--write` fits and keeps it.

It is fitted on the tuning halves of the written utterances, the training utterances, the built-in intents' examples
and half of the public everyday utterances. What its models say of utterances they did not see (five folds) is what they
are weighed by; the tuning half that the rules were written over is left out of that.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.emergency import PUBLIC, WRITTEN, embed, everyday, fresh, measured_only, written
from parley.understanding.builtin_examples import builtin_examples
from parley.understanding.emergency import KINDS, LEAST, read_by_rules
from parley.understanding.emergency_opinion import STATES, weigh
from parley.understanding.emergency_wording import BUCKETS, wording

DATA = Path(__file__).resolve().parents[1] / "src" / "parley" / "understanding" / "data"
FOLDS = 5
COST, KERNEL_COST, WIDTH, KIND_COST, KIND_BUCKETS = 10.0, 5.0, 1.0, 30.0, 1 << 13
EVERYDAY, EVERYDAY_WEIGHT = 4_000, 0.25


@dataclass(frozen=True)
class Sentence:
    """One training sentence: whether it is an emergency, its kind where known, and where it comes from."""

    text: str
    emergency: bool
    source: str
    kind: str = ""


def sentences(language: str) -> list[Sentence]:
    """All training sentences of a language, each once."""
    found = {sentence.text: sentence for sentence in _sentences(language)}
    return list(found.values())


def _sentences(language: str) -> Iterator[Sentence]:
    for part in ("emergency", "harmless"):
        for theme, text in written(language, "tuning", part):
            yield Sentence(text, part == "emergency", "ruled", theme)
    for part, kind, text in fresh(language, "tuning"):
        yield Sentence(text, part != "harmless", "fresh", kind)
    training = yaml.safe_load((WRITTEN / f"emergency_training_{language}.yaml").read_text(encoding="utf-8"))
    for kind, block in training["emergency"].items():
        yield from (Sentence(line.strip(), True, "training", kind) for line in block.strip().splitlines())
    yield from (Sentence(line.strip(), False, "training") for line in training["harmless"].strip().splitlines())
    examples = builtin_examples(language)
    for text, intent in zip(examples.sentences, examples.intents, strict=True):
        yield Sentence(text, intent == "emergency", "intents")
    if language == "en":
        if not PUBLIC.exists():
            raise SystemExit(f"No everyday utterances in {PUBLIC}.")
        texts = sorted({text for _, text in everyday() if not measured_only(text)}, key=_digest)
        yield from (Sentence(text, False, "everyday") for text in texts[:EVERYDAY])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class Fit:
    """The models of one language over all its sentences."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.sentences = sentences(language)
        self.labels = np.array([sentence.emergency for sentence in self.sentences])
        self.weights = np.array([EVERYDAY_WEIGHT if s.source == "everyday" else 1.0 for s in self.sentences])
        read = [read_by_rules(sentence.text, language) for sentence in self.sentences]
        self.features = [wording(tokens, kinds) for tokens, kinds, _ in read]
        self.states = np.array([STATES.index(state) for *_, state in read])
        self.vectors: NDArray[np.float32] | None = None
        if language == "en":
            self.vectors = np.array(list(embed([sentence.text for sentence in self.sentences]).values()))

    def idf(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Inverse document frequencies of the buckets, rounded to what is kept."""
        seen = np.zeros(BUCKETS)
        for row in rows:
            seen[np.unique(self.features[row][0])] += 1
        return (np.log((1 + len(rows)) / (1 + seen)) + 1).astype(np.float16).astype(np.float32)

    def matrix(self, rows: Sequence[int], idf: NDArray[np.float32], width: int = BUCKETS) -> Any:
        """The sentences' features, a sparse matrix of shape (len(rows), width)."""
        from scipy.sparse import csr_matrix

        cells = [weigh(*self.features[row], idf) for row in rows]
        ends = np.cumsum([0, *(len(buckets) for buckets, _ in cells)])
        columns = np.concatenate([buckets for buckets, _ in cells]) % width
        return csr_matrix((np.concatenate([values for _, values in cells]), columns, ends), (len(rows), width))

    def by_wording(self, rows: Sequence[int]) -> tuple[Any, NDArray[np.float32]]:
        """A logistic regression over the wording and the frequencies it was made with."""
        from sklearn.linear_model import LogisticRegression

        idf = self.idf(rows)
        model = LogisticRegression(C=COST, max_iter=3000)
        return model.fit(self.matrix(rows, idf), self.labels[rows], self.weights[rows]), idf

    def by_meaning(self, rows: Sequence[int]) -> Any:
        """A support vector machine over the embeddings."""
        from sklearn.svm import SVC

        assert self.vectors is not None
        return SVC(C=KERNEL_COST, gamma=WIDTH).fit(self.vectors[rows], self.labels[rows], self.weights[rows])

    def kinds(self, idf: NDArray[np.float32]) -> tuple[list[str], Any]:
        """The kinds and a logistic regression that tells them apart."""
        from sklearn.linear_model import LogisticRegression

        rows = [at for at, sentence in enumerate(self.sentences) if sentence.emergency and sentence.kind in KINDS]
        model = LogisticRegression(C=KIND_COST, max_iter=3000, class_weight="balanced")
        model.fit(self.matrix(rows, idf, KIND_BUCKETS), [self.sentences[row].kind for row in rows])
        return [str(kind) for kind in model.classes_], model

    def unseen(self) -> NDArray[np.float64]:
        """Scores by wording and by meaning of every sentence, by models that did not see it, shape (n, 2)."""
        from sklearn.model_selection import StratifiedKFold

        scores = np.zeros((len(self.sentences), 2))
        for seen, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(scores, self.labels):
            model, idf = self.by_wording(seen)
            scores[rest, 0] = model.decision_function(self.matrix(rest, idf))
            if self.vectors is not None:
                scores[rest, 1] = self.by_meaning(seen).decision_function(self.vectors[rest])
        return scores

    def weighing(self, scores: NDArray[np.float64], *, meaning: bool) -> NDArray[np.float32]:
        """Bias, wording, meaning and the four states' weights."""
        from sklearn.linear_model import LogisticRegression

        rows = np.array([sentence.source != "ruled" for sentence in self.sentences])
        inputs = np.column_stack([scores * [1, meaning], np.eye(len(STATES))[self.states]])
        model = LogisticRegression(C=10, max_iter=3000).fit(inputs[rows], self.labels[rows], self.weights[rows])
        return np.array([model.intercept_[0], *model.coef_[0]], np.float32)

    def report(self, scores: NDArray[np.float64]) -> None:
        """Print recall and false alarms by source, of utterances no model saw, rules and opinion together."""
        for meaning in {self.vectors is not None, False}:
            bias, words, means, *states = self.weighing(scores, meaning=meaning)
            odds = bias + scores @ [words, means * meaning] + np.array(states)[self.states]
            least = np.array([LEAST[state] for state in STATES])[self.states]
            found = 1 / (1 + np.exp(-odds)) >= least
            print(f"{self.language} {'with' if meaning else 'without'} embedding")
            for source in dict.fromkeys(sentence.source for sentence in self.sentences):
                rows = np.array([sentence.source == source for sentence in self.sentences])
                there, calm = rows & self.labels, rows & ~self.labels
                recall = f"recall {found[there].mean():6.1%} of {there.sum():4}, " if there.any() else ""
                print(f"  {source:10} {recall}false alarms {found[calm].mean():6.2%} of {calm.sum()}")

    def write(self, scores: NDArray[np.float64]) -> None:
        """Fit on everything and keep it."""
        everything = list(range(len(self.sentences)))
        model, idf = self.by_wording(everything)
        kinds, kind_model = self.kinds(idf)
        arrays: dict[str, NDArray[Any]] = {
            "idf": idf.astype(np.float16),
            "weights": model.coef_[0].astype(np.float16),
            "bias": model.intercept_,
            "kinds": np.array(kinds),
            "kind_weights": kind_model.coef_.astype(np.float16),
            "kind_bias": kind_model.intercept_,
            "weighing": self.weighing(scores, meaning=self.vectors is not None),
            "weighing_without": self.weighing(scores, meaning=False),
        }
        if self.vectors is not None:
            machine = self.by_meaning(everything)
            arrays |= {
                "support": machine.support_vectors_.astype(np.float16),
                "duals": machine.dual_coef_[0].astype(np.float32),
                "support_bias": machine.intercept_,
                "width": np.array([WIDTH]),
            }
        path = DATA / f"emergency_opinion_{self.language}.npz"
        np.savez_compressed(path, allow_pickle=False, **arrays)
        print(f"{path.name}: {len(self.sentences)} sentences, {path.stat().st_size // 1024} KB")
        print(f"  weighing {arrays['weighing'].round(2)}, without {arrays['weighing_without'].round(2)}")


def main() -> None:
    """Judge both languages; with --write, keep what was fitted."""
    for language in ("en", "de"):
        fit = Fit(language)
        scores = fit.unseen()
        fit.report(scores)
        if "--write" in sys.argv:
            fit.write(scores)


if __name__ == "__main__":
    main()
