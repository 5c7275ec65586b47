"""With every filter of the stores taken away, row-level security alone keeps tenants apart."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

import parley
from parley.app.resources import Resources
from parley.kit.db import APP_ROLE, PLATFORM_ROLE, SEARCH_ROLE, Database, driver_url, metadata
from parley.kit.ids import new_id
from tests.conftest import _business
from tests.isolation.victims import CANARY, Victim, add_rows_without_routes, furnish

pytestmark = pytest.mark.anyio

TABLES = sorted(metadata.tables)
VIEWS = ["agent_configurations", "conversation_facts", "conversation_logs", "record_facts", "turn_facts"]
UNTENANTED = {
    "alembic_version": "the schema's revision",
    "procrastinate_events": "the queue's own log",
    "procrastinate_jobs": "arguments are ids and small numbers",
    "procrastinate_periodic_defers": "when periodic jobs ran",
    "procrastinate_workers": "heartbeats of workers",
}
ROLES = [APP_ROLE, PLATFORM_ROLE, SEARCH_ROLE, "parley_lookup"]
LOOK_UPS = {
    "find_by_token",
    "find_calls_due",
    "find_broken_recordings",
    "find_doomed_recordings",
    "find_first_tenant",
    "find_idle_conversations",
    "find_line",
    "find_simulated_lost",
    "find_owner",
    "find_tenants",
    "find_user_by_email",
    "find_watched_experiments",
}
PLATFORM_DOOR = {
    ("app.demo.load", "is there any tenant yet?"),
    ("calls.answer", "carrier call → call"),
    ("calls.answer", "secret of a line → agent"),
    ("calls.switchboard", "carrier's call → tenant"),
    ("calls.simulated", "simulated call → tenant"),
    ("calls.simulated", "simulated calls whose process is gone"),
    ("calls.numbers", "number → agent"),
    ("calls.reconcile", "calls nobody has heard of"),
    ("calls.report", "carrier event → call"),
    ("calls.report", "carrier event → tenant"),
    ("conversations.outcome", "idle conversations"),
    ("experiments.watch", "watched experiments"),
    ("recordings.keep", "recordings that are nobody's"),
    ("recordings.keep", "recordings that broke off"),
    ("tenants.access", "the administrator reaches any tenant's things"),
    ("tenants.access", "the open administrator's tenant"),
    ("tenants.businesses", "list of tenants"),
    ("tenants.login", "key look-up"),
    ("tenants.login", "login by e-mail"),
    ("tenants.login", "refresh token"),
    ("tenants.login", "stream ticket"),
}


@pytest.fixture(scope="module")
async def victim(app: Any, resources: Resources) -> AsyncIterator[Victim]:
    async with _business(app, resources) as business:
        made = await furnish(business)
        await add_rows_without_routes(resources.db, made)
        yield made


@pytest.fixture
def owner(database_url: str) -> Any:
    """The database's own superuser, for looking at catalogs."""
    engine = create_engine(driver_url(database_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


async def digest_of(db: Database, tenant_id: str, table: str) -> str:
    """All of a tenant's rows in one number; asserts that there are some."""
    query = text(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")  # noqa: S608
    async with db.begin(tenant_id) as connection:
        count, digest = (await connection.execute(query)).one()
    assert count > 0
    return str(digest)


@pytest.mark.parametrize("table", [*TABLES, *VIEWS, "knowledge_chunks", "knowledge_terms"])
async def test_a_plain_select_finds_nothing_of_others(resources: Resources, victim: Victim, table: str) -> None:
    await digest_of(resources.db, victim.business.id, table)
    for stranger in (new_id(), "", "%", "' OR true --"):
        async with resources.db.begin(stranger) as connection:
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
        assert rows == []


@pytest.mark.parametrize("table", [*TABLES, "knowledge_chunks", "knowledge_terms"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
async def test_a_plain_change_touches_nothing_of_others(
    resources: Resources, victim: Victim, table: str, verb: str
) -> None:
    before = await digest_of(resources.db, victim.business.id, table)
    column = "id" if table == "tenants" else "tenant_id"
    change = f"UPDATE {table} SET {column} = :me" if verb == "UPDATE" else f"DELETE FROM {table}"  # noqa: S608
    stranger = new_id()
    values = {"me": stranger} if verb == "UPDATE" else {}
    if table == "audit_log":
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with resources.db.begin(stranger) as connection:
                await connection.execute(text(change), values)
    else:
        async with resources.db.begin(stranger) as connection:
            assert (await connection.execute(text(change), values)).rowcount == 0
    assert await digest_of(resources.db, victim.business.id, table) == before


@pytest.mark.parametrize("table", [*TABLES, "knowledge_chunks", "knowledge_terms"])
async def test_a_row_cannot_be_slipped_in_or_handed_over(resources: Resources, victim: Victim, table: str) -> None:
    """A copy of the victim's own row, inserted by a stranger; a row of the victim's moved to a stranger."""
    column = "id" if table == "tenants" else "tenant_id"
    async with resources.db.begin(victim.business.id) as connection:
        row = (await connection.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t LIMIT 1"))).scalar_one()  # noqa: S608
    slip = f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, cast(:row AS jsonb))"  # noqa: S608
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with resources.db.begin(new_id()) as connection:
            await connection.execute(text(slip), {"row": row})
    move = text(f"UPDATE {table} SET {column} = :other")  # noqa: S608
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security|version never changes"):
        async with resources.db.begin(victim.business.id) as connection:
            await connection.execute(move, {"other": new_id()})


async def test_without_a_tenant_nothing_is_seen(resources: Resources, victim: Victim) -> None:
    """A pooled connection keeps no tenant from the transaction before."""
    async with resources.db.begin(victim.business.id) as connection:
        backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    for _ in range(20):
        async with resources.db._engine.connect() as connection:
            seen, pid = (
                await connection.execute(text("SELECT (SELECT count(*) FROM messages), pg_backend_pid()"))
            ).one()
        assert seen == 0
        if pid == backend:
            return
    pytest.fail("the connection was not handed out again")


async def test_the_platform_door_shows_no_rows(resources: Resources, victim: Victim) -> None:
    for table in [*TABLES, *VIEWS, "knowledge_chunks", "knowledge_terms"]:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with resources.db.begin_platform("a test of the door") as connection:
                await connection.execute(text(f"SELECT 1 FROM {table}"))  # noqa: S608


async def test_look_ups_tell_whose_it_is_and_nothing_else(resources: Resources, victim: Victim) -> None:
    async with resources.db.begin_platform("a test of the door") as connection:
        found = (
            await connection.execute(text("SELECT * FROM find_owner('agents', :id)"), {"id": victim.ids["agent_id"]})
        ).mappings()
        assert [dict(row) for row in found] == [{"tenant_id": victim.business.id}]
    for kind in ("credentials", "users; DROP TABLE users", "pg_roles"):
        with pytest.raises(DBAPIError, match="unknown kind"):
            async with resources.db.begin_platform("a test of the door") as connection:
                await connection.execute(text("SELECT * FROM find_owner(:kind, 'x')"), {"kind": kind})


@pytest.mark.parametrize(
    "candidates",
    [
        CANARY.lower(),
        "'tenant:{victim}'",
        "!'absent'",
        "'absent' | 'tenant:{victim}'",
        "!'tenant:{rival}'",
        "'a' | !'b'",
    ],
)
async def test_the_word_index_does_not_reach_other_tenants(
    resources: Resources, victim: Victim, candidates: str
) -> None:
    """`match_chunks` runs as a role that may read every chunk, so its own filter is what holds."""
    rival = new_id()
    wanted = candidates.format(victim=victim.business.id, rival=rival)
    query = text("""
        SELECT * FROM match_chunks(ARRAY[cast(:wanted AS tsquery)], '{1}', ARRAY[cast(:wanted AS tsquery)], '{1}', 100)
    """)
    async with resources.db.begin(rival) as connection:
        assert (await connection.execute(query, {"wanted": wanted})).all() == []
    async with resources.db.begin(victim.business.id) as connection:
        mine = (await connection.execute(query, {"wanted": f"'tenant:{victim.business.id}'"})).all()
    assert len(mine) == 1
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with resources.db.begin_platform("a test of the door") as connection:
            await connection.execute(query, {"wanted": wanted})


def test_every_table_is_held(owner: Any) -> None:
    """Enabled, forced, and with the one policy for the application; whatever has no tenant is named above."""
    rows = owner.execute(
        text("""
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
               (SELECT array_agg(p.policyname::text || ':' || p.roles::text || ':' || p.qual || ':' || p.with_check)
                FROM pg_policies p WHERE p.tablename = c.relname AND p.cmd = 'ALL') AS policies
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1""")
    ).all()
    held = [row for row in rows if row.relname not in UNTENANTED]
    assert {row.relname for row in rows} >= set(UNTENANTED)
    assert {row.relname for row in held} >= {*TABLES, "knowledge_chunks", "knowledge_terms"}
    for name, enabled, forced, policies in held:
        column = "id" if name == "tenants" else "tenant_id"
        rule = f"({column} = current_setting('parley.tenant'::text, true))"
        assert (enabled, forced) == (True, True), name
        assert policies == [f"own_tenant:{{{APP_ROLE}}}:{rule}:{rule}"], name


def test_policies_beyond_the_tenants_own_are_for_two_roles_that_only_read(owner: Any) -> None:
    rows = owner.execute(text("SELECT policyname, roles::text, cmd FROM pg_policies WHERE policyname <> 'own_tenant'"))
    assert {tuple(row) for row in rows} == {
        ("look_up", "{parley_lookup}", "SELECT"),
        ("every_chunk", f"{{{SEARCH_ROLE}}}", "SELECT"),
    }


def test_our_roles_are_nobody(owner: Any) -> None:
    roles = owner.execute(
        text("SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication"
             " FROM pg_roles WHERE rolname = ANY(:names)"),
        {"names": ROLES},
    )  # fmt: skip
    assert dict(roles.tuples().all()) == dict.fromkeys(ROLES, False)
    owned = owner.execute(
        text("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = ANY(:names)"), {"names": ROLES}
    )
    assert owned.scalar_one() == 0
    members = owner.execute(
        text("SELECT count(*) FROM pg_auth_members WHERE pg_get_userbyid(member) = ANY(:names)"), {"names": ROLES}
    )
    assert members.scalar_one() == 0


def test_functions_that_run_as_someone_else_are_known(owner: Any) -> None:
    rows = owner.execute(
        text("""
        SELECT proname, pg_get_userbyid(proowner), proconfig::text, has_function_privilege('public', p.oid, 'execute')
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND prosecdef""")
    ).all()
    expected = {(name, "parley_lookup") for name in LOOK_UPS} | {("match_chunks", SEARCH_ROLE)}
    assert {(name, role) for name, role, _, _ in rows} == expected
    for name, _, config, everyone in rows:
        assert "search_path=public, pg_temp" in config, name
        assert not everyone, name


def test_the_look_up_role_reads_no_more_than_it_compares(owner: Any) -> None:
    """No password hash, no words: only ids, tenants, e-mails, digests, our numbers and when to look at something."""
    columns = owner.execute(
        text("SELECT DISTINCT column_name FROM information_schema.column_privileges WHERE grantee = 'parley_lookup'")
    )
    compared = {"id", "tenant_id", "email", "token_hash", "key_hash"}
    of_calls = {"retell_call_id", "check_at", "agent_id", "carrier_agent_id", "number"}
    of_simulated = {"holder", "reported_at"}
    of_outcomes = {"judged_at", "last_message_at", "watched"}
    of_recordings = {"conversation_id", "status", "created_at", "holder", "touched_at"}
    assert set(columns.scalars()) == compared | of_calls | of_simulated | of_outcomes | of_recordings


def platform_callers() -> set[tuple[str, str]]:
    """(module, reason) of every call of `begin_platform` in the source."""
    root = Path(parley.__file__ or "").parent
    found = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "begin_platform":
                continue
            module = ".".join(file.relative_to(root).with_suffix("").parts)
            reason = node.args[0] if node.args else None
            assert isinstance(reason, ast.Constant), f"{module}: the reason is written out where it is given"
            found.add((module, str(reason.value)))
    return found


def test_who_passes_by_the_tenant_is_listed() -> None:
    """A new caller is a decision: write it down here."""
    assert platform_callers() == PLATFORM_DOOR
