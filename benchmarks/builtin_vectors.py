"""Writes the vectors of the built-in examples into the package, and says how near they are to those made now.

Run after a change of the examples, the weights or the graph: python -m benchmarks.builtin_vectors
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from parley.app.builtin_vectors import embed_builtin, keep
from parley.providers.minilm import MiniLM
from parley.understanding.builtin_examples import builtin_examples


def main() -> None:
    embedder = MiniLM(Path(tempfile.gettempdir()) / "parley-minilm")
    sentences = builtin_examples("en").sentences
    keep(embedder, sentences)
    cosines = (embed_builtin(embedder, sentences) * embedder.embed_now(sentences)).sum(axis=1)
    print(f"{len(sentences)} sentences, least cosine {cosines.min():.6f}")


if __name__ == "__main__":
    main()
