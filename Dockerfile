# One image for web, worker and scheduler; the command says which.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --require-hashes --no-deps --only-binary :all: --requirement /tmp/requirements.lock
WORKDIR /app
COPY . .
# Neither command reads a secret or a database; the settings only want some value to be there.
RUN export SOFIA_ENV=production STATIC_ROOT=/app/.static DATA_DIR=/tmp/data SECRET_KEY=build-time-only \
      FIELD_ENCRYPTION_KEYS=ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE= ALLOWED_HOSTS=build.invalid \
      PUBLIC_URL=https://build.invalid DATABASE_URL=postgresql://build.invalid/build REDIS_URL=redis://build.invalid \
 && /venv/bin/python manage.py compile_translations \
 && /venv/bin/python manage.py collectstatic --noinput \
 && /venv/bin/python -m compileall -q apps config

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin sofia \
 && install -d -o sofia -g sofia /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 SOFIA_ENV=production DATA_DIR=/data STATIC_ROOT=/app/.static PORT=8000
USER sofia
VOLUME /data
EXPOSE 8000
# Of the web container; the compose file gives worker and scheduler their own.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 CMD ["python", "config/healthcheck.py", "web"]
CMD ["sh", "-c", "exec daphne -b 0.0.0.0 -p \"$PORT\" --no-server-name config.asgi:application"]
