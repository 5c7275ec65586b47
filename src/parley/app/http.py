"""The HTTP application: one visible list of routers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from parley.agents import agent_routes, understanding_routes
from parley.app.drain import Door, Drain
from parley.app.hooks import Hooks
from parley.app.limits import Surroundings
from parley.app.pages import VERSION
from parley.app.pages import router as open_routes
from parley.app.persons import router as person_routes
from parley.app.resources import Resources
from parley.calls import call_routes, number_routes
from parley.channels import (
    chat_routes,
    retell_line_routes,
    retell_webhook_routes,
    training_routes,
    twilio_media_routes,
    twilio_voice_routes,
    voice_routes,
)
from parley.conversations import conversation_routes, log_routes
from parley.experiments import prompt_routes, result_routes
from parley.frontdesk import frontdesk_routes
from parley.insights import insight_routes
from parley.kit.web import install_error_handlers
from parley.knowledge import knowledge_routes
from parley.outbox import outbox_routes
from parley.privacy import privacy_routes
from parley.recordings import recording_routes
from parley.tenants import tenant_routes
from parley.training import scenario_routes, session_routes

ROUTERS = (
    chat_routes,  # tried in this order, and nothing is asked for as often
    open_routes,
    tenant_routes,
    agent_routes,
    understanding_routes,
    knowledge_routes,
    voice_routes,
    call_routes,
    number_routes,
    retell_webhook_routes,
    training_routes,
    retell_line_routes,
    twilio_voice_routes,
    twilio_media_routes,
    log_routes,
    conversation_routes,
    recording_routes,
    result_routes,
    prompt_routes,
    frontdesk_routes,
    privacy_routes,
    outbox_routes,
    insight_routes,
    scenario_routes,
    session_routes,
    person_routes,
)

_ABOUT = """Conversational agents on your own machine: text, live voice and phone.

Sign in with `POST /auth/login` (or an `X-API-Key`), make an agent, give it documents, and talk to it with
`POST /chat/message`. Every conversation is written down, with a trace of how each answer came about.
"""


def create_app(
    resources: AbstractAsyncContextManager[Resources], allowed_origins: list[str], drain: Drain | None = None
) -> FastAPI:
    """The application over resources that its lifespan opens and closes. `drain`: SIGTERM waits for live sockets."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with resources as opened:
            opened.simulated.deliver_with(Hooks(app, opened.state()).deliver)
            await opened.simulated.open()
            with drain.before_sigterm() if drain else nullcontext():
                yield opened.state()

    app = FastAPI(
        title="Parley",
        version=VERSION,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0"},
    )
    install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    here = Path(__file__).parent
    app.mount("/static/docs", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"), name="docs")
    app.mount("/static", StaticFiles(directory=here / "static"), name="static")
    app.add_middleware(Surroundings)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=allowed_origins,
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["Authorization", "Content-Type", "X-API-Key", "Idempotency-Key"],
        expose_headers=["X-Request-Id", "Retry-After"],
    )
    if drain is not None:
        app.add_middleware(Door, drain=drain)
    return app
