"""Scenarios as folders: `scenario.yaml` and `documents/`, in the package, in an operator's directory, or in a zip.

A folder is read whole and hashed; a changed hash is a new version wherever the scenario is used.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from parley.kit import log
from parley.kit.errors import InvalidInput, TooLarge
from parley.kit.yaml_text import load_yaml
from parley.training.scenario import FILENAME, Scenario, parse_scenario

TYPES: Mapping[str, str] = {
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".json": "application/json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
READABLE = frozenset({"text/markdown", "text/plain", "text/csv", "application/json"})
MOST_DOCUMENT = 5_000_000
MOST_FOLDER = 20_000_000
_MOST_FILES = 60
_MOST_RATIO = 200
_SLUG = re.compile(r"^[a-z0-9][a-z0-9_-]{0,79}$")

_log = log.get("training")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document read."""

    filename: str
    title: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """A scenario with its documents."""

    slug: str
    path: str | None
    scenario: Scenario
    config: Mapping[str, Any]
    sheets: Sequence[Sheet]
    hash: str


def check_slug(slug: str) -> str:
    """A name fit for an address and a folder. Raises `InvalidInput`."""
    if not _SLUG.fullmatch(slug):
        raise InvalidInput("id must be made of lower-case letters, digits, - and _, at most 80.")
    return slug


def read_sheet(filename: str, title: str, content: bytes) -> Sheet:
    """Judge a document by its name and size. Raises `InvalidInput`, `TooLarge`."""
    if not re.fullmatch(FILENAME, filename) or len(filename) > 120:
        raise InvalidInput("filename must be a plain file name with an ending, such as refunds.md.")
    kind = TYPES.get(Path(filename).suffix.lower())
    if kind is None:
        raise InvalidInput(f"filename: documents may end in {', '.join(sorted(TYPES))}.")
    if len(content) > MOST_DOCUMENT:
        raise TooLarge(f"{filename} must be at most {MOST_DOCUMENT // 1_000_000} MB.")
    return Sheet(filename, title, kind, content)


def folder_of(slug: str, config: Mapping[str, Any], files: Mapping[str, bytes], path: str | None = None) -> Folder:
    """A folder from its parts; every document the config names must be there. Raises `InvalidInput`."""
    scenario = parse_scenario(config)
    sheets = []
    for document in scenario.documents:
        if document.file not in files:
            raise InvalidInput(f"config.documents: {document.file} is not among the files.")
        sheets.append(read_sheet(document.file, document.title, files[document.file]))
    digest = sha256(yaml.safe_dump(dict(config), sort_keys=True).encode())
    for sheet in sheets:
        digest.update(sheet.filename.encode() + b"\0" + sha256(sheet.content).digest())
    return Folder(check_slug(slug), path, scenario, dict(config), sheets, digest.hexdigest())


class Shelf:
    """The folders that every business may use: the package's own, and those of `directory`, read again on a change.

    A folder that cannot be read is left out and logged; the one read before stays in use.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        shipped = sorted(resources.files("parley.training").joinpath("scenarios").iterdir(), key=lambda one: one.name)
        self._shipped = [folder for folder in shipped if folder.is_dir() and _SLUG.fullmatch(folder.name)]
        self._read: dict[str, Folder] = {}
        self._stamps: dict[str, Any] = {}

    def folders(self) -> list[Folder]:
        """Every folder as it stands."""
        seen = set()
        for slug, place, stamp in self._places():
            seen.add(slug)
            if self._stamps.get(slug) == stamp:
                continue
            self._stamps[slug] = stamp
            try:
                self._read[slug] = _read(slug, place)
            except (InvalidInput, TooLarge, OSError, yaml.YAMLError, UnicodeDecodeError) as error:
                _log.warning("training.folder_left_out", folder=slug, error=str(error))
        return [folder for slug, folder in self._read.items() if slug in seen]

    def _places(self) -> Iterator[tuple[str, Traversable, Any]]:
        for folder in self._shipped:
            yield folder.name, folder, "package"
        if self._directory is not None and self._directory.is_dir():
            for folder in sorted(self._directory.iterdir()):
                if folder.is_dir() and _SLUG.fullmatch(folder.name):
                    files = [folder / "scenario.yaml", *sorted((folder / "documents").glob("*"))]
                    stamp = tuple(
                        (file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()
                    )
                    yield folder.name, folder, stamp


def _read(slug: str, folder: Traversable) -> Folder:
    config = load_yaml(folder.joinpath("scenario.yaml").read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise InvalidInput("scenario.yaml must hold a mapping.")
    documents = folder.joinpath("documents")
    if isinstance(folder, Path) and any(one.is_symlink() for one in (folder, *folder.rglob("*"))):
        raise InvalidInput("a scenario's folder must not hold links.")
    files = {one.name: one.read_bytes() for one in documents.iterdir() if one.is_file()} if documents.is_dir() else {}
    return folder_of(slug, config, files, str(folder))


def pack(slug: str, config: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """A zip of the folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{slug}/scenario.yaml", yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False))
        for name, content in files.items():
            archive.writestr(f"{slug}/documents/{name}", content)
    return made.getvalue()


def unpack(data: bytes) -> Folder:
    """The folder in a zip. Nothing is written to disk, no name may climb. Raises `InvalidInput`, `TooLarge`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise InvalidInput("file must be a zip archive.") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > _MOST_FILES:
            raise TooLarge(f"file must hold at most {_MOST_FILES} files.")
        if sum(entry.file_size for entry in entries) > min(MOST_FOLDER, _MOST_RATIO * max(len(data), 1)):
            raise TooLarge("file unpacks to too much.")
        slugs = {entry.filename.split("/")[0] for entry in entries}
        if len(slugs) != 1:
            raise InvalidInput("file must hold one folder.")
        [slug] = slugs
        config, files = None, {}
        for entry in entries:
            inner = entry.filename.removeprefix(f"{slug}/")
            content = archive.read(entry)
            if inner == "scenario.yaml":
                config = _yaml(content)
            elif re.fullmatch(rf"documents/{FILENAME.strip('^$')}", inner):
                files[inner.removeprefix("documents/")] = content
            else:
                raise InvalidInput(f"file holds {entry.filename!r}, which belongs to no scenario.")
    if config is None:
        raise InvalidInput("file holds no scenario.yaml.")
    return folder_of(slug, config, files)


def _yaml(content: bytes) -> Mapping[str, Any]:
    try:
        read = load_yaml(content.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput("scenario.yaml is no YAML.") from error
    if not isinstance(read, dict):
        raise InvalidInput("scenario.yaml must hold a mapping.")
    return read
