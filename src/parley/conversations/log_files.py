"""The log as a file: NDJSON as the API shows it, or Parquet. Read page by page: memory does not grow with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

FIELDS = (
    "id",
    "tenant_id",
    "experiment_id",
    "experiment_revision",
    "session_id",
    "user_id",
    "agent_id",
    "agent_config",
    "agent_name",
    "channel",
    "language",
    "status",
    "transcript",
    "duration",
    "turn_count",
    "user_satisfaction",
    "task_completed",
    "metadata",
    "created_at",
    "ended_at",
)
_TIMES = ("created_at", "ended_at")
_WHOLE = ("experiment_revision", "turn_count", "user_satisfaction")


async def as_ndjson(pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> AsyncIterator[bytes]:
    """One conversation per line."""
    async for page in pages:
        yield b"".join(orjson.dumps({name: one[name] for name in FIELDS}) + b"\n" for one in page)


class _Sink:
    """A file that only grows, and whose bytes are taken away as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        written = bytes(data)
        self._parts.append(written)
        self._at += len(written)
        return len(written)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        return None

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


async def as_parquet(pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> AsyncIterator[bytes]:
    """One row per conversation; the transcript as a list of role and content, metadata as JSON text."""
    # Loaded by the first export: that takes a third of a second.
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    said = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    kinds: dict[str, Any] = dict.fromkeys(FIELDS, pa.string())
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC")) | dict.fromkeys(_WHOLE, pa.int64())
    kinds |= {"transcript": said, "duration": pa.float64(), "task_completed": pa.bool_()}
    schema = pa.schema(list(kinds.items()))
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        async for page in pages:
            writer.write_table(pa.Table.from_pylist([_flat(one) for one in page], schema=schema))
            yield sink.take()
    yield sink.take()


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: one[name] for name in FIELDS}
    row["transcript"] = one["transcript"]["messages"]
    row["metadata"] = orjson.dumps(one["metadata"]).decode()
    return row
