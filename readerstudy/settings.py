"""All settings, read from the environment; refuses to start when they are unsafe.

Every variable is listed in ``docs/settings.md``.
"""

import os
from importlib.metadata import version
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from cohorts.candidates.provider_settings import parse_providers
from cohorts.channels.archive_settings import parse_archives

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(BASE_DIR / ".env")

LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}

SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")
DEBUG = env.bool("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=sorted(LOOPBACK))
ONLY_LOOPBACK = set(ALLOWED_HOSTS) <= LOOPBACK
HTTPS = env.bool("NODEWISE_HTTPS", default=not ONLY_LOOPBACK)
DATA_DIR = Path(env.str("NODEWISE_DATA_DIR", default=str(BASE_DIR / "var")))
DEMO = env.bool("NODEWISE_DEMO", default=False)
DEMO_PASSWORD = env.str("NODEWISE_DEMO_PASSWORD", default="demo-nodewise")
VERSION = version("nodewise")


def refuse_unsafe() -> None:
    """Stop the start-up with a sentence that says which variable to set."""
    if len(SECRET_KEY) < 32:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is missing or shorter than 32 characters: set it to a long random "
            "text that stays the same between starts ('make setup' writes one into .env)."
        )
    if DEBUG and not ONLY_LOOPBACK:
        raise ImproperlyConfigured(
            "DJANGO_DEBUG must not be true while DJANGO_ALLOWED_HOSTS names a public host: "
            "error pages would show patient data."
        )
    if not HTTPS and not ONLY_LOOPBACK:
        raise ImproperlyConfigured(
            "NODEWISE_HTTPS must not be false while DJANGO_ALLOWED_HOSTS names a public host: "
            "sessions would travel in the clear."
        )
    if DEMO and not ONLY_LOOPBACK:
        raise ImproperlyConfigured(
            "NODEWISE_DEMO shows passwords on the login page and is allowed on loopback hosts only."
        )


refuse_unsafe()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "accounts",
    "jobs",
    "cohorts",
    "annotation",
    "inference",
    "readerstudy.reading",
    "readerstudy.analysis",
    "readerstudy.dashboard",
]

MIDDLEWARE = [
    "readerstudy.structured_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before WhiteNoise: the decoder worker's own response must carry the policy too.
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "readerstudy.compression.TextGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "readerstudy.urls"
WSGI_APPLICATION = "readerstudy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "readerstudy.dashboard.context.site",
            ],
        },
    },
]

DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{(DATA_DIR / 'nodewise.sqlite3').as_posix()}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # Writers queue at BEGIN instead of failing in the middle of a transaction.
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-32000;"
        ),
    }
    # A file, as in production: the threads of a test must queue for it as processes do.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Shared by all processes: login limits and TOTP replay protection live here.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "nodewise_cache",
    }
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "accounts.adapter.InvitedOnlyAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
EMAIL_BACKEND = env.str(
    "DJANGO_EMAIL_BACKEND", default="django.core.mail.backends.dummy.EmailBackend"
)
INVITATION_VALID_DAYS = env.int("NODEWISE_INVITATION_VALID_DAYS", default=14)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
BEHIND_PROXY = env.bool("NODEWISE_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Without it all people behind the proxy would share one address and its limit of failed logins.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "worker-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.SessionAuthentication401"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.RefuseByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nodewise",
    "DESCRIPTION": "Blinded reader studies of lymph nodes on CT.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "jobs.models.JobState",
        "ReadingCaseState": "readerstudy.reading.models.AssignmentState",
    },
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": env.str(
            "NODEWISE_STORAGE_BACKEND", default="django.core.files.storage.FileSystemStorage"
        ),
        "OPTIONS": env.json(
            "NODEWISE_STORAGE_OPTIONS", default={"location": str(DATA_DIR / "blobs")}
        ),
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Our own modules are revalidated at each load; the vendor folder never changes under its name.
WHITENOISE_MAX_AGE = 0
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/vendor/.+$"
WHITENOISE_USE_FINDERS = env.bool("NODEWISE_STATIC_FROM_SOURCE", default=DEBUG)

DROP_DIR = DATA_DIR / "drop"
PULL_DIR = DATA_DIR / "pulls"
RECEIVED_DIR = DATA_DIR / "received"
CANDIDATE_DIR = DATA_DIR / "candidates"
# Archives that may be asked for images; nobody else can make the server call another host.
ARCHIVES = env.json("NODEWISE_ARCHIVES", default=[])
# Programs and folders that may propose masks; nobody else can make the server run a program.
CANDIDATE_PROVIDERS = env.json("NODEWISE_CANDIDATE_PROVIDERS", default=[])
# Empty: 'manage.py watch_folder' needs --folder.
WATCH_DIR = env.str("NODEWISE_WATCH_DIR", default="")
# "never" or "coordinator": whether coordinators may be told who is who (services/mapping.py).
MAPPING = env.str("NODEWISE_MAPPING", default="never")
INTAKE_MAX_BYTES = env.int("NODEWISE_INTAKE_MAX_BYTES", default=8 * 1024**3)
INTAKE_MAX_FILES = env.int("NODEWISE_INTAKE_MAX_FILES", default=100_000)
# Days for which an unfinished upload, or one with open questions, keeps its bytes.
INTAKE_KEEP_DAYS = env.int("NODEWISE_INTAKE_KEEP_DAYS", default=14)
INTAKE_MEMORY_BYTES = env.int("NODEWISE_INTAKE_MEMORY_BYTES", default=4 * 1024**3)
# Patients of an upload read at once, each with the memory and time above.
INTAKE_WORKERS = env.int("NODEWISE_INTAKE_WORKERS", default=min(os.cpu_count() or 1, 4))
INTAKE_SECONDS = env.int("NODEWISE_INTAKE_SECONDS", default=3600)
# Empty: coordinators can choose no folder of this machine.
MODELS_DIR = env.str("NODEWISE_MODELS_DIR", default="")
MODEL_FILE_MAX_BYTES = env.int("NODEWISE_MODEL_FILE_MAX_BYTES", default=1024**3)
MODEL_CHECK_MEMORY_BYTES = env.int("NODEWISE_MODEL_CHECK_MEMORY_BYTES", default=16 * 1024**3)
MODEL_CHECK_SECONDS = env.int("NODEWISE_MODEL_CHECK_SECONDS", default=1800)
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# One field for each series chosen of a search in an archive, which finds 5,000 at most.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_100

LEASE_SECONDS = env.int("NODEWISE_LEASE_SECONDS", default=60)
INFERENCE_THREADS = env.int("NODEWISE_INFERENCE_THREADS", default=0)
INFERENCE_DEVICE = env.str("NODEWISE_INFERENCE_DEVICE", default="cpu")
INFERENCE_PRECISION = env.str("NODEWISE_INFERENCE_PRECISION", default="float32")
INFERENCE_BATCH = env.int("NODEWISE_INFERENCE_BATCH", default=16)
INFERENCE_MEMORY_MB = env.int("NODEWISE_INFERENCE_MEMORY_MB", default=3000)
INFERENCE_RETRY_SECONDS = env.list("NODEWISE_INFERENCE_RETRY_SECONDS", cast=float, default=[5, 30])


def refuse_unknown_compute() -> None:
    """Stop the start-up when a worker could not tell where and how to compute."""
    for name, value, allowed in (
        ("NODEWISE_INFERENCE_DEVICE", INFERENCE_DEVICE, ("cpu", "cuda", "auto")),
        ("NODEWISE_INFERENCE_PRECISION", INFERENCE_PRECISION, ("float32", "bfloat16")),
    ):
        if value not in allowed:
            raise ImproperlyConfigured(
                f"{name} must be one of {', '.join(allowed)}, not '{value}'."
            )
    if INFERENCE_BATCH < 1 or min(INFERENCE_RETRY_SECONDS, default=0) < 0:
        raise ImproperlyConfigured(
            "NODEWISE_INFERENCE_BATCH must be at least 1, and NODEWISE_INFERENCE_RETRY_SECONDS "
            "must not be negative."
        )


refuse_unknown_compute()


def refuse_unsafe_archives() -> None:
    """Stop the start-up when an archive is not described fully, or not safely."""
    try:
        parse_archives(ARCHIVES)
    except (ValueError, TypeError) as refusal:
        raise ImproperlyConfigured(str(refusal)) from refusal


refuse_unsafe_archives()


def refuse_unknown_providers() -> None:
    """Stop the start-up when a provider of candidates is not described fully."""
    try:
        parse_providers(CANDIDATE_PROVIDERS)
    except (ValueError, TypeError) as refusal:
        raise ImproperlyConfigured(str(refusal)) from refusal


refuse_unknown_providers()

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "readerstudy.structured_log.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("NODEWISE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # allauth and Django log full paths; ours logs the route's name only.
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
    },
}
