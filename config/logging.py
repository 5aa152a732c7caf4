"""Structured logs: one JSON object a line in production, readable lines elsewhere; secrets never reach a handler."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import Processor

# Tokens travel in some providers' paths (Telegram's bot token, WPPConnect's session token) and in Bearer headers.
_SECRETS = re.compile(
    r"(bot\d{5,}:[\w-]{20,}|Bearer\s+[\w.\-]+|(?:access_token|token|secret|password|key)=[^&\s\"']+|cc_[\w-]{16,})",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text with anything that looks like a credential replaced by ***."""
    return _SECRETS.sub("***", text)


class RedactingFilter(logging.Filter):
    """Rewrites a record whose message carries a credential."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


def logging_config(*, level: str, is_json: bool) -> dict[str, Any]:
    """The dictConfig for Django, Celery and our own loggers."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=False,
            # The pretty one prints local variables, tokens among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    tail: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if is_json:
        tail.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": RedactingFilter}},
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*tail, renderer],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["redact"]},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "daphne": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "django_celery_beat": {"level": "WARNING"},
        },
    }
