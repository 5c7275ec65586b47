"""What is open to everyone: who we are, health, metrics, and the API's documentation served from our own files."""

from __future__ import annotations

from importlib import metadata, resources
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from parley.app.metrics import Metrics
from parley.app.models import Models
from parley.kit.db import Database
from parley.kit.jobs import JobQueue

VERSION = metadata.version("parley")

NO_WORKER_SECONDS = 120

router = APIRouter(tags=["health"])


class About(BaseModel):
    name: str
    version: str
    status: str


class Health(BaseModel):
    """`checks` says per part what is the matter; "ok" where nothing is."""

    status: str
    version: str
    checks: dict[str, Any]


async def _checks(request: Request) -> dict[str, Any]:
    db: Database = request.state.db
    jobs: JobQueue = request.state.jobs
    models: Models = request.state.models
    alive = await db.ping()
    return {
        "database": "ok" if alive else "unreachable",
        "jobs": await _jobs(jobs) if alive else "unreachable",
        "providers": {one.name: one.error or one.state for one in models.health()} or "ok",
    }


async def _jobs(jobs: JobQueue) -> str:
    if not await jobs.ping():
        return "unreachable"
    lag = await jobs.lag()
    return "ok" if lag < NO_WORKER_SECONDS else f"waiting for {lag:.0f} s: is a worker running?"


def _well(checks: dict[str, Any]) -> bool:
    """Whether this process can serve; jobs that wait are a worker's matter."""
    return bool(checks["database"] == "ok" and checks["jobs"] != "unreachable")


@router.get("/", response_model=About)
async def about(accept: Annotated[str, Header()] = "") -> Any:
    """Who answers here. A browser is sent to the page to try Parley on."""
    if "text/html" in accept:
        return RedirectResponse("/try", status_code=307)
    return About(name="parley", version=VERSION, status="ok")


@router.get("/health")
@router.get("/api/health")
async def health(request: Request) -> Health:
    """How each part is doing. "degraded" still answers, with what is left."""
    checks = await _checks(request)
    providers = checks["providers"]
    failing = checks["jobs"] != "ok"
    failing |= isinstance(providers, dict) and any(state != "ok" for state in providers.values())
    return Health(status="ok" if _well(checks) and not failing else "degraded", version=VERSION, checks=checks)


@router.get("/ready", response_model=Health, responses={503: {"model": Health}})
async def ready(request: Request) -> Any:
    """200 when this process can serve, 503 when it cannot."""
    checks = await _checks(request)
    well = _well(checks)
    body = Health(status="ok" if well else "unavailable", version=VERSION, checks=checks)
    return JSONResponse(body.model_dump(), status_code=200 if well else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Prometheus text."""
    shown: Metrics = request.state.metrics
    jobs: JobQueue = request.state.jobs
    if await jobs.ping():
        shown.jobs_wait(await jobs.lag())
    return Response(shown.render(), media_type="text/plain; version=0.0.4")


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    return _page("docs.html")


@router.get("/redoc", include_in_schema=False)
async def redoc() -> HTMLResponse:
    return _page("redoc.html")


@router.get("/try", include_in_schema=False)
async def try_page() -> HTMLResponse:
    return _page("try.html")


def _page(name: str) -> HTMLResponse:
    return HTMLResponse(resources.files("parley.app").joinpath("static", name).read_text(encoding="utf-8"))
