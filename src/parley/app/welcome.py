"""What `parley dev` prints when it is ready: where everything is, and what to try."""

from __future__ import annotations

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from parley.app.resources import Resources


def show_welcome(out: Console, status: Status, here: Resources, host: str, port: int) -> None:
    """Stop the spinner and print the addresses and a first request."""
    status.stop()
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}"
    data = here.settings.data_dir.expanduser()
    lines = [
        f"Talk to an agent    {base}/try      or: .venv/bin/parley chat",
        f"API documentation   {base}/docs",
        f"Health              {base}/health",
        f"Data                {data if here.settings.database_url is None else 'DATABASE_URL'}",
        "",
        "Anyone on this machine may use it without signing in. Stop it with Ctrl+C; everything is kept.",
    ]
    out.print(Panel(Text("\n".join(lines)), title="Parley is ready", expand=False, padding=(1, 2)))
    ask = f"curl -s {base}/chat/message -H 'Content-Type: application/json'"
    asked = '{"message": "What time do you close on Sunday?"}'
    # Outside of the box and on one line each, so that it can be copied.
    for line in ("", "Ask the first demo business something:", "", f"  {ask} \\", f"    -d '{asked}'", ""):
        out.print(Text(line), soft_wrap=True)
