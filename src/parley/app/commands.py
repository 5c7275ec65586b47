"""What the commands do. Errors of ours end them with one sentence and exit code 1."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
from rich.console import Console
from sqlalchemy.exc import OperationalError

from parley.app.settings import Settings, load_settings
from parley.kit import log
from parley.kit.errors import InvalidInput, VoiceAgentException
from parley.kit.loopback import is_loopback
from parley.kit.postgres import embedded

if TYPE_CHECKING:
    from parley.app.resources import Resources

out = Console()
err = Console(stderr=True)


@contextmanager
def sentences() -> Iterator[None]:
    """What an operator can put right as one sentence, without a traceback.

    SIGTERM ends a command as Ctrl+C does: what it has started, PostgreSQL above all, is stopped before it goes.
    """
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    except VoiceAgentException as error:
        _end(error.detail)
    except (OperationalError, psycopg.OperationalError) as error:
        cause = error.orig if isinstance(error, OperationalError) else error
        _end(f"The database cannot be reached: {str(cause).splitlines()[0]}.")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(sentence: str) -> NoReturn:
    err.print("[red]parley:[/red]", end=" ")
    err.print(sentence, highlight=False, markup=False, soft_wrap=True)
    sys.exit(1)


def settings_for(data_dir: Path | None) -> Settings:
    """The settings, with `--data-dir` before the environment."""
    return load_settings(**({"data_dir": data_dir} if data_dir is not None else {}))


@contextmanager
def database(settings: Settings, *, shared: bool = True) -> Iterator[str]:
    """The configured database's URL, or the embedded one's; `shared` joins one that another Parley runs."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with embedded(settings.data_dir, shared=shared) as url:
        yield url


def dev(host: str, port: int, data_dir: Path | None, *, allow_open: bool) -> None:
    """`parley dev`."""
    with sentences():
        settings = settings_for(data_dir)
        log.configure("WARNING" if settings.log_level == "INFO" else settings.log_level)
        if not is_loopback(host) and not allow_open:
            raise InvalidInput(
                f"--host {host} would let anyone who reaches it act as administrator. Add --allow-open if you mean it, "
                "or use `parley serve`, which requires credentials."
            )
        from parley.app.listening import listen

        listening = listen(host, port)
        gc.disable()  # until `freeze_start_up`: a sixth of the start would go into finding no garbage
        # PostgreSQL makes its cluster while this process imports what it serves with: each takes more than a second.
        with (
            out.status("Starting PostgreSQL") as status,
            ExitStack() as stack,
            ThreadPoolExecutor(1, thread_name_prefix="postgres-start") as aside,
        ):
            starting = aside.submit(stack.enter_context, database(settings, shared=False))
            import uvloop

            from parley.app import serve as server
            from parley.app.migrate import migrate as run_migrations
            from parley.app.resources import begin_warmup
            from parley.app.welcome import show_welcome

            gc.freeze()
            warmup = begin_warmup(settings)
            url = starting.result()
            status.update("Migrating")
            run_migrations(url)
            status.update("Starting")
            uvloop.run(
                server.run_dev(
                    settings,
                    url,
                    listening=listening,
                    any_host=allow_open,
                    warmup=warmup,
                    progress=lambda name: status.update(f"Loading demo business: {name}"),
                    ready=lambda here: show_welcome(out, status, here, host, port),
                )
            )


def serve(host: str, port: int, workers: int, data_dir: Path | None, proxies: str | None) -> None:
    """`parley serve`."""
    with sentences():
        settings = settings_for(data_dir)
        settings.require_secret_key()
        from parley.app.migrate import is_current
        from parley.app.serve import run_server

        with database(settings) as url:
            if not is_current(url):
                raise InvalidInput("The database's schema is not the newest: run `parley migrate` first.")
            os.environ["DATABASE_URL"] = url
            run_server(host, port, workers, proxies)


def worker(concurrency: int, data_dir: Path | None) -> None:
    """`parley worker`."""
    with sentences():
        settings = settings_for(data_dir)
        log.configure(settings.log_level)
        from parley.app.serve import dev_secret, run_worker

        with database(settings) as url:
            asyncio.run(run_worker(settings, url, dev_secret(settings), concurrency))


def migrate(data_dir: Path | None) -> None:
    """`parley migrate`."""
    with sentences():
        from parley.app.migrate import migrate as run_migrations

        with database(settings_for(data_dir)) as url:
            out.print(f"The database is at revision {run_migrations(url)}.")


def _with_resources(data_dir: Path | None, work: Callable[[Resources], Awaitable[None]]) -> None:
    """Run `work` on this installation's resources, beside a running server where there is one."""
    from parley.app.migrate import migrate as run_migrations
    from parley.app.resources import open_resources
    from parley.app.serve import dev_secret

    settings = settings_for(data_dir)
    log.configure("WARNING")

    async def run(url: str) -> None:
        async with open_resources(settings, url, dev_secret(settings)) as here:
            await work(here)

    with database(settings) as url:
        run_migrations(url)
        asyncio.run(run(url))


def chat(agent: str | None, tenant: str | None, data_dir: Path | None) -> None:
    """`parley chat`."""
    with sentences():
        from parley.app.terminal import talk

        _with_resources(data_dir, lambda here: talk(out, here, agent, tenant))


def say(file: Path, agent: str | None, tenant: str | None, target: Path | None, data_dir: Path | None) -> None:
    """`parley say`."""
    with sentences():
        from parley.app.say import say as play

        _with_resources(data_dir, lambda here: play(out, here, file, agent, tenant, target))


def load(
    url: str, sessions: int, seconds: float, file: Path | None, names: dict[str, str | None], *, binary: bool
) -> None:
    """`parley load`. `names`: agent, tenant and token."""
    with sentences():
        from parley.app.load import Load, put_on, read_recording, report

        wanted = Load(url, sessions, seconds, read_recording(file), **names, binary=binary)
        if not report(out, wanted, asyncio.run(put_on(wanted))):
            sys.exit(1)


def simulate(
    key: str, agent: str | None, tenant: str | None, seed: int, language: str | None, data_dir: Path | None
) -> None:
    """`parley simulate`."""
    with sentences():
        from parley.app.simulate import rehearse

        _with_resources(data_dir, lambda here: rehearse(out, here, key, agent, tenant, seed, language))


def ingest(files: list[Path], tenant: str | None, source: str, data_dir: Path | None) -> None:
    """`parley ingest`."""
    with sentences():
        from parley.app.terminal import take_in

        _with_resources(data_dir, lambda here: take_in(out, here, files, tenant, source))


def logs_import(file: Path, tenant: str | None, data_dir: Path | None) -> None:
    """`parley logs import`."""
    with sentences():
        from parley.app.terminal import take_logs_in

        _with_resources(data_dir, lambda here: take_logs_in(out, here, file, tenant))


def user_add(email: str, role: str, tenant: str | None, password: str | None, data_dir: Path | None) -> None:
    """`parley user add`."""
    with sentences():
        from parley.app.terminal import add_user

        secret = password or out.input("Password (at least 8 characters): ", password=True)
        _with_resources(data_dir, lambda here: add_user(out, here, email, role, tenant, secret))


def doctor(data_dir: Path | None) -> None:
    """`parley doctor`."""
    with sentences():
        from parley.app.doctor import examine

        if not examine(out, settings_for(data_dir)):
            sys.exit(1)


def backup(file: Path | None, data_dir: Path | None) -> None:
    """`parley backup`."""
    with sentences():
        from parley.app.backups import write_backup

        settings = settings_for(data_dir)
        with database(settings) as url, out.status("Writing the backup"):
            target = write_backup(url, file, settings.data_dir)
        out.print(f"Wrote {target} ({target.stat().st_size / 1_000_000:.1f} MB).", soft_wrap=True)


def restore(file: Path, data_dir: Path | None, *, yes: bool) -> None:
    """`parley restore`."""
    with sentences():
        from parley.app.backups import read_backup

        if not yes and out.input("This replaces everything in the database. Type 'restore' to go on: ") != "restore":
            raise InvalidInput("Nothing was changed.")
        with database(settings_for(data_dir), shared=False) as url, out.status("Restoring"):
            read_backup(url, file)
        out.print("Restored.")
