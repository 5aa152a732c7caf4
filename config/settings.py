"""Every setting, read from the environment; `.env.example` names the variables with their defaults."""

import sys
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from config.admin import UNFOLD as UNFOLD
from config.checks import refuse_unsafe_production
from config.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# psycopg's own spelling of the scheme is accepted too.
environ.Env.DB_SCHEMES["postgresql"] = "django_tenants.postgresql_backend"
environ.Env.DB_SCHEMES["postgres"] = "django_tenants.postgresql_backend"

# ---- which shape runs: embedded (./dev up), test (./dev test) or production
SOFIA_ENV = env.str("SOFIA_ENV", "embedded")
IS_EMBEDDED = SOFIA_ENV == "embedded"
IS_TEST = SOFIA_ENV == "test"
IS_PRODUCTION = SOFIA_ENV == "production"
DEBUG = env.bool("DEBUG", False)
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-for-production-0123456789"
SECRET_KEY = env.str("SECRET_KEY", "" if IS_PRODUCTION else DEVELOPMENT_SECRET_KEY)
DEVELOPMENT_ENCRYPTION_KEY = "ZGV2ZWxvcG1lbnQtb25seS1rZXktMzItYnl0ZXMtISE="
# Fernet keys, newest first; older ones still decrypt (rotation).
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[] if IS_PRODUCTION else [DEVELOPMENT_ENCRYPTION_KEY])
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data" / "dev")))
PORT = env.int("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
ADMIN_API_KEY = env.str("ADMIN_API_KEY", "")
AUTH_ENABLED = env.bool("AUTH_ENABLED", True)  # false opens /api/v1/admin to everybody; refused in production
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # what Prometheus brings as bearer; empty: /metrics is open
SUPERADMIN_EMAIL = env.str("SUPERADMIN_EMAIL", "")
SUPERADMIN_PASSWORD = env.str("SUPERADMIN_PASSWORD", "")

# ---- applications
SHARED_APPS = [
    "daphne",
    "django_tenants",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "apps.operations.admin_app.AdminConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "django_htmx",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "apps.core",
    "apps.accounts",
    "apps.brokers",
    "apps.messaging",
    "apps.assistant",
    "apps.operations",
    "apps.reception",
    "apps.api",
    "apps.dashboard",
    "apps.audit",
]
TENANT_APPS = [
    "apps.files",
    "apps.leads",
    "apps.conversations",
    "apps.queues",
    "apps.realtime",
    "apps.audit",
]
# Rooms laid out for capabilities that have no tables yet.
EMPTY_ROOMS = [
    "apps.campaigns",
    "apps.appointments",
    "apps.knowledge",
    "apps.followups",
    "apps.odoo",
    "apps.voice",
    "apps.flows",
    "apps.analytics",
    "apps.backups",
]
INSTALLED_APPS = SHARED_APPS + [app for app in TENANT_APPS if app not in SHARED_APPS]
TENANT_MODEL = "brokers.Broker"
TENANT_DOMAIN_MODEL = "brokers.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
PUBLIC_SCHEMA_NAME = "public"

MIDDLEWARE = [
    "apps.operations.middleware.MetricsMiddleware",
    "apps.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.brokers.middleware.BrokerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.dashboard.middleware.ContentSecurityPolicyMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
# Documents write their paths without a slash; every path is served both ways without a redirect.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# ---- PostgreSQL
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://sofia@127.0.0.1:5432/sofia")}
DATABASES["default"]["ENGINE"] = "apps.core.database"
DATABASES["default"].setdefault("OPTIONS", {})
DB_POOL_MAX = env.int("DB_POOL_MAX", 0)
if DB_POOL_MAX:
    # Under ASGI each request runs in a thread of its own; without a pool each would open a connection.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": DB_POOL_MAX, "timeout": 10}
    DATABASES["default"]["CONN_MAX_AGE"] = 0
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("DISABLE_SERVER_SIDE_CURSORS", False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis: a wake-up bell, a fan-out and a cache; never the only place of a fact
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    }
}
# Redis' publish and subscribe know nothing of its database numbers: what shares a server is told apart by name.
_INSTALLATION = sha256(f"{urlsplit(REDIS_URL).path}:{SECRET_KEY}".encode()).hexdigest()[:12]
CHANNEL_LAYERS = {
    "default": {
        # Publish once per process instead of once per socket: a thousand open browsers cost one message.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"ws.{_INSTALLATION}"},
    }
}

# ---- Celery
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 10, "socket_keepalive": True}
CELERY_TASK_PUBLISH_RETRY = False
# What waits for a process is taken in order of urgency, 0 first: storing what customers wrote comes before answering.
# Hence as little as possible is taken out of that order ahead of time.
CELERY_TASK_ROUTES = {
    "conversations.receive_raw_events": {"priority": 0},
    "core.heartbeat": {"priority": 3},
    # Long work has a worker of its own: `celery worker --queues long`.
    "core.run_long_work": {"queue": "long"},
    "core.poll_long_work": {"queue": "long"},
    "*": {"priority": 6},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
WORK_POLL_SECONDS = env.float("WORK_POLL_SECONDS", 1.0)
CELERY_BEAT_SCHEDULE = {
    "poll-scheduled-work": {
        "task": "core.poll_work",
        "schedule": timedelta(seconds=WORK_POLL_SECONDS),
        "options": {"expires": 5},
    },
    "poll-long-work": {
        "task": "core.poll_long_work",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "sweep-raw-events": {
        "task": "conversations.receive_raw_events",
        "schedule": timedelta(seconds=WORK_POLL_SECONDS),
        "options": {"expires": 5},
    },
    "heartbeat": {"task": "core.heartbeat", "schedule": timedelta(seconds=10), "options": {"expires": 10}},
    "plan-days-of-leads": {"task": "leads.plan_days", "schedule": crontab(minute=23)},
    "prune": {"task": "operations.prune", "schedule": crontab(hour=4, minute=17)},
}

# ---- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.EmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if IS_TEST:
    PASSWORD_HASHERS = ["apps.accounts.hashers.FastArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/app/login"
LOGIN_REDIRECT_URL = "/app/"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
_IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_SECURE = _IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", False) else None
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 1 if env.bool("TRUST_PROXY", False) else 0)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31536000 if IS_PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", IS_PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
ACCESS_TOKEN_SECONDS = env.int("ACCESS_TOKEN_SECONDS", 3600)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_TOKEN_SECONDS),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", 30)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "SIGNING_KEY": SECRET_KEY,
    "ALGORITHM": "HS256",
    "UPDATE_LAST_LOGIN": False,
}
TWO_FACTOR_CHALLENGE_SECONDS = 300
RATE_LIMITS = {
    # name: (how many, in how many seconds)
    "login.address": (env.int("LIMIT_LOGIN_ADDRESS", 30), 60),
    "login.account": (env.int("LIMIT_LOGIN_ACCOUNT", 10), 300),
    "register.address": (env.int("LIMIT_REGISTER_ADDRESS", 10), 3600),
    "two_factor.account": (5, 300),
    "password_reset.address": (10, 3600),
    "password_reset.account": (3, 3600),
    "api.user": (env.int("LIMIT_API_USER", 1200), 60),
    "api.broker": (env.int("LIMIT_API_BROKER", 12000), 60),
    "ingest.account": (env.int("LIMIT_INGEST_ACCOUNT", 6000), 60),
    "ingest.unknown": (env.int("LIMIT_INGEST_UNKNOWN", 60), 60),
    "webchat.address": (env.int("LIMIT_WEBCHAT_ADDRESS", 60), 60),
    "webchat.visitor": (env.int("LIMIT_WEBCHAT_VISITOR", 30), 60),
    "webchat.connect": (env.int("LIMIT_WEBCHAT_CONNECT", 60), 60),
}

# ---- the API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.api.kit.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["apps.api.kit.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "apps.api.kit.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
WEBHOOK_MAX_BYTES = env.int("WEBHOOK_MAX_BYTES", 4 * 1024 * 1024)
# Webhooks without a signature: only the embedded development mode may accept them, and /health says so.
ALLOW_UNSIGNED_WEBHOOKS = IS_EMBEDDED and env.bool("ALLOW_UNSIGNED_WEBHOOKS", False)
SPECTACULAR_SETTINGS = {
    "TITLE": "Sofía CRM",
    "VERSION": "0.1.0",
    "DESCRIPTION": "Omnichannel CRM for real-estate brokers: five documented APIs over one domain.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/(api/v1|api|v1|auth|webhooks)",
    "COMPONENT_SPLIT_REQUEST": True,
    "PREPROCESSING_HOOKS": ["apps.api.kit.schema.only_documented_paths"],
    "SERVE_PUBLIC": True,
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}

# ---- the outside
OUTBOUND_ALLOW = env.list("OUTBOUND_ALLOW", default=[])  # host:port pairs that pass the SSRF guard (tests, local fakes)
OUTBOUND_TIMEOUT_SECONDS = 15.0
GRAPH_API_BASE_URL = env.str("GRAPH_API_BASE_URL", "https://graph.facebook.com/v26.0")
TELEGRAM_API_BASE_URL = env.str("TELEGRAM_API_BASE_URL", "https://api.telegram.org")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_MODEL = env.str("OPENAI_MODEL", "gpt-4o-mini")
# USD per million tokens (input, output); a model that is not here has an unknown cost, shown as such.
LLM_PRICES: dict[str, tuple[Decimal, Decimal]] = {
    name: (Decimal(pair.split("/")[0]), Decimal(pair.split("/")[1]))
    for name, pair in env.dict("LLM_PRICES", default={"gpt-4o-mini": "0.15/0.60"}).items()
}
LLM_TIMEOUT_SECONDS = env.float("LLM_TIMEOUT_SECONDS", 20.0)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Sofía CRM <no-reply@localhost>")

# ---- words and time
LANGUAGE_CODE = "es"
LANGUAGES = [("es", _("Spanish")), ("en", _("English")), ("pt", _("Portuguese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
DEFAULT_COUNTRY = env.str("DEFAULT_COUNTRY", "CL")
DEFAULT_TIMEZONE = env.str("DEFAULT_TIMEZONE", "America/Santiago")

# ---- files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In production `collectstatic` fills it; elsewhere the files are served from where they lie, changes at once.
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static"))) if IS_PRODUCTION else None
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = not IS_PRODUCTION
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", 25 * 1024 * 1024)
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", 512 * 1024 * 1024)

LOGGING = logging_config(level=env.str("LOG_LEVEL", "INFO"), is_json=env.bool("LOG_JSON", IS_PRODUCTION))
TEST_RUNNER = "django.test.runner.DiscoverRunner"

if IS_PRODUCTION:
    refuse_unsafe_production(globals(), sys.argv)
