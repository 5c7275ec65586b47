"""The local embedder against vectors made with torch, and around its cache, its threads and its weights."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from parley.inference.errors import ProviderError, ProviderUnavailable
from parley.inference.ports import Embedder
from parley.providers import minilm
from parley.providers.minilm import MiniLM

REFERENCE = json.loads((Path(__file__).parent / "minilm_reference.json").read_text())["cases"]
TEXTS = [case["text"] for case in REFERENCE]
VECTORS = np.array([case["vector"] for case in REFERENCE], np.float32)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("minilm")


@pytest.fixture(scope="module")
def local(cache_dir: Path) -> MiniLM:
    embedder = MiniLM(cache_dir)
    embedder.load()
    return embedder


def cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    cosine: NDArray[np.float32] = (vectors * VECTORS).sum(axis=1)
    return cosine


def test_is_an_embedder(local: MiniLM) -> None:
    embedder: Embedder = local  # the type checker's half of the proof
    assert isinstance(embedder, Embedder)
    assert (local.name, local.dimensions, local.languages) == (
        "local/all-minilm-l6-v2",
        384,
        frozenset({"en"}),
    )


def test_fp32_equals_the_reference(cache_dir: Path) -> None:
    assert cosines(MiniLM(cache_dir, precision="fp32").embed_now(TEXTS)).min() >= 0.9999


def test_int8_stays_near_the_reference(local: MiniLM) -> None:
    assert cosines(local.embed_now(TEXTS)).min() >= 0.99


@pytest.mark.anyio
async def test_vectors_have_unit_length_and_the_order_of_the_texts(local: MiniLM) -> None:
    vectors = await local.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.argmax(vectors @ VECTORS.T, axis=1).tolist() == list(range(len(TEXTS)))


@pytest.mark.anyio
async def test_a_vector_does_not_depend_on_the_texts_beside_it(local: MiniLM) -> None:
    together = await local.embed(TEXTS)
    alone = np.concatenate([await local.embed([text]) for text in TEXTS])
    assert np.array_equal(together, alone)


@pytest.mark.anyio
async def test_no_texts_give_no_rows(local: MiniLM) -> None:
    assert (await local.embed([])).shape == (0, 384)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_string_has_a_unit_vector(local: MiniLM, text: str) -> None:
    assert np.linalg.norm(local.embed_now([text])[0]) == pytest.approx(1, abs=1e-5)


def test_only_the_first_256_pieces_count(local: MiniLM) -> None:
    book = "once upon a time " * 200_000
    started = time.perf_counter()
    vectors = local.embed_now([book, book[:2_000], "once upon a time"])
    assert time.perf_counter() - started < 2
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])


def test_a_second_start_reads_the_cache_and_no_weights(local: MiniLM, cache_dir: Path, tmp_path: Path) -> None:
    weights = _installed()
    (tmp_path / "tokenizer.json").symlink_to(weights / "tokenizer.json")
    again = MiniLM(cache_dir, weights_dir=tmp_path)
    assert np.array_equal(again.embed_now(TEXTS[:2]), local.embed_now(TEXTS[:2]))


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty"])
def test_a_damaged_cache_is_built_anew(local: MiniLM, cache_dir: Path, tmp_path: Path, damage: str) -> None:
    (sound,) = cache_dir.glob("*int8-*.onnx")
    content = bytearray(sound.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    broken = tmp_path / sound.name
    broken.write_bytes({"truncated": content[:-1000], "one bit": content, "empty": bytearray()}[damage])
    assert np.array_equal(MiniLM(tmp_path).embed_now(TEXTS[:1]), local.embed_now(TEXTS[:1]))
    assert broken.read_bytes() == sound.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [sound.name]


def test_where_the_cache_cannot_be_written_the_graph_lives_in_memory(local: MiniLM, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with structlog.testing.capture_logs() as logs:
        vectors = MiniLM(tmp_path / "a file" / "cache").embed_now(TEXTS[:1])
    assert np.array_equal(vectors, local.embed_now(TEXTS[:1]))
    assert [entry["event"] for entry in logs] == ["embedder.cache_unwritable"]


def test_several_that_build_at_once_leave_one_sound_graph(tmp_path: Path, local: MiniLM) -> None:
    with ThreadPoolExecutor(2) as pool:
        vectors = list(pool.map(lambda _: MiniLM(tmp_path).embed_now(["both"]), range(2)))
    assert np.array_equal(vectors[0], vectors[1])
    assert len(list(tmp_path.iterdir())) == 1
    assert np.array_equal(MiniLM(tmp_path, weights_dir=_installed()).embed_now(["both"]), vectors[0])


def test_wrong_weights_are_refused_with_the_remedy(tmp_path: Path) -> None:
    content = bytearray((_installed() / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(content)
    embedder = MiniLM(tmp_path / "cache", weights_dir=tmp_path)
    with pytest.raises(ProviderError, match=r"not the published model.*make setup") as caught:
        embedder.load()
    assert caught.value.code == "provider.weights_wrong"
    assert not (tmp_path / "cache").exists()


def test_missing_weights_name_the_file_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=r"model\.safetensors is missing: run `make setup`") as caught:
        MiniLM(tmp_path, weights_dir=tmp_path).embed_now(["hello"])
    assert caught.value.code == "provider.weights_missing"
    assert not caught.value.retryable


@pytest.mark.anyio
async def test_a_package_that_is_not_installed_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "_PACKAGE", "no_such_package_here")
    with pytest.raises(ProviderError, match="make setup"):
        await MiniLM(tmp_path).embed(["hello"])


@pytest.mark.anyio
async def test_a_query_overtakes_a_long_list(local: MiniLM) -> None:
    finished: list[str] = []

    async def embed(label: str, texts: list[str]) -> None:
        await local.embed(texts)
        finished.append(label)

    async with asyncio.TaskGroup() as group:
        group.create_task(embed("documents", [TEXTS[-1]] * 24))
        await asyncio.sleep(0)  # the documents' first step is now under way
        for _ in range(5):
            group.create_task(embed("query", ["when do you open"]))
    assert finished == ["query"] * 5 + ["documents"]


@pytest.mark.anyio
async def test_the_event_loop_turns_while_texts_are_embedded(local: MiniLM) -> None:
    turns = 0
    task = asyncio.create_task(local.embed([TEXTS[-1]] * 12))
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    assert (await task).shape == (12, 384)


@pytest.mark.anyio
async def test_a_short_line_goes_to_no_thread_and_a_long_one_does(
    local: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    embed_now = local.embed_now

    def noting(texts: Sequence[str]) -> NDArray[np.float32]:
        threads.append(threading.current_thread())
        return embed_now(texts)

    monkeypatch.setattr(local, "embed_now", noting)
    short, long = await local.embed(["Do you have a highchair?"]), await local.embed(["Do you have a highchair? " * 9])
    assert [thread is threading.main_thread() for thread in threads] == [True, False]
    assert short.shape == long.shape


@pytest.mark.anyio
async def test_the_first_text_loads_off_the_event_loop(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    read = minilm._read_cached

    def noting(directory: Path, prefix: str) -> Path | None:
        threads.append(threading.current_thread().name)
        return read(directory, prefix)

    monkeypatch.setattr(minilm, "_read_cached", noting)
    embedder = MiniLM(cache_dir)
    await asyncio.gather(*(embedder.embed([text]) for text in TEXTS[:4]), embedder.embed(TEXTS))
    assert len(threads) == 1
    assert threads[0].startswith("minilm-")
    await embedder.aclose()


@pytest.mark.anyio
async def test_a_cancelled_list_stops_at_the_next_step(local: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[int] = []
    begun = asyncio.Event()
    loop, embed_now = asyncio.get_running_loop(), local.embed_now

    def noting(texts: Sequence[str]) -> NDArray[np.float32]:
        embedded.append(len(texts))
        loop.call_soon_threadsafe(begun.set)
        return embed_now(texts)

    monkeypatch.setattr(local, "embed_now", noting)
    task = asyncio.create_task(local.embed(["a text"] * 1_000))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await local.embed(TEXTS)  # queued behind whatever the cancelled call still had under way
    assert sum(embedded) < 1_000


@pytest.mark.anyio
async def test_closed_refuses_and_leaves_no_thread(cache_dir: Path) -> None:
    embedder = MiniLM(cache_dir)
    await asyncio.gather(embedder.embed(["one"]), embedder.embed(TEXTS))
    ours = [*embedder._queries._threads, *embedder._documents._threads]
    assert all(thread.is_alive() for thread in ours)
    await embedder.aclose()
    await embedder.aclose()
    assert not any(thread.is_alive() for thread in ours)
    with pytest.raises(ProviderUnavailable):
        await embedder.embed(["two"])
    with pytest.raises(ProviderUnavailable):
        embedder.embed_now(["two"])


def test_importing_loads_neither_runtime_nor_torch() -> None:
    code = (
        "import sys, parley.providers.minilm; print([m for m in ('onnx', 'onnxruntime', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "[]"


def _installed() -> Path:
    return minilm._installed_weights()


class Counting:
    """An encoder that counts, and waits to be let through."""

    def __init__(self, encoder: minilm._Encoder) -> None:
        self.texts: list[str] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self._encoder = encoder

    def encode(self, text: str) -> NDArray[np.float32]:
        self.texts.append(text)
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(10)
        return self._encoder.encode(text)


@pytest.fixture
def counted(cache_dir: Path) -> tuple[MiniLM, Counting]:
    embedder = MiniLM(cache_dir)
    counting = Counting(embedder._loaded())
    embedder._encoder = counting  # type: ignore[assignment]
    return embedder, counting


@pytest.mark.anyio
async def test_an_expected_line_is_embedded_once_and_elsewhere(local: MiniLM, counted: tuple[MiniLM, Counting]) -> None:
    embedder, counting = counted
    embedder.expect("Do you have parking?")
    embedder.expect("Do you have parking?")
    vectors = await embedder.embed(["Do you have parking?"])
    assert np.array_equal(vectors, local.embed_now(["Do you have parking?"]))
    assert counting.texts == ["Do you have parking?"]
    assert threading.current_thread().name not in counting.threads


@pytest.mark.anyio
async def test_a_short_line_is_remembered_and_the_least_used_forgotten(
    counted: tuple[MiniLM, Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, counting = counted
    monkeypatch.setattr(minilm, "_REMEMBERED", 2)
    first = await embedder.embed(["yes"])
    for line in ("no", "yes", "maybe", "yes"):
        await embedder.embed([line])
    embedder.expect("yes")
    assert np.array_equal(await embedder.embed(["yes"]), first)
    assert counting.texts == ["yes", "no", "maybe"]
    await embedder.embed(["no"])
    assert counting.texts[-1] == "no"
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


@pytest.mark.anyio
async def test_an_expected_line_that_still_queues_is_not_waited_for(counted: tuple[MiniLM, Counting]) -> None:
    embedder, counting = counted
    counting.gate.clear()
    embedder.expect("the one before")
    while not counting.texts:  # noqa: ASYNC110 - the thread tells nobody that it is there
        await asyncio.sleep(0)
    embedder.expect("this one")
    counting.gate.set()
    embedder._expected[minilm._key("this one")].cancel()
    await embedder.embed(["this one"])
    assert threading.current_thread().name in counting.threads
    assert counting.texts.count("this one") == 1


@pytest.mark.anyio
async def test_what_was_expected_in_vain_is_bounded(
    counted: tuple[MiniLM, Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, _ = counted
    monkeypatch.setattr(minilm, "_EXPECTED", 3)
    for number in range(10):
        embedder.expect(f"line {number}")
    assert len(embedder._expected) == 3
    embedder.expect("x" * 500)
    assert len(embedder._expected) == 3, "a long text is never begun with"
    await embedder.aclose()
    embedder.expect("after the end")
    assert len(embedder._expected) == 3
