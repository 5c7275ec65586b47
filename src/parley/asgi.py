"""The ASGI entry for any server: `uvicorn parley.asgi:app`, or gunicorn with `-k uvicorn.workers.UvicornWorker`."""

from parley.app.serve import app_from_environment

app = app_from_environment()
