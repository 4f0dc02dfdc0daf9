"""Write .env with a secret key of this installation, once."""

import secrets
from pathlib import Path

ENV = Path(__file__).resolve().parent.parent / ".env"

if not ENV.exists():
    ENV.touch(mode=0o600)
    ENV.write_text(f"DJANGO_SECRET_KEY={secrets.token_urlsafe(48)}\n", encoding="utf-8")
