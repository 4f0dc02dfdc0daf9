"""How well, and how fast, a click finds a node: Dice against the phantom's true nodes.

Each node is clicked where a person would: the most interior pixel of its central slice; and, for
robustness, once more at a random pixel of a neighbouring slice that is at least 40 % as deep. The
stand-ins of the shared neck CT are shapes put into real anatomy by formula, without any change of
the CT: nothing in the image shows them, and their figure only says that real CTs run through. The
goal for the time is one of a core: other work on the machine is not the method's.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cohorts.click_segmentation.refusals import ClickRefused
from cohorts.click_segmentation.segment import segment_at_click
from cohorts.phantom.neck import make_neck

GOAL_DICE, GOAL_SECONDS, LEAST_NODES = 0.85, 1.0, 100
SEED = 20261130
STANDINS = Path(__file__).resolve().parents[2] / "shared/data/01_neck_ct_1mm"


def depth_mm(plane, spacing):
    return distance_transform_edt(np.pad(plane, 1), sampling=spacing[1:])[1:-1, 1:-1]


def interior_click(mask, spacing):
    """The deepest pixel of the slice nearest to the node's centre."""
    filled = np.flatnonzero(mask.any(axis=(1, 2)))
    middle = np.average(np.arange(len(mask)), weights=mask.sum(axis=(1, 2)))
    z = int(filled[np.abs(filled - middle).argmin()])
    depth = depth_mm(mask[z], spacing)
    return (z, *(int(place) for place in np.unravel_index(depth.argmax(), depth.shape)))


def jittered_click(mask, spacing, rng):
    """A random fairly deep pixel of the central slice or one beside it that is not much smaller."""
    middle = interior_click(mask, spacing)[0]
    beside = [z for z in (middle - 1, middle, middle + 1) if 0 <= z < len(mask)]
    z = int(rng.choice([z for z in beside if mask[z].sum() > 0.4 * mask[middle].sum()]))
    depth = depth_mm(mask[z], spacing)
    rows, columns = np.nonzero(depth >= 0.4 * depth.max())
    index = int(rng.integers(len(rows)))
    return z, int(rows[index]), int(columns[index])


def clicked(volume, spacing, mask, click):
    """Return Dice, seconds on the clock and of one core; a refusal finds nothing."""
    start, core = time.perf_counter(), time.process_time()
    try:
        found = segment_at_click(volume, spacing, click)
    except ClickRefused as refusal:
        print(f"  refused: {refusal}")
        return 0.0, time.perf_counter() - start, time.process_time() - core
    seconds = time.perf_counter() - start, time.process_time() - core
    shared = np.count_nonzero(mask[found.box.slices] & found.mask)
    return 2 * shared / (np.count_nonzero(mask) + np.count_nonzero(found.mask)), *seconds


def phantom_nodes(least, extra_noise_hu):
    """Yield volume, spacing, mask and category of at least so many nodes."""
    count = number = 0
    while count < least:
        number += 1
        neck = make_neck(np.random.default_rng((SEED, number)))
        rng = np.random.default_rng((SEED, number, 1))
        noise = rng.normal(scale=extra_noise_hu, size=neck.volume_zyx.shape)
        volume = (neck.volume_zyx + noise).astype(np.int16)
        for node in neck.nodes:
            mask = np.zeros(volume.shape, dtype=bool)
            mask[tuple(node.voxels_zyx.T)] = True
            count += 1
            yield volume, neck.spacing_zyx_mm, mask, node.category.name.lower()


def standins():
    """Yield the stand-ins of the shared neck CT, read by the application's own intake."""
    import json
    import tempfile
    import zipfile

    from cohorts.dicom.frames import decode_frame
    from cohorts.dicom.reading_child import prepare
    from cohorts.dicom.runs import full_mask

    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        with zipfile.ZipFile(STANDINS / "series.zip") as zipped:
            zipped.extractall(source)
        (source / "nodes.nii.gz").write_bytes((STANDINS / "standin_nodes.nii.gz").read_bytes())
        case = prepare(source, Path(place) / "out").patients[0].directory
        record = json.loads((case / "case.json").read_text())
        intercept = record["frame_metadata"]["RescaleIntercept"]
        frames = [(case / one["file"]).read_bytes() for one in record["frames"]]
        volume = np.stack([decode_frame(frame, intercept) for frame in frames])
        for node in record["nodes"]:
            mask = full_mask((case / node["mask"]["file"]).read_bytes())
            yield volume, record["geometry"]["spacing_zyx_mm"], mask, "stand-in"


def report(title, found):
    dice, clock, core = np.array(found).T
    low, middle, high = np.quantile(dice, (0.25, 0.5, 0.75))
    print(
        f"{title}: {len(dice)} nodes, Dice median {middle:.3f} (quartiles {low:.3f}, {high:.3f}), "
        f"time median {np.median(clock):.2f} s, maximum {clock.max():.2f} s "
        f"(of one core {np.median(core):.2f}, {core.max():.2f} s)"
    )
    return middle, core.max()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--nodes", type=int, default=LEAST_NODES)
parser.add_argument("--noise", type=float, default=0.0, help="more noise on the phantom, SD in HU")
options = parser.parse_args()
rng = np.random.default_rng(SEED)
by_click, by_category = {"interior click": [], "jittered click": []}, {}
for volume, spacing, mask, category in phantom_nodes(options.nodes, options.noise):
    click = interior_click(mask, spacing)
    by_click["interior click"].append(clicked(volume, spacing, mask, click))
    by_category.setdefault(category, []).append(by_click["interior click"][-1])
    click = jittered_click(mask, spacing, rng)
    by_click["jittered click"].append(clicked(volume, spacing, mask, click))
middle, slowest = report("interior click", by_click["interior click"])
report("jittered click", by_click["jittered click"])
for category in sorted(by_category):
    report(f"  interior click, {category}", by_category[category])
if STANDINS.is_dir():
    report(
        "stand-ins (not visible in the CT)",
        [clicked(ct, size, mask, interior_click(mask, size)) for ct, size, mask, _ in standins()],
    )
is_met = middle >= GOAL_DICE and slowest < GOAL_SECONDS
print(
    f"goal: median Dice >= {GOAL_DICE}, under {GOAL_SECONDS:g} s: {'met' if is_met else 'NOT MET'}"
)
sys.exit(0 if is_met else 1)
