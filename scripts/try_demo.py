"""Build a small demonstration twice and verify its audit trail and results (part of CI)."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Return 0 when every step ends well and the second build does nothing."""
    with tempfile.TemporaryDirectory(prefix="nodewise-demo-") as folder:
        environment = os.environ | {
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
            "NODEWISE_DATA_DIR": folder,
            "NODEWISE_DEMO": "true",
            "NODEWISE_LOG_LEVEL": "WARNING",
            "NODEWISE_INFERENCE_THREADS": "1",
            "DATABASE_URL": f"sqlite:///{folder}/nodewise.sqlite3",
        }
        for command in (
            ["prepare"],
            ["make_demo", "--scale", "0.2"],
            ["make_demo", "--scale", "0.2"],
            ["verify_audit"],
            ["verify_analysis"],
        ):
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=False
            )
            print(f"{command[0]}: {time.monotonic() - started:.1f} s", flush=True)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
