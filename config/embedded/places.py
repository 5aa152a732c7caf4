"""Which servers a cluster has and where it lives."""

import os
from pathlib import Path

from config.embedded.postgres import FAST_SETTINGS, SETTINGS, Postgres
from config.embedded.redis_server import Redis
from config.embedded.server import Server

ROOT = Path(__file__).resolve().parents[2]
# Tests of the commands themselves put it elsewhere, beside what this clone runs.
DATA = Path(os.environ.get("SOFIA_DATA_ROOT") or ROOT / ".data")


def home_of(name: str) -> Path:
    return DATA / name


def postgres_of(home: Path, *, is_fast: bool) -> Postgres:
    return Postgres(home, settings={**SETTINGS, **FAST_SETTINGS} if is_fast else SETTINGS)


def redis_of(home: Path, *, is_fast: bool) -> Redis:
    return Redis(home, fsync="no" if is_fast else "everysec")


def servers_of(home: Path, *, is_fast: bool) -> tuple[Server, ...]:
    return redis_of(home, is_fast=is_fast), postgres_of(home, is_fast=is_fast)
