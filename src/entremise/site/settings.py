"""The one settings file. Every knob is an environment variable read by `env`; the defaults run a demo."""

from __future__ import annotations

from pathlib import Path

import django_stubs_ext

from entremise.site import env

django_stubs_ext.monkeypatch()

HOME = Path(env.text("ENTREMISE_HOME", "var")).resolve()
HOME.mkdir(parents=True, exist_ok=True)
DEMO = env.flag("ENTREMISE_DEMO")
DEBUG = env.flag("ENTREMISE_DEBUG")
SECRET_KEY = env.secret("ENTREMISE_SECRET_KEY", "for the demo and the tests only" if DEMO or DEBUG else None)
KITS_FOLDER = env.text("ENTREMISE_KITS")
PUBLIC_URL = env.text("ENTREMISE_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
GEOCODER_URL = env.text("ENTREMISE_GEOCODER_URL")  # empty: no address leaves, communes have their centre
GEOCODER_DIALECT = env.choice("ENTREMISE_GEOCODER_DIALECT", ("auto", "addok", "geoplateforme"))
GEOCODER_TIMEOUT = env.number("ENTREMISE_GEOCODER_TIMEOUT", 5)  # seconds
ALLOWED_HOSTS = env.words("ENTREMISE_HOSTS", "localhost,127.0.0.1")
PHONE = env.text("ENTREMISE_PHONE", "01 99 00 00 00" if DEMO else "")  # until the territory gives its own

INSTALLED_APPS = [
    "entremise.site.apps.SiteConfig",
    "entremise.exchange",
    "entremise.insights",
    "entremise.outreach",
    "entremise.mutualaid",
    "entremise.registers",
    "entremise.referrals",
    "entremise.people",
    "entremise.vault",
    "entremise.commons",
    "entremise.rules",
    "entremise.kits",
    "entremise.accounts",
    "entremise.territories",
    "entremise.audit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "entremise.site.middleware.headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "entremise.site.middleware.Doors",
]
DEFAULT_EXCEPTION_REPORTER_FILTER = "entremise.site.reports.NoValues"
ROOT_URLCONF = "entremise.site.urls"
WSGI_APPLICATION = "entremise.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "entremise.site.context.page",
                "entremise.site.context.demonstration",
            ]
        },
    }
]
FORM_RENDERER = "entremise.site.renderer.Renderer"
CSRF_FAILURE_VIEW = "entremise.site.web.csrf_failure"
DATABASES = {
    "default": env.database("DATABASE_URL", HOME / "entremise.sqlite3"),
    "keys": env.database("ENTREMISE_KEYS_DATABASE", HOME / "keys.sqlite3"),
    "journal": env.database("ENTREMISE_JOURNAL_DATABASE", HOME / "journal.sqlite3"),
}
DATABASE_ROUTERS = ["entremise.kernel.db.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

MASTER_KEY = env.text("ENTREMISE_MASTER_KEY")
MASTER_KEY_GIVEN = env.text("ENTREMISE_MASTER_KEY_FILE") or env.credential("entremise-master-key")
MASTER_KEY_FILE = Path(MASTER_KEY_GIVEN or HOME / "master.key")
MASTER_KEY_CREATE = not MASTER_KEY_GIVEN  # a file somebody names must be there already
WITNESS_MAILS = env.words("ENTREMISE_WITNESS_MAILS")  # besides those who sit in a college
WITNESS_FOLDER = env.text("ENTREMISE_WITNESS_FOLDER")  # elsewhere than this machine, or it proves nothing
WITNESS_URL = env.text("ENTREMISE_WITNESS_URL")
WITNESS_KEY = env.text("ENTREMISE_WITNESS_KEY")  # its public key; without it, any signature is taken
PROXIES = env.number("ENTREMISE_PROXIES", 0)  # how many of ours stand in front and add X-Forwarded-For
SMS_URL = env.text("ENTREMISE_SMS_URL", "console:")

# What is sent stays in memory: a file of persons must not lie in a temporary folder.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "entremise.accounts.clients.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "entremise.accounts.models.display"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = [
    "email*",
    "password1*",
]  # the adapter closes signup
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code sent at log-in proves the address
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS, ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 3, 180  # seconds
ACCOUNT_REAUTHENTICATION_REQUIRED, ACCOUNT_REAUTHENTICATION_TIMEOUT = True, 900  # seconds
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "request_login_code": "20/m/ip,3/m/key"}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # the other sessions end all the same: their hash no longer fits
ACCOUNT_SESSION_REMEMBER = False  # shared workplaces: the session ends with the browser
ACCOUNT_FORMS = {
    "login": "entremise.accounts.forms.LoginForm",
    "request_login_code": "entremise.accounts.forms.RequestLoginCodeForm",
    "reset_password": "entremise.accounts.forms.ResetPasswordForm",
}
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
MFA_ADAPTER = "entremise.accounts.clients.MFAAdapter"
MFA_FORMS = {"add_webauthn": "entremise.accounts.forms.AddWebAuthnForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up alone: the address comes from whoever invited
MFA_TOTP_ISSUER = "Entremise"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or DEBUG  # http://localhost only; a real site is served over HTTPS
SESSION_COOKIE_AGE = 12 * 3600  # seconds: one working day
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not (DEMO or DEBUG)  # a real site is served over HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 0 if DEMO or DEBUG else 365 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ["email", "label"]},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
    }.items()
]
KEPT_SECONDS = 5  # how long a process shows the face of the site (name, colours, crises) without asking again
CACHES = {  # on disk: the limits on log-in count over all the processes of this machine
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": HOME / "cache"}
}
vars().update(env.mail("ENTREMISE_EMAIL_URL", "console:"))
DEFAULT_FROM_EMAIL = env.text("ENTREMISE_EMAIL_FROM", "entremise@localhost")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).parents[1] / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
