"""Every setting of the portal, from the environment alone; no development or production variants.

The names and defaults are the outer contract; `docs/operations.md` explains each.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django_stubs_ext

from portal import admin_look, database, env, openapi

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
os.umask(0o077)

# --- where it lives -------------------------------------------------------------------------------
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).expanduser().resolve()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    env.refuse(f"WATCHBILL_DATA_DIR {DATA_DIR} cannot be made: {error.strerror}.")
if not os.access(DATA_DIR, os.W_OK | os.X_OK):
    env.refuse(f"WATCHBILL_DATA_DIR {DATA_DIR} cannot be written to.")
BIND = env.text("BIND", "127.0.0.1")
PORT = env.number("PORT", 8000, low=1, high=65535)
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
PORTAL_URL = env.text("URL", f"http://localhost:{PORT}").rstrip("/")
_address = env.parts("URL", PORTAL_URL, "https://watchbill.example.org")
if _address.scheme not in {"http", "https"} or "@" in _address.netloc:
    env.refuse(f"WATCHBILL_URL must be an address such as https://watchbill.example.org, not “{PORTAL_URL}”.")
TLS = _address.scheme == "https"
DEBUG = env.flag("DEBUG")
if DEBUG and BIND not in LOOPBACK:
    env.refuse("WATCHBILL_DEBUG is on and WATCHBILL_BIND is not a loopback address; turn one of them off.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", str(_address.hostname)])
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", names=False)
WORKERS = env.number("WORKERS", 1, low=1, high=64)
OUTBOUND_ALLOW = env.networks("OUTBOUND_ALLOW", names=True)
WATCHDOG_URL = env.text("WATCHDOG_URL")
LOG_FORMAT = env.choice("LOG_FORMAT", "text", ["text", "json"])

# --- secrets --------------------------------------------------------------------------------------
SECRET_KEY = env.kept_secret("SECRET_KEY", DATA_DIR / "secret-key")
KNOWN_KEYS = {"changeme", "change-me", "secret", "django-insecure", "insecure"}
if len(SECRET_KEY) < 50 or any(SECRET_KEY.lower().startswith(known) for known in KNOWN_KEYS):
    env.refuse("WATCHBILL_SECRET_KEY is too short or a known default; use 50 or more random characters.")
FIELD_KEYS = env.field_keys("FIELD_KEYS", DATA_DIR / "field-keys")

# --- rooms ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal",
    "integrations",
    "incidents",
    "oncall",
    "notifications",
    "accounts",
    "core",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "django_q",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.web.middleware.PolicyMiddleware",
    "core.web.middleware.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.web.middleware.ActorMiddleware",
    "core.web.middleware.ErrorMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.web.context.shell",
            ],
            "builtins": ["core.templatetags.ui"],
        },
    }
]

# --- database -------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'watchbill.sqlite3'}")
DATABASES = {"default": database.configured(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    _cache: dict[str, Any] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "serializer": "core.cache.JsonSerializer"},
    }
else:
    _cache = {
        "BACKEND": "core.cache.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
CACHES = {"default": _cache}
SESSION_ENGINE = "accounts.sessions"  # rows of the database, with an idle and an absolute end (A29)
Q_CLUSTER = {
    "name": "watchbill",
    "orm": "default",
    "workers": 1,
    "queue_limit": 4,
    "bulk": 1,
    "poll": 0.2,
    "timeout": 60,
    "retry": 360,
    "max_attempts": 5,
    "ack_failures": False,
    "save_limit": 250,
    "recycle": 500,
    "catch_up": False,
}

# --- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
# One backend, so that known and unknown names cost one hash alike (A38).
AUTHENTICATION_BACKENDS = ["accounts.backends.PeopleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/now/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = None  # the person says so on the sign-in page
ACCOUNT_RATE_LIMITS = False  # core.throttle counts exactly across processes (A37)
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.reset_tokens.ResetTokens"  # noqa: S105 (a path)
OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = env.identity_provider()
MFA_ADAPTER = "accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False  # as above (A42)
PASSWORD_RESET_TIMEOUT = 24 * 3600
USERSESSIONS_TRACK_ACTIVITY = False

# --- browser security -----------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
SESSION_COOKIE_NAME = "__Host-watchbill" if TLS else "watchbill"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
CSRF_COOKIE_NAME = "__Host-csrf" if TLS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
CSRF_FAILURE_VIEW = "core.web.errors.expired_form"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_SSL_REDIRECT = False  # a 3xx breaks event senders; the reverse proxy redirects browsers
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS and TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W005",
    "security.W008",
    "security.W012",
    "security.W016",
    "security.W021",
]

# --- mail -----------------------------------------------------------------------------------------
EMAIL_URL = env.mail_server("EMAIL_URL")
EMAIL_FROM = DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.mailbox("EMAIL_FROM", f"watchbill@{_address.hostname}")
MAIL_DIR = DATA_DIR / "mail"
EMAIL_BACKEND = "core.smtp.PortalEmailBackend"

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.Deny"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.PortalSchema",
    "EXCEPTION_HANDLER": "core.api.errors.problem",
    "DEFAULT_PAGINATION_CLASS": "core.api.paging.KeysetPagination",
    "URL_FORMAT_OVERRIDE": None,
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = openapi.SETTINGS

# --- files, language, log -------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = env.flag("STATIC_FROM_SOURCE")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "files"
ATTACHMENTS_DIR = Path(env.text("ATTACHMENTS_DIR", str(DATA_DIR / "attachments"))).expanduser().resolve()
LANGUAGE_CODE = "en-gb"
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "portal.formats"
LOGGING_CONFIG = "core.logs.configure"
LOGGING: dict[str, Any] = {"format": LOG_FORMAT}
UNFOLD = admin_look.look(STATIC_URL)
