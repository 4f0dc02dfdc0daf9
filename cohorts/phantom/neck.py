"""cohorts.phantom: one patient's volume in HU, with its nodes."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from cohorts.phantom.anatomy import paint_plane
from cohorts.phantom.nodes import NodeModel, make_nodes, paint_node
from cohorts.phantom.painting import FloatArray, Plane
from cohorts.vocabulary import NodeCategory

POOL_SIZE = 6
SMALLEST_NODE_VOXELS = 12
LOWEST_HU, HIGHEST_HU = -1024, 3071


@dataclass(frozen=True, kw_only=True)
class PhantomNode:
    """One node of a phantom: what was drawn, and the voxels it covers, shape (n, 3), z y x."""

    category: NodeCategory
    side: str
    level: str
    voxels_zyx: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PhantomNeck:
    """One phantom patient; arrays in the order z, y, x, z upwards."""

    volume_zyx: NDArray[np.int16]
    spacing_zyx_mm: tuple[float, float, float]
    nodes: tuple[PhantomNode, ...]


def make_neck(
    rng: np.random.Generator,
    *,
    slices: int | None = None,
    size: int = 512,
    nodes: int | None = None,
    shares: tuple[float, float, float] = (0.5, 0.3, 0.2),
) -> PhantomNeck:
    """Draw one patient.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state gives the same patient.
    slices : int, optional
        Number of slices; 64 to 72 if not given. The neck is 204 mm high whatever their number.
    size : int
        Rows and columns; the field of view is about 390 mm whatever their number.
    nodes : int, optional
        Number of nodes wanted; 4 to 12 if not given.
    shares : tuple of float
        Probabilities of benign, metastasis, metastasis with ENE.
    """
    drawn = int(rng.integers(64, 73))
    count = slices or drawn
    spacing_z = 3.0 if slices is None else round(204.0 / slices, 3)
    pixel_mm = round(float(rng.uniform(0.72, 0.8)) * 512 / size, 4)
    height_mm = (count - 1) * spacing_z
    jitter = _Jitter(int(rng.integers(2**31)))
    wanted = nodes or int(rng.integers(4, 13))
    models = make_nodes(wanted, shares, height_mm, jitter, rng)
    noise, texture = _pool(rng, size, 0.7), _pool(rng, size, 2.2)
    bend = (1.6, float(rng.uniform(0, 6.3)), float(rng.uniform(0, 6.3)))
    fat_mm = float(rng.uniform(-2.0, 5.0))
    volume = np.empty((count, size, size), dtype=np.int16)
    found: list[list[NDArray[np.int64]]] = [[] for _ in models]
    for index in range(count):
        z_mm = index * spacing_z
        plane = Plane(size, pixel_mm, bend)
        paint_plane(plane, z_mm / height_mm, z_mm, jitter, fat_mm)
        grain = _pick(texture, rng)
        for voxels, model in zip(found, models, strict=True):
            if abs(z_mm - model.centre_mm[0]) < model.reach_mm:
                pixels = paint_node(plane, model, z_mm, grain)
                voxels.append(np.insert(pixels, 0, index, axis=1))
        volume[index] = _finish(plane.hu, _pick(noise, rng), grain, z_mm / height_mm)
    return PhantomNeck(
        volume_zyx=volume,
        spacing_zyx_mm=(spacing_z, pixel_mm, pixel_mm),
        nodes=_exclusive(models, found),
    )


class _Jitter:
    """The variation of one patient: each tube a little elsewhere and of another size."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._known: dict[tuple[str, int], tuple[float, float, float]] = {}

    def __call__(self, name: str, side: int) -> tuple[float, float, float]:
        if (name, side) not in self._known:
            # Seeded by name, so that a new tube in the tables does not change the others.
            words = (self._seed, zlib.crc32(name.encode()), side + 1)
            rng = np.random.default_rng(words)
            shift_x, shift_y = rng.normal(scale=1.0, size=2).clip(-2, 2)
            scale = np.clip(rng.normal(1.0, 0.07), 0.85, 1.2)
            if name in {"trachea", "tracheal wall", "pharyngeal wall"}:
                shift_x, shift_y, scale = 0.0, 0.0, 1.0
            self._known[name, side] = (float(shift_x), float(shift_y), float(scale))
        return self._known[name, side]


def _pool(rng: np.random.Generator, size: int, sigma: float) -> FloatArray:
    """Return a few planes of smooth noise of unit variance; planes are shifted copies of them."""
    pool = rng.standard_normal((POOL_SIZE, size, size), dtype=np.float32)
    smooth = gaussian_filter(pool, (0, sigma, sigma), mode="wrap", truncate=3)
    return np.asarray(smooth / smooth.std(), dtype=np.float32)


def _pick(pool: FloatArray, rng: np.random.Generator) -> FloatArray:
    shift = rng.integers(0, pool.shape[1], size=2)
    return np.roll(pool[int(rng.integers(POOL_SIZE))], shift, axis=(0, 1))


def _finish(hu: FloatArray, noise: FloatArray, grain: FloatArray, t: float) -> NDArray[np.int16]:
    """Add texture and quantum noise (more of it through the shoulders), and round."""
    strength = np.float32(9 + 9 * np.clip((0.2 - t) / 0.2, 0, 1))
    out = hu + strength * noise + np.float32(4) * grain
    return np.asarray(np.rint(out.clip(LOWEST_HU, HIGHEST_HU)), dtype=np.int16)


def _exclusive(
    models: list[NodeModel], found: list[list[NDArray[np.int64]]]
) -> tuple[PhantomNode, ...]:
    """Give each voxel to one node only; leave out specks, beside a node or instead of one."""
    taken: set[tuple[int, ...]] = set()
    nodes = []
    for model, parts in zip(models, found, strict=True):
        voxels = np.concatenate([*parts, np.empty((0, 3), dtype=np.int64)])
        free = [voxel not in taken for voxel in map(tuple, voxels.tolist())]
        kept = _largest_part(voxels[np.array(free, dtype=np.bool_)])
        if len(kept) < SMALLEST_NODE_VOXELS:
            continue
        taken.update(map(tuple, kept.tolist()))
        side = "left" if model.side > 0 else "right"
        nodes.append(
            PhantomNode(
                category=model.category,
                side=side,
                level=model.level,
                voxels_zyx=kept,
            )
        )
    return tuple(nodes)


def _largest_part(voxels_zyx: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the voxels, shape (n, 3), of the largest part (26-connectivity): a node is one."""
    if len(voxels_zyx) == 0:
        return voxels_zyx
    low = voxels_zyx.min(axis=0)
    place = tuple((voxels_zyx - low).T)
    grid = np.zeros(voxels_zyx.max(axis=0) - low + 1, dtype=np.bool_)
    grid[place] = True
    part = label(grid, np.ones((3, 3, 3)))[0][place]
    largest: NDArray[np.int64] = voxels_zyx[part == np.bincount(part).argmax()]
    return largest
