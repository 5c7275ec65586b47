"""The built-in examples' vectors, kept with the code: embedding them would take a second of every first start.

`python -m benchmarks.builtin_vectors` writes them; it is due when the examples, the weights or the graph change.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parley.providers.minilm import WEIGHTS_SHA256, MiniLM
from parley.providers.minilm_graph import BUILDER_VERSION

PATH = Path(__file__).with_suffix(".npz")


def embed_builtin(embedder: MiniLM, sentences: Sequence[str], path: Path = PATH) -> NDArray[np.float32]:
    """Unit vectors, shape (len(sentences), dimensions): the kept ones where they are of these, else made now."""
    with np.load(path, allow_pickle=False) as kept:
        if bytes(kept["digest"]) == _digest(embedder, sentences):
            vectors: NDArray[np.float32] = kept["vectors"].astype(np.float32)
            return vectors
    return embedder.embed_now(sentences)


def keep(embedder: MiniLM, sentences: Sequence[str], path: Path = PATH) -> None:
    """Write them: half precision, which moves no cosine by more than a thousandth."""
    digest = np.frombuffer(_digest(embedder, sentences), np.uint8)
    np.savez(path, digest=digest, vectors=embedder.embed_now(sentences).astype(np.float16))


def _digest(embedder: MiniLM, sentences: Sequence[str]) -> bytes:
    made_by = (embedder.name, WEIGHTS_SHA256, str(BUILDER_VERSION))
    return blake2b("\x1f".join((*made_by, *sentences)).encode(), digest_size=16).digest()
