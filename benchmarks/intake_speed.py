"""(c) Intake against bare pydicom decode, on the same files, in one interleaved run.

    python benchmarks/intake_speed.py [--patients 2] [--rounds 3]

Bare decode: pydicom reads each file and gives its pixel array. Intake: `cohorts.dicom` from the
folder to frames, masks and measurements on disk, in its child process; no database.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import stage

sys.path.insert(0, str(stage.ROOT))


def bare_decode(files: list[Path]) -> float:
    import pydicom

    started = time.perf_counter()
    for file in files:
        _ = pydicom.dcmread(file).pixel_array
    return time.perf_counter() - started


def intake(folder: Path) -> float:
    from cohorts.dicom.reading_child import prepare

    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        prepared = prepare(folder, Path(out))
        elapsed = time.perf_counter() - started
        if prepared.refused:
            raise SystemExit(f"intake refused the phantom: {prepared.refused[0].refusal}")
        return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from cohorts.phantom.cohort import write_phantom_cohort

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_phantom_cohort(folder, patients=options.patients, seed=3)
        files = sorted((folder / "images").rglob("ct/*.dcm"))
        bare, whole = [], []
        bare_decode(files)
        for _ in range(options.rounds):
            bare.append(bare_decode(files))
            whole.append(intake(folder / "images"))
    slices = len(files)
    print("| step | slices/s (best of rounds) | ratio |\n|---|---|---|")
    print(f"| bare pydicom decode | {slices / min(bare):.0f} | 1 |")
    print(f"| intake, whole | {slices / min(whole):.0f} | {min(bare) / min(whole):.2f} |")


if __name__ == "__main__":
    main()
