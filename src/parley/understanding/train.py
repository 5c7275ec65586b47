"""Training an agent's own intents from its example sentences.

Two fits: one without a part of the examples, which says where the threshold of what is in scope lies, and one with all.
Sentences labelled `unknown` teach what is out of scope; everyday sentences about something else join them, as far as
they are not near an own intent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parley.kit.errors import InvalidInput
from parley.understanding.builtin_examples import LANGUAGES, builtin_examples
from parley.understanding.classify import Scope, TrainedIntents, WordingClassifier, combine
from parley.understanding.intents import UNKNOWN, Embed
from parley.understanding.network import Matrix, Network, average, train_network
from parley.understanding.tfidf import learn_wording
from parley.understanding.wording import features, fold, words

MAX_EXAMPLES = 20_000
MAX_INTENTS = 500
MAX_CHARACTERS = 1_000
MAX_NAME_CHARACTERS = 100

_PARTS = 5
_SMALL = 2_000  # examples: below, every part is left out once; above, one part says enough
_LOST, _LOST_AT_MOST = 7, 0.1
"""How many left-out sentences, understood right, the threshold may reject: about the fewest a quantile is told by,
and no greater share. Examples resemble each other more than what callers will say: on CLINC150's development split
the share of sentences lost is three to four times that of examples."""
_UNKNOWN_COUNTS = 0.25  # what recognising all of the unknown is worth, beside keeping all of the known
_UNKNOWN_SHARE, _UNKNOWN_REPEATS = 0.1, 15  # unknown rows are repeated up to this share of all, this often at most
_NETWORKS = 3
"""Trained from different beginnings and averaged: on CLINC150 one alone is up to 0.6 points worse, by chance."""
_AT_ONCE = 2
_NEAR = 0.6  # cosine
_SVM_COST = 0.5
_LARGE_VOCABULARY = 3_000  # examples, from which on a feature must occur twice


@dataclass(frozen=True)
class _Fit:
    network: Network
    spread: float
    wording: WordingClassifier


@dataclass(frozen=True)
class _Examples:
    """`target` is the number of the label, `len(labels)` for what is out of scope."""

    labels: tuple[str, ...]
    counts: list[Mapping[str, int]]
    vectors: Matrix
    target: NDArray[np.intp]

    def part(self, rows: NDArray[np.intp]) -> _Examples:
        return _Examples(self.labels, [self.counts[row] for row in rows], self.vectors[rows], self.target[rows])


def train_intents(
    examples: Sequence[tuple[str, str]], embed: Embed, seed: int = 0, *, builtin: bool = False
) -> TrainedIntents:
    """Train on (sentence, intent) pairs; the intent `unknown` holds sentences out of scope, and may be missing.

    With `builtin`, sentences for the built-in intents are out of scope too, unless near an own example: for intents
    that are read beside the built-in ones. Deterministic by `seed` on one machine. Raises `InvalidInput` naming the
    field: no example of an intent, an empty or over-long sentence or name, one sentence under two intents, too many.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    prepared = _prepare(_checked(examples), embed, builtin=builtin)
    # Two threads gain little on matrices of this size, and spin for cores that live conversations need.
    with threadpool_limits(1, user_api="blas"):
        fit = _fit(prepared, seed)
        scope = _scope(prepared, fit, seed)
    return TrainedIntents(prepared.labels, fit.network, fit.spread, fit.wording, scope)


def _checked(examples: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Sentence to intent, each sentence once."""
    if not any(intent != UNKNOWN for _, intent in examples):
        raise InvalidInput("intents: give at least one intent with an example.")
    if len(examples) > MAX_EXAMPLES:
        raise InvalidInput(f"intents: {len(examples)} examples are too many; at most {MAX_EXAMPLES}.")
    intents = {intent for _, intent in examples}
    if len(intents) > MAX_INTENTS:
        raise InvalidInput(f"intents: {len(intents)} intents are too many; at most {MAX_INTENTS}.")
    for intent in intents:
        if not intent.strip() or len(intent) > MAX_NAME_CHARACTERS:
            raise InvalidInput(f"intents.name: {intent[:40]!r} must have 1 to {MAX_NAME_CHARACTERS} characters.")
    known: dict[str, str] = {}
    labels: dict[str, str] = {}
    for sentence, intent in examples:
        if not words(fold(sentence)):
            raise InvalidInput(f"intents.examples of {intent!r}: an example has no words.")
        if len(sentence) > MAX_CHARACTERS:
            raise InvalidInput(
                f"intents.examples of {intent!r}: {sentence[:40]!r}… has more than {MAX_CHARACTERS} characters."
            )
        same = " ".join(fold(sentence).split())
        if labels.setdefault(same, intent) != intent:
            raise InvalidInput(f"intents.examples: {sentence[:80]!r} is under {labels[same]!r} and {intent!r}.")
        known.setdefault(sentence, intent)
    return known


def _prepare(known: dict[str, str], embed: Embed, *, builtin: bool) -> _Examples:
    labels = tuple(sorted(set(known.values()) - {UNKNOWN}))
    number = {label: at for at, label in enumerate(labels)} | {UNKNOWN: len(labels)}
    sentences = list(known)
    vectors = embed(sentences)
    target = np.array([number[intent] for intent in known.values()], np.intp)
    others = [sentence for sentence in _others(builtin=builtin) if sentence not in known]
    other_vectors = embed(others)
    near = (other_vectors @ vectors[target < len(labels)].T).max(axis=1)
    kept = np.flatnonzero(near < _NEAR)
    return _Examples(
        labels,
        [features(sentence) for sentence in (*sentences, *(others[row] for row in kept))],
        np.concatenate([vectors, other_vectors[kept]]).astype(np.float32),
        np.concatenate([target, np.full(len(kept), len(labels), np.intp)]),
    )


def _others(*, builtin: bool) -> list[str]:
    """Sentences that own intents should leave alone: about something else, or meant for the built-in intents."""
    return [
        sentence
        for language in LANGUAGES
        for sentence, intent in zip(
            builtin_examples(language).sentences, builtin_examples(language).intents, strict=True
        )
        if builtin or intent == UNKNOWN
    ]


def _fit(examples: _Examples, seed: int) -> _Fit:
    unknown = len(examples.labels)
    inside = np.flatnonzero(examples.target < unknown)
    outside = np.flatnonzero(examples.target == unknown)
    repeats = int(np.clip(_UNKNOWN_SHARE * len(inside) / max(len(outside), 1), 1, _UNKNOWN_REPEATS))
    rows = np.concatenate([inside, np.tile(outside, repeats)])
    vectors, target = examples.vectors[rows], examples.target[rows]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="train") as threads:
        begun = range(seed, seed + _NETWORKS)
        trained = threads.map(lambda start: train_network(vectors, target, unknown + 1, unknown, start), begun)
        network = average(list(trained))
    spread = float(network.logits(examples.vectors[inside])[:, :unknown].std())
    return _Fit(network, max(spread, 1e-3), _fit_wording(examples, seed))


def _fit_wording(examples: _Examples, seed: int) -> WordingClassifier:
    """Linear support vector machines, one against the rest (liblinear, Fan et al. 2008)."""
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    wording = learn_wording(examples.counts, least=2 if len(examples.counts) > _LARGE_VOCABULARY else 1)
    encoded = [wording.encode(counts) for counts in examples.counts]
    ends = np.cumsum([0] + [len(where) for where, _ in encoded])
    matrix = csr_matrix(
        (np.concatenate([values for _, values in encoded]), np.concatenate([where for where, _ in encoded]), ends),
        shape=(len(encoded), len(wording.columns)),
    )
    present = np.unique(examples.target)
    weights = np.zeros((len(wording.columns), len(examples.labels)), np.float32)
    bias = np.zeros(len(examples.labels), np.float32)
    if len(present) > 1:
        machine = LinearSVC(C=_SVM_COST, random_state=seed).fit(matrix, examples.target)
        coefficients, intercepts = machine.coef_, machine.intercept_
        if len(present) == 2:  # one separator serves both
            coefficients, intercepts = (
                np.vstack([-coefficients, coefficients]),
                np.array([-intercepts, intercepts]).ravel(),
            )
        own = present < len(examples.labels)
        weights[:, present[own]] = coefficients[own].T
        bias[present[own]] = intercepts[own]
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127
    return WordingClassifier(wording, np.round(weights / scale).astype(np.int8), scale.astype(np.float32), bias)


def _scope(examples: _Examples, fit: _Fit, seed: int) -> Scope:
    """The threshold, by what was left out of a fit: known and unknown sentences and, of a small set, whole intents."""
    unknown = len(examples.labels)
    part = _parts(examples.target, seed)
    small = len(part) < _SMALL
    correct, outside = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    for number in range(_PARTS if small else 1):
        strange = np.zeros(len(part), np.bool_)
        if small and unknown >= _PARTS:
            strange = (examples.target < unknown) & (examples.target % _PARTS == number)
        tested = (part == number) | strange
        if not tested.any():
            continue
        left_out = examples.part(np.flatnonzero(tested))
        sums, sureness = _read(_fit(examples.part(np.flatnonzero(~tested)), seed), left_out)
        out = strange[tested] | (left_out.target == unknown)
        correct.append(sureness[~out & (sums.argmax(axis=1) == left_out.target)])
        outside.append(sureness[out])
    inside = np.concatenate(correct)
    if len(inside) < _PARTS:  # too few to leave any out: what the fit says of its own examples must do
        sureness = _read(fit, examples)[1]
        inside, outside = sureness[examples.target < unknown], [sureness[examples.target == unknown]]
    return Scope(_threshold(inside, np.concatenate(outside)), float(np.median(inside)))


def _parts(target: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Each label's rows dealt to the parts in turn; a label's only row stays in every fit (part -1)."""
    random = np.random.default_rng(seed)
    part = np.full(len(target), -1, np.intp)
    for label in np.unique(target):
        rows = random.permutation(np.flatnonzero(target == label))
        if len(rows) > 1:
            part[rows] = (np.arange(len(rows)) + random.integers(_PARTS)) % _PARTS
    return part


def _read(fit: _Fit, examples: _Examples) -> tuple[Matrix, Matrix]:
    outputs = fit.network.logits(examples.vectors) / np.float32(fit.spread)
    margins = np.stack([fit.wording.margins(counts) for counts in examples.counts])
    return combine(outputs, margins)


def _threshold(inside: Matrix, outside: Matrix) -> float:
    """Where keeping the known and recognising the unknown are best together, within what may be lost."""
    allowed = min(_LOST / len(inside), _LOST_AT_MOST)
    ordered = np.sort(inside)
    highest = float(np.quantile(ordered, allowed * np.linspace(0.5, 1.5, 5)).mean())
    below = outside[outside < highest]
    candidates = np.unique(np.concatenate([ordered[ordered <= highest], below, [highest]]))
    candidates = np.concatenate([(candidates[1:] + candidates[:-1]) / 2, [highest]])
    kept = 1 - np.searchsorted(ordered, candidates) / len(ordered)
    found = np.searchsorted(np.sort(outside), candidates) / max(len(outside), 1)
    return float(candidates[int(np.argmax(kept + _UNKNOWN_COUNTS * found))]) if len(outside) else highest
