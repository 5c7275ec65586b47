"""A tenant's vectors as they come into this process."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from parley.kit.db import fetch

_PAGE = """
    SELECT document_id, ordinal, id{vector} FROM knowledge_chunks
    WHERE tenant_id = %(tenant_id)s AND (document_id, ordinal) > (%(document_id)s, %(ordinal)s)
    ORDER BY document_id, ordinal LIMIT %(most)s
"""
_PAGE_OF_IDS, _PAGE_OF_VECTORS = _PAGE.format(vector=""), _PAGE.format(vector=", halfvec_send(embedding)")
_VECTORS_OF = """
    SELECT id, halfvec_send(embedding) FROM knowledge_chunks WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
"""
_AT_ONCE = 1_000
_HEAD = 4  # bytes before the numbers in pgvector's binary form: two 16-bit integers


@dataclass(frozen=True, slots=True)
class Vectors:
    """The chunks of a tenant that have a vector. `known`: those the reader holds already; `ids` and `sent`: the others
    and their vectors, for `vectors_of`."""

    known: list[str]
    ids: list[str]
    sent: list[bytes]


async def read_vectors(connection: AsyncConnection, tenant_id: str, known: Container[str] | None = None) -> Vectors:
    """Page by page: 100,000 take a second, and a quarter of one where nearly all are `known`. A chunk never changes."""
    found = Vectors([], [], [])
    values: dict[str, Any] = {"tenant_id": tenant_id, "document_id": "", "ordinal": -1, "most": _AT_ONCE}
    page = _PAGE_OF_VECTORS if known is None else _PAGE_OF_IDS
    while True:
        rows = await fetch(connection, page, values)
        if known is None:
            new = [row[2:] for row in rows]
        else:
            found.known.extend(row[2] for row in rows if row[2] in known)
            ids = [row[2] for row in rows if row[2] not in known]
            new = await fetch(connection, _VECTORS_OF, {"tenant_id": tenant_id, "ids": ids}) if ids else []
        found.ids.extend(name for name, vector in new if vector is not None)
        found.sent.extend(vector for _, vector in new if vector is not None)
        if len(rows) < _AT_ONCE:
            return found
        values |= {"document_id": rows[-1][0], "ordinal": rows[-1][1]}


def vectors_of(sent: Sequence[bytes]) -> NDArray[np.float16]:
    """Vectors in pgvector's binary form as rows of a matrix."""
    rows = np.frombuffer(b"".join(sent), np.uint8).reshape(len(sent), -1)[:, _HEAD:]
    return np.ascontiguousarray(rows).view(">f2").astype(np.float16)
