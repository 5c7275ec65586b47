"""House rules that import contracts cannot say. A conscious exception is written down in the lists here."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import parley
from parley.app.settings import Settings
from parley.kit.errors import VoiceAgentException

SOURCE = Path(parley.__file__ or "").parent
REPOSITORY = Path(__file__).parents[2]
LONGEST = 450  # lines
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.stat().st_size)
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))

# Who speaks HTTP beside the routes, the live channels and the wiring.
SPEAKS_HTTP = {"kit.web", "tenants.access"}
# Who forms SQL beside tables and stores.
FORMS_SQL = {
    "app.migrate": "the schema",
    "frontdesk.leads": "conditions of its filters, handed to the store",
    "frontdesk.listings": "conditions of its filters, handed to the store",
    "kit.db": "the two doors",
    "kit.events": "LISTEN and NOTIFY",
    "tenants.audit": "the trail is written on others' transactions",
}
VAGUE = set("service services manager handler handlers helper helpers utils util common base core misc shared".split())
# What a module may take from SQLAlchemy without forming SQL: the type of a connection, and what went wrong.
PASSING_BY = {"sqlalchemy.ext.asyncio", "sqlalchemy.exc"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def fetches(path: Path) -> bool:
    """Whether a file takes `kit.db.fetch`, which carries out plain SQL."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "parley.kit.db"
        and any(alias.name == "fetch" for alias in node.names)
        for node in ast.walk(tree(path))
    )


def is_a_door(name: str) -> bool:
    room, _, module = name.rpartition(".")
    return module == "routes" or module.startswith("routes_") or module.endswith("_routes") or room == "channels"


def test_http_stays_at_the_doors() -> None:
    """Whoever decides what is answered does not know that it came by HTTP."""
    speaking = {
        name_of(path)
        for path in FILES
        if any(module.split(".")[0] in {"fastapi", "starlette"} for module in imported(path))
    }
    beyond = {name for name in speaking if not is_a_door(name) and not name.startswith("app.")}
    assert beyond == SPEAKS_HTTP


def test_what_a_route_is_handed_needs_no_thread() -> None:
    """FastAPI runs a dependency that is no coroutine in a thread, which costs more than most of them do."""
    plain = set()
    for path in FILES:
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        handed = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == "Depends" and call.args}
        defined = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        plain |= {f"{name_of(path)}.{name}" for name in handed.intersection(defined)}
    assert plain == set()


def test_sql_stays_in_the_stores() -> None:
    """Rows stay inside a room's store; frozen dataclasses leave."""
    forming = {
        name_of(path)
        for path in FILES
        if any(module.startswith("sqlalchemy") and module not in PASSING_BY for module in imported(path))
        or fetches(path)
    }
    beyond = {
        name for name in forming if not name.endswith(("store", "tables", "persons")) and "migrations" not in name
    }
    assert beyond == set(FORMS_SQL)


def test_only_the_wiring_reads_settings_and_the_environment() -> None:
    readers = {
        name_of(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert {name.split(".")[0] for name in readers} <= {"app"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.name)
def test_every_room_says_what_it_is_for(room: Path) -> None:
    """A sentence, and what is exported is there; `app` is the wiring and exports nothing."""
    if room.name == "app":
        return
    said = ast.get_docstring(tree(room / "__init__.py"))
    assert said is not None
    assert said.split("\n")[0].endswith((".", ":"))
    assert len(said) > 80, "what it owns, what it refuses, how to enter"
    module = importlib.import_module(f"parley.{room.name}")
    for name in getattr(module, "__all__", []):
        assert hasattr(module, name), name
        exported = getattr(module, name)
        assert not (callable(exported) and (room / f"{name}.py").exists()), f"{name} hides the module of its name"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_fits_a_head(path: Path) -> None:
    """Not long, named for what it does, and it says so."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert path.stem not in VAGUE
    if path.name != "__init__.py":
        assert ast.get_docstring(tree(path)), "a module says what it is for"


def error_classes(kind: type[VoiceAgentException] = VoiceAgentException) -> Iterator[type[VoiceAgentException]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from error_classes(inner)


def test_every_error_has_a_code_of_its_own() -> None:
    """A client tells errors apart by code; so does whoever reads the log."""
    for path in FILES:
        if "migrations" not in path.parts and path.parent.name != "parley":
            importlib.import_module(f"parley.{name_of(path)}")
    own = [kind for kind in set(error_classes()) if "code" in vars(kind) and kind.__module__.startswith("parley.")]
    codes = sorted(kind.code for kind in own)
    assert len(codes) == len(set(codes)), codes
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", code) for code in codes)
    assert all(400 <= kind.status < 600 for kind in error_classes())


def test_every_setting_is_in_the_example_file() -> None:
    """And the file names nothing that is not read."""
    text = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE))
    for_compose = {"POSTGRES_PASSWORD"}
    assert named - for_compose == {name.upper() for name in Settings.model_fields}


def test_no_bare_exception_is_swallowed() -> None:
    """`except Exception` only where it raises again or reports: the linter's BLE knows; nobody switches it off."""
    silenced = [
        f"{name_of(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"noqa:.*BLE001", line) and " - " not in line
    ]
    assert silenced == []


def test_the_repository_speaks_of_the_project_alone() -> None:
    """No path of the machine it was written on."""
    for path in (*FILES, *REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")):
        assert not re.search(r"/(work|root|home/\w+)/", path.read_text(encoding="utf-8")), path
