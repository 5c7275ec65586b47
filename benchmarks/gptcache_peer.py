"""GPTCache on questions with their vectors. Runs in an environment of its own:

    <environment>/bin/python benchmarks/gptcache_peer.py FILE

FILE is JSON: "groups" of {"ask", "same", "other"}, "vectors" by text. Each group has a cache of its own, which holds
the answer to "ask"; everything else is GPTCache's own (SQLite, FAISS, the distance evaluation, its threshold). Prints
one JSON object: hits, false hits, seconds per look-up.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def cache_of(folder: str, vectors: dict[str, Any], dimensions: int) -> Any:
    """An empty cache in `folder`, as the project's own examples build it."""
    from gptcache import Cache  # type: ignore[import-not-found]
    from gptcache.manager import CacheBase, VectorBase, get_data_manager  # type: ignore[import-not-found]
    from gptcache.processor.pre import get_prompt  # type: ignore[import-not-found]
    from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation  # type: ignore[import-not-found]

    cache = Cache()
    cache.init(
        pre_embedding_func=get_prompt,
        embedding_func=lambda text, **_: np.asarray(vectors[text], dtype="float32"),
        data_manager=get_data_manager(
            CacheBase("sqlite", sql_url=f"sqlite:///{folder}/answers.db"),
            VectorBase("faiss", dimension=dimensions, index_path=f"{folder}/faiss.index"),
        ),
        similarity_evaluation=SearchDistanceEvaluation(),
    )
    return cache


def main() -> None:
    from gptcache.adapter.api import get, put  # type: ignore[import-not-found]

    read = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    vectors = read["vectors"]
    dimensions = len(next(iter(vectors.values())))
    hits: list[bool] = []
    false_hits: list[bool] = []
    seconds: list[float] = []
    for group in read["groups"]:
        with tempfile.TemporaryDirectory() as folder:
            cache = cache_of(folder, vectors, dimensions)
            put(group["ask"], "remembered", cache_obj=cache)
            for kind, found in (("same", hits), ("other", false_hits)):
                for text in group[kind]:
                    began = time.perf_counter()
                    answer = get(text, cache_obj=cache)
                    seconds.append(time.perf_counter() - began)
                    found.append(answer is not None)
    shown = {"version": version("gptcache"), "hits": sum(hits), "same": len(hits)}
    print(json.dumps({**shown, "false": sum(false_hits), "other": len(false_hits), "seconds": seconds}))


if __name__ == "__main__":
    main()
