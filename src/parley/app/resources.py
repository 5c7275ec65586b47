"""Everything that lives as long as the process, built once, closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.agents import Agents, Definition, Learning, Reader
from parley.app.budget import Budget, ModelsWithinBudget
from parley.app.carriers import Carriers
from parley.app.hosted_speech import speech_keys
from parley.app.metrics import Metrics
from parley.app.model_choice import ModelCheck
from parley.app.models import Models, provider_keys
from parley.app.persons import Persons
from parley.app.retention import Retention
from parley.app.settings import Settings
from parley.app.speech import open_speech
from parley.app.speech_choice import SpeechCheck
from parley.app.warmup import Warmup
from parley.calls import (
    CallLive,
    CallParts,
    Calls,
    CallTranscripts,
    LineSecrets,
    SimulatedLine,
    SimulatedParts,
    check_call_settings,
    check_voice_settings,
    open_calls,
)
from parley.channels import CallLedger, LineParts, PhoneLines, PhoneRooms, SpeechParts, TalkParts
from parley.conversations import (
    Asides,
    ConversationFacts,
    Declared,
    Desk,
    Done,
    Extraction,
    HeldConversations,
    Lines,
    LiveView,
    LocalOrder,
    Opening,
    Outcomes,
    Parts,
    PostedLogs,
    Recall,
    RehearsedTalks,
    Responder,
    Settlement,
    SharedAnswers,
    Takeover,
    TalkFacts,
    Tools,
    Transcripts,
    TurnHolder,
    Unwritten,
    Withdrawals,
    Writer,
)
from parley.experiments import Arms, Prompts, Watch
from parley.frontdesk import DeclaredTools, Incidents, Leads, Listings, Reservations
from parley.house import Extractor
from parley.inference.ports import Embedder
from parley.insights import Insights
from parley.kit.clock import Clock, SystemClock
from parley.kit.db import Database
from parley.kit.events import Listener
from parley.kit.files import Files
from parley.kit.jobs import JobQueue
from parley.kit.outbound import Outbound
from parley.kit.secrets import Keyring
from parley.knowledge import Library, Search
from parley.outbox import Outbox
from parley.privacy import Vaults
from parley.recordings import Recordings
from parley.tenants import Access, Businesses, Login, Quota
from parley.training import Rehearsals, Scenarios, Shelf

if TYPE_CHECKING:
    from parley.app.telemetry import Telemetry


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
    outbox: Outbox
    scenarios: Scenarios
    rehearsals: Rehearsals
    insights: Insights
    library: Library
    search: Search
    vaults: Vaults
    unwritten: Unwritten
    models: Models
    recall: Recall
    shared_answers: SharedAnswers
    responder: Responder
    transcripts: Transcripts
    recordings: Recordings
    posted: PostedLogs
    outcomes: Outcomes
    talk_facts: TalkFacts
    conversation_facts: ConversationFacts
    asides: Asides
    speech: SpeechParts
    takeover: Takeover
    calls: Calls
    phone_lines: PhoneLines
    phone: PhoneRooms
    carriers: Carriers
    call_live: CallLive
    simulated: SimulatedLine
    lines: Lines
    listener: Listener
    live: LiveView
    metrics: Metrics
    prompts: Prompts
    arms: Arms
    watch: Watch
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


def recordings_url(settings: Settings) -> str:
    """Where recordings lie."""
    return settings.recordings_url or str(settings.data_dir.expanduser() / "recordings")


def begin_warmup(settings: Settings) -> Warmup:
    """Begin to load what the first turn needs, in a thread."""
    return Warmup(make_embedder(settings))


def _telemetry(settings: Settings) -> Telemetry | None:
    """Imported only where it is wanted: it takes a tenth of a second."""
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    from parley.app.telemetry import Telemetry

    return Telemetry()


def _check_of(models: ModelCheck, speech: SpeechCheck) -> Callable[[Definition], None]:
    def check(definition: Definition) -> None:
        models.of_agent(definition.llm)
        speech.of_agent(definition.stt, definition.tts)
        check_voice_settings(definition.voice_settings)

    return check


def _all_of(*heard: Callable[[Done], None]) -> Callable[[Done], None]:
    def settled(done: Done) -> None:
        for one in heard:
            one(done)

    return settled


@asynccontextmanager
async def open_resources(
    settings: Settings,
    url: str,
    secret_key: str,
    *,
    open_mode: bool = False,
    any_host: bool = False,
    begun: Warmup | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Resources]:
    """Build everything; close it in reverse order. Raises where the database's roles would not hold tenants apart.

    `begun`: a warm-up that has, and goes on when its owner says so.
    """
    warmup = begun or begin_warmup(settings)
    clock = clock or SystemClock()
    keyring = Keyring(secret_key)
    db = Database(url)
    jobs = JobQueue(url)
    holder = TurnHolder(url)
    listener = Listener(url)
    recall = Recall(clock)
    shared_answers = SharedAnswers(db, listener, recall, clock)
    embedder = warmup.embedder
    outbound = Outbound(allow=settings.outbound_allow)
    metrics = Metrics()
    login = Login(db, keyring, clock, access_minutes=settings.access_token_expire_minutes)
    model_check = ModelCheck(provider_keys(settings))
    businesses = Businesses(db, keyring, login, model_check.of_tenant, check_call_settings)
    speech = open_speech(settings, cache_dir(settings), businesses)
    models = Models(settings, businesses, metrics.model_answered)
    insights = Insights(db)
    affordable = ModelsWithinBudget(models, Budget(businesses, insights, clock))
    quota = Quota(settings.tenant_requests_per_minute, settings.tenant_concurrent_turns)
    telemetry = _telemetry(settings)
    settled = _all_of(metrics.turn_settled, *([telemetry.turn_settled] if telemetry else []))
    carriers = Carriers(settings, businesses, simulates=open_mode)
    try:
        await db.verify_roles()
        await holder.open()
        await jobs.open()
        await listener.open()
        await shared_answers.open()
        learning = Learning(db, embedder, jobs)
        agents = Agents(db, learning, _check_of(model_check, SpeechCheck(speech_keys(settings))))
        reader = Reader(embedder, learning, await warmup.examples())
        search = Search(db, embedder)
        library = Library(db, embedder, jobs)
        vaults, unwritten = Vaults(db, keyring, HeldConversations()), Unwritten(clock)
        prompts, arms = Prompts(db), Arms(keyring, clock)
        watch = Watch(db, prompts)
        reservations, leads = Reservations(db, clock), Leads(db, clock)
        listings, incidents = Listings(db), Incidents(db)
        declared_tools = DeclaredTools(db, keyring, outbound)
        outbox = Outbox(db, keyring, outbound, clock)
        scenarios = Scenarios(db, Shelf(settings.scenarios_dir))
        rehearsals = Rehearsals(db, scenarios, RehearsedTalks(vaults), affordable, embedder, businesses, clock)
        opening, order = Opening(db, agents, arms, holder, vaults, unwritten), LocalOrder()
        desk = Desk(reservations, leads, listings, incidents)
        talk_facts = TalkFacts(db, Extraction(Extractor(embedder), affordable), clock)
        responder = Responder(
            Parts(
                opening=opening,
                reader=reader,
                search=search,
                tools=Tools(db, vaults, desk, Declared(db, declared_tools)),
                writer=Writer(affordable),
                recall=recall,
                settlement=Settlement(db, vaults, unwritten, settled, models.cost),
                clock=clock,
                quota=quota,
                order=order,
            )
        )
        transcripts = Transcripts(db, clock, vaults, unwritten)
        outcomes = Outcomes(db, clock, transcripts.end)
        recordings = Recordings(
            db, clock, jobs, transcripts, businesses, Files(recordings_url(settings)), keyring, holder.number
        )
        retention = Retention(db, businesses, unwritten, arms, recordings, clock)
        lines = Lines(db, vaults, unwritten, opening, order)
        said = CallTranscripts(transcripts, lines, Withdrawals(db, desk))
        calls = open_calls(
            CallParts(
                db=db,
                clock=clock,
                jobs=jobs,
                agents=agents,
                said=said,
                outcomes=outcomes,
                vaults=vaults,
                choice=carriers,
                secrets=LineSecrets(keyring),
                finder=talk_facts,
                public_url=settings.public_url,
                holder=holder.number,
            )
        )
        agents.followed_by(calls.lines.want)
        agents.followed_by(calls.closing.follow)
        talk = TalkParts(responder, lines, transcripts, listener, CallLedger(calls.progress))
        phone_lines = PhoneLines(LineParts(talk, calls.answering, calls.progress, agents, businesses))
        simulated = SimulatedLine(
            SimulatedParts(
                db=db,
                clock=clock,
                agents=agents,
                secrets=calls.secrets,
                progress=calls.progress,
                said=said,
                answer=phone_lines.answer,
                deliver=calls.reports.receive,
                holder=holder.number,
            )
        )
        carriers.simulate_with(simulated)
        live = LiveView(db, listener)
        resources = Resources(
            settings=settings,
            db=db,
            jobs=jobs,
            embedder=embedder,
            login=login,
            access=Access(db, login, quota, open_mode=open_mode, any_host=any_host),
            businesses=businesses,
            agents=agents,
            learning=learning,
            reader=reader,
            reservations=reservations,
            leads=leads,
            listings=listings,
            incidents=incidents,
            declared_tools=declared_tools,
            outbox=outbox,
            scenarios=scenarios,
            rehearsals=rehearsals,
            insights=insights,
            library=library,
            search=search,
            vaults=vaults,
            unwritten=unwritten,
            models=models,
            recall=recall,
            shared_answers=shared_answers,
            responder=responder,
            transcripts=transcripts,
            recordings=recordings,
            talk_facts=talk_facts,
            conversation_facts=ConversationFacts(db, agents, talk_facts),
            outcomes=outcomes,
            posted=PostedLogs(db, vaults, clock),
            asides=Asides(opening, vaults, unwritten),
            speech=speech,
            takeover=Takeover(db, vaults, unwritten),
            calls=calls,
            phone_lines=phone_lines,
            phone=PhoneRooms(calls.switchboard, calls.progress, agents, businesses, clock, settings.public_url),
            carriers=carriers,
            call_live=CallLive(calls.progress, live, listener),
            simulated=simulated,
            lines=lines,
            listener=listener,
            live=live,
            metrics=metrics,
            prompts=prompts,
            arms=arms,
            watch=watch,
            persons=Persons(db, vaults, unwritten, arms, recordings, clock),
            retention=retention,
        )
        for part in (library, learning, retention, outbox, rehearsals, watch, outcomes, calls, recordings):
            jobs.register(part.background())
        await warmup.first_line()
        if begun is None:
            warmup.go_on()
        yield resources
        await responder.drain()
    finally:
        await carriers.aclose()
        await models.aclose()
        if telemetry is not None:
            await asyncio.to_thread(telemetry.close)
        await speech.aclose()
        await outbound.aclose()
        await shared_answers.aclose()
        await listener.aclose()
        await holder.aclose()
        await jobs.aclose()
        await db.aclose()
