"""The command line. Everything slow is imported by the command that needs it, so that `--help` is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    name="parley",
    help="Conversational agents on your own machine: text, live voice and phone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
user_app = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(user_app, name="user")
logs_app = typer.Typer(help="Conversations as files.", no_args_is_help=True)
app.add_typer(logs_app, name="logs")

DataDir = Annotated[Optional[Path], typer.Option(help="Where the embedded database lives. Default: ~/.parley")]  # noqa: UP045
Tenant = Annotated[Optional[str], typer.Option(help="Id or name of the tenant. Default: the first one.")]  # noqa: UP045


@app.command()
def dev(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    data_dir: DataDir = None,
    allow_open: Annotated[
        bool, typer.Option("--allow-open", help="Let anyone who reaches --host act as administrator.")
    ] = False,
) -> None:
    """Start everything with demo businesses: database, API and worker in one process. No key needed."""
    from parley.app import commands

    commands.dev(host, port, data_dir, allow_open=allow_open)


@app.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes.")] = 1,
    data_dir: DataDir = None,
    proxy_headers: Annotated[
        bool, typer.Option("--proxy-headers", help="Believe X-Forwarded-For and -Proto of --forwarded-allow-ips.")
    ] = False,
    forwarded_allow_ips: Annotated[str, typer.Option(help="Addresses of your proxies; * for any.")] = "127.0.0.1",
) -> None:
    """Start the API for production. Needs SECRET_KEY; DATABASE_URL, or the embedded database."""
    from parley.app import commands

    commands.serve(host, port, workers, data_dir, forwarded_allow_ips if proxy_headers else None)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at a time.")] = 4, data_dir: DataDir = None
) -> None:
    """Run background jobs."""
    from parley.app import commands

    commands.worker(concurrency, data_dir)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema."""
    from parley.app import commands

    commands.migrate(data_dir)


@app.command()
def chat(
    agent: Annotated[Optional[str], typer.Option(help="Id or name of the agent.")] = None,  # noqa: UP045
    tenant: Tenant = None,
    data_dir: DataDir = None,
) -> None:
    """Talk to an agent in the terminal."""
    from parley.app import commands

    commands.chat(agent, tenant, data_dir)


@app.command()
def say(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A WAV, or Ogg with Opus.")],
    agent: Annotated[Optional[str], typer.Option(help="Id or name of the agent.")] = None,  # noqa: UP045
    tenant: Tenant = None,
    out: Annotated[Optional[Path], typer.Option(help="Where the reply goes. Default: FILE.reply.wav")] = None,  # noqa: UP045
    data_dir: DataDir = None,
) -> None:
    """Speak to an agent with a sound file, print what was understood and answered, and write the reply."""
    from parley.app import commands

    commands.say(file, agent, tenant, out, data_dir)


@app.command()
def load(
    sessions: Annotated[int, typer.Option(min=1, max=2000, help="Callers at a time.")] = 10,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long each of them speaks.")] = 20,
    url: Annotated[str, typer.Option(help="Any Parley's voice stream.")] = "ws://127.0.0.1:8000/voice/stream",
    agent: Annotated[Optional[str], typer.Option(help="Id of the agent.")] = None,  # noqa: UP045
    tenant: Annotated[Optional[str], typer.Option(help="Id of the tenant.")] = None,  # noqa: UP045
    token: Annotated[Optional[str], typer.Option(help="A token or an API key.", envvar="PARLEY_TOKEN")] = None,  # noqa: UP045
    file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(exists=True, dir_okay=False, help="A WAV that they say. Default: a question, synthesised."),
    ] = None,
    binary: Annotated[bool, typer.Option("--binary", help="Sound in binary frames, not in base64.")] = False,
) -> None:
    """Put live callers on a Parley, in real time, and say how long they waited and who was refused."""
    from parley.app import commands

    commands.load(url, sessions, seconds, file, {"agent": agent, "tenant": tenant, "token": token}, binary=binary)


@app.command()
def simulate(
    persona: Annotated[
        str, typer.Argument(help="Key of the simulated caller, such as on_time or blow_out.")
    ] = "on_time",
    agent: Annotated[Optional[str], typer.Option(help="Id or name of the agent. Default: one that fits.")] = None,  # noqa: UP045
    tenant: Tenant = None,
    seed: Annotated[int, typer.Option(help="The same seed says the same words.")] = 0,
    language: Annotated[Optional[str], typer.Option(help="en or de. Default: the agent's.")] = None,  # noqa: UP045
    data_dir: DataDir = None,
) -> None:
    """Let a simulated caller talk to an agent, and print the dialogue."""
    from parley.app import commands

    commands.simulate(persona, agent, tenant, seed, language, data_dir)


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)],
    tenant: Tenant = None,
    source: Annotated[str, typer.Option(help="pdf, menu, listing, policy, faq, web or other.")] = "other",
    data_dir: DataDir = None,
) -> None:
    """Add documents to what a tenant's agents know."""
    from parley.app import commands

    commands.ingest(files, tenant, source, data_dir)


@logs_app.command("import")
def logs_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="One JSON object a line.")],
    tenant: Tenant = None,
    data_dir: DataDir = None,
) -> None:
    """Put conversations that were held elsewhere on record."""
    from parley.app import commands

    commands.logs_import(file, tenant, data_dir)


@user_app.command("add")
def user_add(
    email: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option(help="admin, owner, operator or trainee.")] = "owner",
    tenant: Tenant = None,
    password: Annotated[
        Optional[str], typer.Option(help="Asked for when left out.", envvar="PARLEY_PASSWORD")  # noqa: UP045
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Let a person sign in."""
    from parley.app import commands

    commands.user_add(email, role, tenant, password, data_dir)


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Show what is configured, what can be reached, and what is missing."""
    from parley.app import commands

    commands.doctor(data_dir)


@app.command()
def backup(
    file: Annotated[Optional[Path], typer.Argument(help="Default: a dated file in the data directory.")] = None,  # noqa: UP045
    data_dir: DataDir = None,
) -> None:
    """Write the whole database to one file."""
    from parley.app import commands

    commands.backup(file, data_dir)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before replacing what is there.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a backup in place of the database."""
    from parley.app import commands

    commands.restore(file, data_dir, yes=yes)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(installed("parley"))


def main() -> None:
    """The `parley` command."""
    app()


if __name__ == "__main__":
    main()
