"""Scenarios, their documents and their versions over HTTP."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from parley.app.resources import Resources
from parley.kit.errors import Conflict, InvalidInput
from parley.tenants import Principal, levels_of
from parley.training import Scenarios, Shelf, parse_scenario
from tests.conftest import Business

pytestmark = pytest.mark.anyio

CONFIG: dict[str, Any] = {
    "title": "A lost key",
    "language": "en",
    "persona": {
        "key": "guest",
        "title": "Guest without a key",
        "scripts": {"en": {"situation": "You lost your key.", "opening": "I lost my key."}},
    },
    "rubric": {"items": [{"id": "sorry", "title": "Is sorry", "points": 10, "cues": ["sorry"]}]},
}


async def create(client: httpx.AsyncClient, name: str = "lost_key", **change: Any) -> httpx.Response:
    return await client.post("/api/scenarios", json={"name": name, "config": {**CONFIG, **change}})


async def test_every_business_finds_the_scenarios_that_come_with_parley(business: Business) -> None:
    found = (await business.owner.get("/api/scenarios")).json()["scenarios"]
    titles = {one["title"]: one for one in found}
    assert {"Customer Service Training", "Technical Support Training", "Kundenservice-Training"} <= set(titles)
    one = titles["Customer Service Training"]
    assert {paper["filename"] for paper in one["documents"]} == {"delivery_policy.md", "tone_guide.md"}
    assert (await business.owner.get(f"/api/scenarios/{one['id']}")).json() == one
    assert (await business.owner.get("/api/scenarios/customer_service")).json()["id"] == one["id"]
    assert len((await business.owner.get("/api/scenarios", params={"limit": 1})).json()["scenarios"]) == 1


async def test_a_scenario_is_made_and_replaced_as_it_is_shown(business: Business) -> None:
    """With title and language beside the config; its name is made of the title."""
    config = {name: value for name, value in CONFIG.items() if name not in {"title", "language"}}
    body = {"title": "A löst Key!", "language": "en", "config": config}
    made = await business.owner.post("/api/scenarios", json=body)
    assert made.status_code == 201, made.text
    one = made.json()
    assert (one["name"], one["title"], one["language"]) == ("a_lost_key", "A löst Key!", "en")
    body = {"title": "Keys", "language": one["language"], "config": one["config"]}
    changed = (await business.owner.put(f"/api/scenarios/{one['id']}", json=body)).json()
    assert (changed["name"], changed["title"], changed["version"]) == ("a_lost_key", "Keys", 2)
    nameless = await business.owner.post("/api/scenarios", json={"title": "鍵", "config": config, "language": "en"})
    assert nameless.json()["name"] == "scenario"


async def test_a_session_keeps_the_version_it_began_with(business: Business) -> None:
    owner = business.owner
    made = (await create(owner)).json()
    body = {"scenario_id": made["id"], "user_id": "t"}
    session = (await owner.post("/api/sessions", json=body)).json()
    harder = {**CONFIG, "rubric": {"items": [{"id": "thanks", "title": "Thanks", "points": 5, "cues": ["thanks"]}]}}
    changed = (await owner.put(f"/api/scenarios/{made['id']}", json={"config": harder})).json()
    assert (made["version"], changed["version"]) == (1, 2)
    told = (await owner.post(f"/api/sessions/{session['id']}/complete")).json()
    assert [item["id"] for item in told["score"]["items"]] == ["sorry"]
    assert told["scenario_version"] == 1
    again = (await owner.post(f"/api/sessions/{session['id']}/complete")).json()
    assert again["score"] == told["score"], "completing again changes nothing"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"title": ""}, "title"),
        ({"rubric": {"items": []}}, "rubric.items"),
        ({"rubric": {"items": [{"id": "a", "title": "A", "points": 1, "cues": ["["]}]}}, "cues"),
        ({"rubric": {"items": [{"id": "a", "title": "A", "points": 1}]}}, "cues"),
        ({"rubric": {"items": [{"id": "a", "title": "A", "kind": "blocker", "cues": ["x"]}]}}, "points"),
        ({"persona": {"key": "x"}}, "persona"),
        ({"language": "de"}, "language"),
        ({"time_limit_minutes": 0}, "time_limit_minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_faulty_scenario_is_refused_by_its_place(
    business: Business, change: dict[str, Any], names: str
) -> None:
    answer = await create(business.owner, **change)
    assert answer.status_code == 422, answer.text
    assert names in answer.text


async def test_documents_are_served_whole_in_part_and_not_at_all_when_known(business: Business) -> None:
    owner = business.owner
    path = "/api/documents/customer_service/delivery_policy.md"
    whole = await owner.get(path)
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "text/markdown; charset=utf-8"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = await owner.get(path, headers={"range": "bytes=2-10"})
    assert (part.status_code, part.content) == (206, whole.content[2:11])
    assert part.headers["content-range"] == f"bytes 2-10/{len(whole.content)}"
    assert (await owner.get(path, headers={"range": "bytes=-5"})).content == whole.content[-5:]
    assert (await owner.get(path, headers={"range": "bytes=999999-"})).status_code == 416
    assert (await owner.get(path, headers={"range": "lines=1-2"})).status_code == 200
    known = await owner.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fscenario.yaml", "..%5cscenario.yaml",
        "%2fetc%2fpasswd", "/etc/passwd", "delivery_policy.md%00.png", "..", "scenario.yaml",
        "documents%2fdelivery_policy.md", "%252e%252e%252f",
    ],
)  # fmt: skip
async def test_no_name_climbs_out(business: Business, name: str) -> None:
    answer = await business.owner.get(f"/api/documents/customer_service/{name}")
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


async def test_a_symlink_in_a_folder_shows_its_target_only_as_a_document(tmp_path: Path, resources: Resources) -> None:
    folder = tmp_path / "linked"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "notes.md").symlink_to("/etc/passwd")
    config = {**CONFIG, "documents": [{"file": "notes.md", "title": "Notes"}]}
    (folder / "scenario.yaml").write_text(json.dumps(config))
    assert "linked" not in {one.slug for one in Shelf(tmp_path).folders()}, "a link leads out of the folder"


async def test_folders_of_the_operators_are_read_again_when_they_change(
    tmp_path: Path, resources: Resources, business: Business
) -> None:
    folder = tmp_path / "lost_key"
    folder.mkdir()
    scenarios = Scenarios(resources.db, Shelf(tmp_path))
    (folder / "scenario.yaml").write_text(json.dumps(CONFIG))
    assert (await scenarios.get(business.id, "lost_key")).filed.version == 1
    (folder / "scenario.yaml").write_text(json.dumps({**CONFIG, "title": "A key that was lost"}))
    found = (await scenarios.get(business.id, "lost_key")).filed
    assert (found.version, found.title) == (2, "A key that was lost")
    (folder / "scenario.yaml").write_text("title: [")
    assert (await scenarios.get(business.id, "lost_key")).filed.version == 2, "a faulty one is left out"
    who = Principal("user", "someone", "", "owner", levels_of("owner"))
    await scenarios.put(who, business.id, "lost_key", {**CONFIG, "title": "Ours"})
    (folder / "scenario.yaml").write_text(json.dumps({**CONFIG, "title": "Theirs"}))
    assert (await scenarios.get(business.id, "lost_key")).filed.title == "Ours", "a changed one is one's own"


async def test_a_scenario_travels_as_a_zip(business: Business, rival: Business) -> None:
    packed = await business.owner.get("/api/scenarios/technical_support/export")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        renamed = io.BytesIO()
        with zipfile.ZipFile(renamed, "w") as other:
            for entry in archive.namelist():
                other.writestr(entry.replace("technical_support/", "our_support/"), archive.read(entry))
    taken = await rival.owner.post("/api/scenarios/import", files={"file": ("a.zip", renamed.getvalue())})
    assert taken.status_code == 201, taken.text
    assert taken.json()["name"] == "our_support"
    assert [paper["filename"] for paper in taken.json()["documents"]] == ["no_connection_guide.md"]
    again = await rival.owner.post("/api/scenarios/import", files={"file": ("a.zip", renamed.getvalue())})
    assert again.json()["version"] == 2


@pytest.mark.parametrize("name", ["../evil.md", "a/../../evil.md", "a/documents/../../evil.md", "a/run.sh"])
async def test_a_zip_that_climbs_is_refused(business: Business, name: str) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a/scenario.yaml", json.dumps(CONFIG))
        archive.writestr(name, "x")
    answer = await business.owner.post("/api/scenarios/import", files={"file": ("a.zip", made.getvalue())})
    assert answer.status_code == 422, answer.text


async def test_a_bomb_and_what_is_no_zip_are_refused(business: Business) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/documents/a.txt", b"0" * 30_000_000)
    for data, status in ((made.getvalue(), 413), (b"no zip", 422), (b"", 422)):
        answer = await business.owner.post("/api/scenarios/import", files={"file": ("a.zip", data)})
        assert answer.status_code == status, answer.text


async def test_documents_are_added_replaced_searched_and_removed(business: Business) -> None:
    owner = business.owner
    made = (await create(owner)).json()
    path = f"/api/scenarios/{made['id']}/documents"
    words = b"# Keys\n\nA lost key costs 25 euros.\n\nThe night porter has a spare key."
    for _ in range(2):
        added = await owner.post(path, files={"file": ("keys.md", words)}, data={"title": "Keys"})
        assert added.status_code == 201, added.text
    assert [paper["size"] for paper in added.json()["documents"]] == [len(words)]
    found = (await owner.get(f"/api/scenarios/{made['id']}/search", params={"query": "cost of a lost key"})).json()
    assert "25 euros" in found["results"][0]["content"]
    for name in ("run.exe", "noending", "../x.md", "a b.md"):
        refused = await owner.post(path, files={"file": (name, b"x")})
        assert refused.status_code == 422, name
    assert (await owner.post(path, files={"file": ("big.md", b"x" * 5_000_001)})).status_code == 413
    assert (await owner.delete(f"{path}/keys.md")).status_code == 204
    assert (await owner.delete(f"{path}/keys.md")).status_code == 404
    assert (await owner.delete(f"/api/scenarios/{made['id']}")).status_code == 204
    assert (await owner.get(f"/api/scenarios/{made['id']}")).status_code == 404


async def test_a_trainee_sees_only_their_own_sessions(business: Business, app: Any) -> None:
    owner = business.owner
    clients = []
    for number in range(2):
        login = {"email": f"trainee{number}-{business.id}@example.com", "password": "correct horse battery"}
        await owner.post("/users", json={**login, "role": "trainee"})
        token = (await owner.post("/auth/login", json=login)).json()["access_token"]
        transport = httpx.ASGITransport(app=app)
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        client.headers["authorization"] = f"Bearer {token}"
        clients.append(client)
    one, other = clients
    body = {"scenario_id": "customer_service", "user_id": "one"}
    session = (await one.post("/api/sessions", json=body)).json()["id"]
    assert [row["id"] for row in (await one.get("/api/sessions")).json()["sessions"]] == [session]
    assert (await other.get("/api/sessions")).json()["sessions"] == []
    for verb, path in (("GET", ""), ("POST", "/complete"), ("POST", "/abandon")):
        assert (await other.request(verb, f"/api/sessions/{session}{path}")).status_code == 404
    assert (await one.get("/api/sessions/export.csv")).status_code == 403
    assert (await one.put("/api/scenarios/customer_service", json={"config": CONFIG})).status_code == 403
    assert session in (await owner.get("/api/sessions/export.csv")).text
    for client in clients:
        await client.aclose()


async def test_progress_over_sessions(business: Business) -> None:
    owner = business.owner
    body = {"scenario_id": "customer_service", "user_id": "=cmd()"}
    first, session = [(await owner.post("/api/sessions", json=body)).json()["id"] for _ in range(2)]
    for one in (first, session):
        await owner.post(f"/api/sessions/{one}/complete")
    left = (await owner.post("/api/sessions", json=body)).json()["id"]
    assert (await owner.post(f"/api/sessions/{left}/abandon")).json()["status"] == "abandoned"
    told = (await owner.get("/api/sessions/progress", params={"user_id": "=cmd()"})).json()
    assert (told["sessions"], told["passed"], len(told["percents"])) == (2, 0, 2)
    rows = list(csv.DictReader(io.StringIO((await owner.get("/api/sessions/export.csv")).text)))
    assert [row["id"] for row in rows] == [left, session, first]
    assert {row["user_id"] for row in rows} == {"'=cmd()"}, "no formula for a spreadsheet"
    assert [row["status"] for row in rows] == ["abandoned", "completed", "completed"]
    assert [row["percent"] for row in rows] == ["", *(str(percent) for percent in reversed(told["percents"]))]
    assert [row["passed"] for row in rows] == ["", "False", "False"]


def test_a_scenario_without_points_makes_no_sense() -> None:
    with pytest.raises(InvalidInput, match="points"):
        parse_scenario({**CONFIG, "rubric": {"items": [{"id": "a", "title": "A", "kind": "blocker", "cues": ["x"]}]}})


async def test_what_nobody_touched_for_a_day_is_left(business: Business, resources: Resources) -> None:
    owner = business.owner
    body = {"scenario_id": "customer_service", "user_id": "t"}
    idle, busy = [(await owner.post("/api/sessions", json=body)).json()["id"] for _ in range(2)]
    async with resources.db.begin(business.id) as connection:
        aged = text("UPDATE sessions SET last_active_at = now() - interval '25 hours' WHERE id = :id")
        await connection.execute(aged, {"id": idle})
    await resources.rehearsals.sweep_all()
    assert (await owner.get(f"/api/sessions/{idle}")).json()["status"] == "abandoned"
    assert (await owner.get(f"/api/sessions/{busy}")).json()["status"] == "active"


async def test_after_its_time_a_session_is_over_and_judged(business: Business, resources: Resources) -> None:
    session = (
        await business.owner.post("/api/sessions", json={"scenario_id": "customer_service", "user_id": "t"})
    ).json()["id"]
    await resources.rehearsals.say(business.id, session, "Hello, I am sorry about that.")
    async with resources.db.begin(business.id) as connection:
        await connection.execute(text("UPDATE sessions SET deadline_at = now() WHERE id = :id"), {"id": session})
    with pytest.raises(Conflict, match="over"):
        await resources.rehearsals.say(business.id, session, "Are you there?")
    told = (await business.owner.get(f"/api/sessions/{session}")).json()
    assert (told["status"], told["data"]["ending"]) == ("completed", "time")
    assert told["score"]["points"] > 0


async def test_a_persons_sessions_are_handed_out_and_erased(business: Business) -> None:
    owner = business.owner
    body = {"scenario_id": "customer_service", "user_id": "trainee-77"}
    session = (await owner.post("/api/sessions", json=body)).json()["id"]
    told = (await owner.post("/privacy/export", json={"user_id": "trainee-77"})).json()
    assert [one["id"] for one in told["sessions"]] == [session]
    await owner.post("/privacy/erase", json={"user_id": "trainee-77"})
    assert (await owner.get(f"/api/sessions/{session}")).status_code == 404
    assert (await owner.post("/privacy/export", json={"user_id": "trainee-77"})).json()["sessions"] == []
