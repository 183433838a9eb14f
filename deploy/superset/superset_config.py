"""Superset's settings: secrets from files or the environment, and nothing asked of any other host.

Read by Superset by way of SUPERSET_CONFIG_PATH; `deploy/superset/start` sets it.
"""

import os
from pathlib import Path

from sqlalchemy.engine import make_url


def secret(name: str) -> str:
    """Return $SUPERSET_<NAME>, or what the file of that name in $SUPERSET_SECRETS holds."""
    if given := os.environ.get(name.upper()):
        return given
    file = Path(os.environ.get("SUPERSET_SECRETS", "/run/secrets")) / name
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


SECRET_KEY = secret("superset_secret_key")
if len(SECRET_KEY) < 32:
    raise SystemExit(
        "superset_secret_key is missing or shorter than 32 characters: deploy/superset/start "
        "makes one, and so does `openssl rand -base64 42 > FILE` in the folder $SUPERSET_SECRETS"
    )

if not os.environ.get("SUPERSET_METADATA_URL"):
    raise SystemExit(
        "SUPERSET_METADATA_URL is not set: name a PostgreSQL database for what Superset keeps "
        "(postgresql://superset@host/superset); its password goes into superset_metadata_password"
    )
_metadata = make_url(os.environ["SUPERSET_METADATA_URL"]).set(drivername="postgresql+psycopg2")
if _password := secret("superset_metadata_password"):
    _metadata = _metadata.set(password=_password)
SQLALCHEMY_DATABASE_URI = _metadata.render_as_string(hide_password=False)

# Superset's own policy lets pages load maps, fonts, and the pixel by which its makers count it.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "object-src": ["'none'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "worker-src": ["'self'", "blob:"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # on loopback; a proxy in front has the certificate
    "session_cookie_secure": False,
}
SESSION_COOKIE_SAMESITE = "Lax"
ENABLE_PROXY_FIX = os.environ.get("SUPERSET_BEHIND_PROXY") == "true"
ENABLE_CORS = False
CORS_OPTIONS = {"origins": []}
FAB_API_SWAGGER_UI = False  # its page is another host's

APP_NAME = "EcomData Insights"
WELCOME_PAGE_LAST_TAB = "all"
SUPERSET_WEBSERVER_ADDRESS = "127.0.0.1"

# Nobody sees anything without signing in, and a password is not guessed by trying.
PUBLIC_ROLE_LIKE = None
AUTH_ROLE_PUBLIC = "Public"
AUTH_USER_REGISTRATION = False
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
AUTH_RATE_LIMIT = "20 per minute"
