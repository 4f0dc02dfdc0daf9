"""Run the R script of a report on the folder it was downloaded to.

    python scripts/check_r.py FOLDER

FOLDER holds dataset.csv, results.csv and recompute.R, as downloaded from one report, and for the
describing tables patients.csv, reading-times.csv, annotators.csv and flow.csv. Needs R (Debian:
``apt install r-base-core r-cran-proc``); with the packages pROC and irr the script uses them,
without them base R.
"""

import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = ("dataset.csv", "results.csv", "recompute.R")
DESCRIBING = ("patients.csv", "reading-times.csv", "annotators.csv", "flow.csv")


def main(arguments: list[str]) -> int:
    """Run the script; return its exit status, 2 when it cannot be run."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    folder = Path(arguments[0])
    absent = [name for name in NEEDED if not (folder / name).is_file()]
    if absent:
        print(f"{folder} lacks {', '.join(absent)}: download them from the report's page.")
        return 2
    undescribed = [name for name in DESCRIBING if not (folder / name).is_file()]
    if undescribed:
        print(f"Without {', '.join(undescribed)} their numbers are not recomputed.", flush=True)
    rscript = shutil.which("Rscript")
    if rscript is None:
        print("R was not found: install it (Debian: apt install r-base-core r-cran-proc).")
        return 2
    command = [rscript, "--vanilla", str(folder / "recompute.R"), str(folder)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
