"""Files somewhere: a folder, or anything fsspec opens (`s3://bucket/prefix`, `gs://…`, where its package is installed).

Names are relative, with slashes. Everything runs in threads: a disk may take its time.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]


class Files:
    """Everything below one address."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _there(self) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]

        system, root = url_to_fs(self._url)
        return system, str(root).rstrip("/")

    async def write(self, name: str, data: bytes) -> None:
        """Write a file. What a failure leaves is a part: remove it."""

        def write() -> None:
            system, root = self._there
            system.makedirs(f"{root}/{name}".rpartition("/")[0], exist_ok=True)
            with system.open(f"{root}/{name}", "wb") as target:
                target.write(data)

        await asyncio.to_thread(write)

    async def read(self, name: str) -> bytes:
        """All of a file. Raises `FileNotFoundError`."""

        def read() -> bytes:
            system, root = self._there
            with system.open(f"{root}/{name}", "rb") as source:
                data: bytes = source.read()
            return data

        return await asyncio.to_thread(read)

    async def open(self, name: str) -> OpenFile:
        """For reading. Raises `FileNotFoundError`."""

        def opened() -> Any:
            system, root = self._there
            return system.open(f"{root}/{name}", "rb")

        return OpenFile(await asyncio.to_thread(opened))

    async def remove(self, name: str) -> None:
        """Remove a file, or a folder with all in it. One that is not there is no error."""

        def gone() -> None:
            system, root = self._there
            try:
                system.rm(f"{root}/{name}", recursive=True)
            except FileNotFoundError:
                return

        await asyncio.to_thread(gone)

    async def folders(self) -> list[str]:
        """The names of the folders right here."""

        def listed() -> list[str]:
            system, root = self._there
            try:
                found = system.ls(root, detail=True)
            except FileNotFoundError:
                return []
            return sorted(str(one["name"]).rpartition("/")[2] for one in found if one["type"] == "directory")

        return await asyncio.to_thread(listed)


class OpenFile:
    """A file being read."""

    def __init__(self, file: Any) -> None:
        self._file = file

    async def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        data: bytes = await asyncio.to_thread(self._file.read, size)
        return data

    async def seek(self, place: int) -> None:
        """Go on from `place`."""
        await asyncio.to_thread(self._file.seek, place)

    async def aclose(self) -> None:
        """Done with it."""
        await asyncio.to_thread(self._file.close)
