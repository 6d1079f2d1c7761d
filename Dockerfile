# One image for the worker, the api and Temporal's server; docker-compose.yml says which.
FROM python:3.12-slim-bookworm AS packages
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.12-slim-bookworm
# What commands of tasks may use besides Python and git, for example "build-essential nodejs npm".
ARG TOOLS=""
COPY scripts/install-debian-packages /tmp/
RUN /tmp/install-debian-packages \
    && if [ -n "$TOOLS" ]; then apt-get install -qy --no-install-recommends $TOOLS; fi \
    && rm -rf /var/lib/apt/lists/* /tmp/install-debian-packages \
    && useradd --uid 10001 --create-home tars \
    && install --directory --owner=tars --group=tars --mode=0700 /data
COPY --from=packages /venv /venv
COPY . /app
RUN /venv/bin/python -m compileall -q /app
WORKDIR /app
USER tars
ENV TARS_HOME=/data PYTHONPATH=/app PYTHONUNBUFFERED=1
VOLUME /data
# Not on PATH: the packages are ours, and commands of tasks see what is on PATH.
ENTRYPOINT ["/venv/bin/python"]
CMD ["worker.py"]
