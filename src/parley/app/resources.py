"""Everything that lives as long as the process, built once, closed in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley.agents import Agents, Learning, Reader
from parley.app.metrics import Metrics
from parley.app.models import Models
from parley.app.persons import Persons
from parley.app.retention import Retention
from parley.app.settings import Settings
from parley.app.warmup import Warmup
from parley.calls import Calls, open_calls
from parley.channels import SpeechParts
from parley.conversations import (
    Asides,
    Declared,
    Desk,
    ExactRecall,
    HeldConversations,
    LiveView,
    Opening,
    Parts,
    Responder,
    Settlement,
    Takeover,
    Tools,
    Transcripts,
    TurnHolder,
    Unwritten,
    Writer,
)
from parley.frontdesk import DeclaredTools, Incidents, Leads, Listings, Reservations
from parley.inference.ports import Embedder
from parley.kit.clock import Clock, SystemClock
from parley.kit.db import Database
from parley.kit.events import Listener
from parley.kit.jobs import JobQueue
from parley.kit.outbound import Outbound
from parley.kit.secrets import Keyring
from parley.knowledge import Library, Search
from parley.privacy import Vaults
from parley.providers.espeak import Espeak
from parley.providers.silero import SileroVad
from parley.providers.sphinx import Sphinx
from parley.tenants import Access, Businesses, Login
from parley.voice import KeptSpeech


@dataclass(frozen=True, slots=True)
class Resources:
    """What routes and jobs are handed."""

    settings: Settings
    db: Database
    jobs: JobQueue
    embedder: Embedder
    login: Login
    access: Access
    businesses: Businesses
    agents: Agents
    learning: Learning
    reader: Reader
    reservations: Reservations
    leads: Leads
    listings: Listings
    incidents: Incidents
    declared_tools: DeclaredTools
    library: Library
    search: Search
    vaults: Vaults
    unwritten: Unwritten
    models: Models
    recall: ExactRecall
    responder: Responder
    transcripts: Transcripts
    asides: Asides
    speech: SpeechParts
    takeover: Takeover
    calls: Calls
    live: LiveView
    metrics: Metrics
    persons: Persons
    retention: Retention

    def state(self) -> Mapping[str, Any]:
        """What `request.state` holds, by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def make_embedder(settings: Settings) -> Embedder:
    """The local embedder, or the configured OpenAI-compatible endpoint."""
    if settings.embeddings_model:
        from parley.providers.openai_embeddings import OpenAIEmbeddings

        key = settings.embeddings_api_key or settings.openai_api_key
        return OpenAIEmbeddings(
            "embeddings",
            settings.embeddings_model,
            base_url=settings.embeddings_base_url or settings.openai_base_url or "https://api.openai.com/v1",
            api_key=key.get_secret_value() if key else "",
        )
    from parley.providers.minilm import MiniLM

    return MiniLM(cache_dir(settings))


def cache_dir(settings: Settings) -> Path:
    """Where what can be made again is kept."""
    return settings.data_dir.expanduser() / "cache"


def begin_warmup(settings: Settings) -> Warmup:
    """Begin to load what the first turn needs, in a thread."""
    return Warmup(make_embedder(settings), cache_dir(settings))


@asynccontextmanager
async def open_resources(
    settings: Settings,
    url: str,
    secret_key: str,
    *,
    open_mode: bool = False,
    any_host: bool = False,
    warmup: Warmup | None = None,
) -> AsyncIterator[Resources]:
    """Build everything; close it in reverse order. Raises where the database's roles would not hold tenants apart.

    `warmup`: one that has begun already.
    """
    warmup = warmup or begin_warmup(settings)
    clock: Clock = SystemClock()
    keyring = Keyring(secret_key)
    db = Database(url)
    jobs = JobQueue(url)
    holder = TurnHolder(url)
    listener = Listener(url)
    embedder = warmup.embedder
    outbound = Outbound(allow=settings.outbound_allow)
    speaker = Espeak()
    kept = KeptSpeech(cache_dir(settings) / "speech")
    speech = SpeechParts(Sphinx(cache_dir(settings)), (speaker,), SileroVad(), kept)
    metrics = Metrics()
    login = Login(db, keyring, clock, access_minutes=settings.access_token_expire_minutes)
    businesses = Businesses(db, keyring, login)
    models = Models(settings, businesses, metrics.model_answered)
    try:
        await db.verify_roles()
        await holder.open()
        await jobs.open()
        await listener.open()
        learning = Learning(db, embedder, jobs)
        agents = Agents(db, learning, models.check)
        reader = Reader(embedder, learning, await warmup.examples())
        search = Search(db, embedder)
        library = Library(db, embedder, jobs)
        recall = ExactRecall(clock)
        vaults, unwritten = Vaults(db, keyring, HeldConversations()), Unwritten(clock)
        retention = Retention(db, businesses, unwritten, clock)
        reservations, leads = Reservations(db, clock), Leads(db, clock)
        listings, incidents = Listings(db), Incidents(db)
        declared_tools = DeclaredTools(db, keyring, outbound)
        opening = Opening(db, agents, holder, vaults, unwritten)
        responder = Responder(
            Parts(
                opening=opening,
                reader=reader,
                search=search,
                tools=Tools(db, vaults, Desk(reservations, leads, listings, incidents), Declared(db, declared_tools)),
                writer=Writer(models),
                recall=recall,
                settlement=Settlement(db, vaults, unwritten, metrics.turn_settled),
                clock=clock,
            )
        )
        resources = Resources(
            settings=settings,
            db=db,
            jobs=jobs,
            embedder=embedder,
            login=login,
            access=Access(db, login, open_mode=open_mode, any_host=any_host),
            businesses=businesses,
            agents=agents,
            learning=learning,
            reader=reader,
            reservations=reservations,
            leads=leads,
            listings=listings,
            incidents=incidents,
            declared_tools=declared_tools,
            library=library,
            search=search,
            vaults=vaults,
            unwritten=unwritten,
            models=models,
            recall=recall,
            responder=responder,
            transcripts=Transcripts(db, clock, vaults, unwritten),
            asides=Asides(opening, vaults, unwritten),
            speech=speech,
            takeover=Takeover(db, vaults, unwritten),
            calls=open_calls(db, clock, keyring),
            live=LiveView(db, listener),
            metrics=metrics,
            persons=Persons(db, vaults, unwritten, clock),
            retention=retention,
        )
        jobs.register([*library.background(), *learning.background(), *retention.background()])
        await warmup.first_line()
        yield resources
        await responder.drain()
    finally:
        await models.aclose()
        await speaker.aclose()
        await outbound.aclose()
        await listener.aclose()
        await holder.aclose()
        await jobs.aclose()
        await db.aclose()
