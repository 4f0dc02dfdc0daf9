"""(c) Intake against bare pydicom decode and a plain copy, on the same files, interleaved.

    python benchmarks/intake_speed.py [--patients 4] [--rounds 3] [--cohort 0]

Bare decode: pydicom reads each file and gives its pixel array. Plain copy: each file is read and
written. Decode and encode: bare decode, and each slice as the JPEG-LS frame that is stored, the
least that any intake into this storage does (ADR 16). Intake: `cohorts.dicom` from the folder to
checked frames, masks, header and measurements on disk, with one process and with one per core; no
database. `--cohort 1000` takes that many small patients in and compares the cost per patient of
the first and the last tenth.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import stage

sys.path.insert(0, str(stage.ROOT))

SYNTAXES = {
    "uncompressed": "",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}


def bare_decode(files: list[Path]) -> float:
    import pydicom

    started = time.perf_counter()
    for file in files:
        _ = pydicom.dcmread(file).pixel_array
    return time.perf_counter() - started


def plain_copy(files: list[Path]) -> float:
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        for number, file in enumerate(files):
            (Path(out) / str(number)).write_bytes(file.read_bytes())
        return time.perf_counter() - started


def decode_and_encode(files: list[Path]) -> float:
    import numpy as np
    import pydicom

    from cohorts.dicom.frames import encode_frame

    started = time.perf_counter()
    for file in files:
        stored = pydicom.dcmread(file).pixel_array.astype(np.int16)
        encode_frame(stored, int(stored.min()))
    return time.perf_counter() - started


def intake(folder: Path, workers: int) -> float:
    from cohorts.dicom.reading_child import ReadingLimits, prepare

    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        prepared = prepare(folder, Path(out), limits=ReadingLimits(workers=workers))
        elapsed = time.perf_counter() - started
        if prepared.refused or prepared.asked:
            raise SystemExit(f"intake did not accept the phantom: {prepared.patients}")
        return elapsed


def compress(source: Path, target: Path, syntax: str) -> None:
    """Write the same folder with its CT files compressed."""
    import pydicom

    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if "ct" in path.parent.name:
            image = pydicom.dcmread(path)
            image.compress(syntax, generate_instance_uid=False)
            image.save_as(place)
        else:
            place.write_bytes(path.read_bytes())


def compare(folder: Path, rounds: int) -> list[tuple[str, float]]:
    """Return slices per second of each side, best of interleaved rounds."""
    files = sorted(folder.rglob("ct/*.dcm"))
    cores = os.cpu_count() or 1
    sides: dict[str, Callable[[], float]] = {
        "bare pydicom decode": lambda: bare_decode(files),
        "plain copy": lambda: plain_copy(files),
        "decode and encode": lambda: decode_and_encode(files),
        "intake, 1 process": lambda: intake(folder, 1),
        f"intake, {cores} processes": lambda: intake(folder, cores),
    }
    bare_decode(files)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            times[name].append(run())
    return [(name, len(files) / min(found)) for name, found in times.items()]


def peak_memory(folder: Path) -> tuple[float, float]:
    """Return the highest sum of resident memory of a reading fork, and before its volume, in MB."""
    import subprocess

    from cohorts.dicom.reading_child import ReadingLimits, prepare

    seen: dict[int, list[int]] = {}
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            found = subprocess.run(
                ["ps", "-eo", "pid,rss,args"], check=False, capture_output=True, text=True
            )
            for line in found.stdout.splitlines():
                if "cohorts.dicom.reading_child" in line:
                    pid, rss, _ = line.split(None, 2)
                    seen.setdefault(int(pid), []).append(int(rss))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with tempfile.TemporaryDirectory() as out:
        prepare(folder, Path(out), limits=ReadingLimits(workers=1))
    stop.set()
    watcher.join()
    forks = sorted(seen.values(), key=max)
    return max(forks[-1]) / 1024, max(forks[0]) / 1024


def growth(patients: int) -> None:
    """Print the cost per patient at the beginning and the end of a large upload.

    Grouping comes before all patients, so a tenth of the upload is grouped by itself to compare.
    """
    from cohorts.dicom.patients import group_files
    from cohorts.dicom.reading_child import ReadingLimits, prepare
    from cohorts.dicom.source_files import list_folder
    from tests.cohorts.inputs import write_patient

    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "in"
        for number in range(patients):
            write_patient(source, f"H{number:05d}", seed=number)
        ends: list[float] = []
        limits = ReadingLimits(workers=os.cpu_count() or 1)
        started = time.perf_counter()
        prepare(
            source,
            Path(name) / "out",
            limits=limits,
            on_plan=lambda _: ends.append(time.perf_counter()),
            on_patient=lambda _: ends.append(time.perf_counter()),
        )
        tenth = patients // 10
        whole = time.perf_counter() - started
        first, last = ends[tenth] - ends[0], ends[-1] - ends[-1 - tenth]
        files = list_folder(source)
        grouping = []
        for share in (files[: len(files) // 10], files):
            begun = time.perf_counter()
            group_files(share)
            grouping.append((time.perf_counter() - begun) / len(share))
    print(
        f"\n{patients} small patients: {whole:.1f} s, of which grouping {ends[0] - started:.1f} s;"
    )
    print(
        f"per patient {1000 * first / tenth:.1f} ms in the first tenth, "
        f"{1000 * last / tenth:.1f} ms in the last (ratio {last / first:.2f});"
    )
    print(
        f"grouping a file of all takes {grouping[1] / grouping[0]:.2f} of what it takes of a tenth."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cohort", type=int, default=0)
    options = parser.parse_args()
    from cohorts.phantom.cohort import write_phantom_cohort

    with tempfile.TemporaryDirectory() as name:
        write_phantom_cohort(Path(name) / "plain", patients=options.patients, seed=3)
        plain = Path(name) / "plain" / "images"
        print("| files | step | slices/s | ratio to bare decode | to decode and encode |")
        print("|---|---|---|---|---|")
        for words, syntax in SYNTAXES.items():
            folder = plain
            if syntax:
                folder = Path(name) / words
                compress(plain, folder, syntax)
            rates = compare(folder, options.rounds)
            bare, least = rates[0][1], dict(rates)["decode and encode"]
            for step, rate in rates:
                print(f"| {words} | {step} | {rate:.0f} | {rate / bare:.2f} | {rate / least:.2f} |")
        one = next(path for path in sorted(plain.iterdir()) if path.is_dir())
        slices = len(list(one.rglob("ct/*.dcm")))
        peak, before = peak_memory(one)
        volume = slices * 512 * 512 * 2 / 1024**2
    print(f"\nOne patient of {slices} slices ({volume:.0f} MB as int16): {peak:.0f} MB resident at")
    print(f"most, {before:.0f} MB before: {(peak - before) / volume:.1f} volumes.")
    if options.cohort:
        growth(options.cohort)


if __name__ == "__main__":
    main()
