"""cohorts.phantom: lymph nodes along the jugular chain: size, shape, place, look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.phantom.anatomy import BODY, VESSELS, Jitter, interpolate, place_of
from cohorts.phantom.painting import FloatArray, Plane
from cohorts.vocabulary import NodeCategory

JUGULAR = next(tube for tube in VESSELS if tube.name == "jugular")
LEVEL_HEIGHTS = {"II": (0.62, 0.82), "III": (0.42, 0.6), "IV": (0.2, 0.4), "V": (0.3, 0.62)}
SHORT_AXIS_MM = {
    NodeCategory.BENIGN: (5.6, 10.5),
    NodeCategory.METASTASIS: (8.0, 19.0),
    NodeCategory.METASTASIS_ENE: (13.0, 28.0),
}
ELONGATION = {
    NodeCategory.BENIGN: (1.35, 1.9),
    NodeCategory.METASTASIS: (1.0, 1.35),
    NodeCategory.METASTASIS_ENE: (1.05, 1.4),
}
RAGGEDNESS = {
    NodeCategory.BENIGN: 0.05,
    NodeCategory.METASTASIS: 0.07,
    NodeCategory.METASTASIS_ENE: 0.15,
}
WAVES = 14
REACH = 1.75
"""Half edge of a node's box in radii: room for ragged borders and strands."""
TRIES = 80


@dataclass(frozen=True, kw_only=True)
class NodeModel:
    """One node as drawn: everything that its look follows from."""

    category: NodeCategory
    side: int
    level: str
    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    angle: float
    waves: NDArray[np.float64]
    phases: NDArray[np.float64]
    necrosis: float
    hilum: bool

    @property
    def reach_mm(self) -> float:
        """Half edge of the cube that holds all that the node changes."""
        return REACH * max(self.radii_mm)


def make_nodes(
    count: int,
    shares: tuple[float, float, float],
    height_mm: float,
    jitter: Jitter,
    rng: np.random.Generator,
) -> list[NodeModel]:
    """Draw the nodes of one patient, apart from each other.

    Parameters
    ----------
    count : int
        How many are wanted; fewer where they find no room.
    shares : tuple of float
        Probabilities of the three categories.
    height_mm : float
        Height of the volume.
    jitter : callable
        The patient's own variation.
    rng : numpy.random.Generator
    """
    categories = sorted(NodeCategory(int(n)) for n in rng.choice(3, size=count, p=shares))
    nodes: list[NodeModel] = []
    for category in reversed(categories):
        for _ in range(TRIES):
            node = _draw(category, height_mm, jitter, rng)
            if _fits(node, nodes, height_mm):
                nodes.append(node)
                break
    order = rng.permutation(len(nodes))
    return [nodes[index] for index in order]


def _draw(
    category: NodeCategory, height_mm: float, jitter: Jitter, rng: np.random.Generator
) -> NodeModel:
    """Draw one node beside the jugular vein, or in the posterior triangle."""
    level = str(rng.choice(list(LEVEL_HEIGHTS), p=(0.38, 0.27, 0.2, 0.15)))
    side = int(rng.choice((1, -1)))
    t = float(rng.uniform(*LEVEL_HEIGHTS[level]))
    # Squared uniform draws: small nodes are commoner than large ones.
    low, high = SHORT_AXIS_MM[category]
    short = (low + (high - low) * float(rng.uniform()) ** 1.6) / 2
    long = short * float(rng.uniform(*ELONGATION[category]))
    tall = max(short * float(rng.uniform(1.0, 1.6)), 3.2)
    vein_x, vein_y, vein_a, _, _ = place_of(JUGULAR, t, side, jitter)
    bearing = float(rng.uniform(0.9, 1.5) if level == "V" else rng.uniform(-0.5, 1.2))
    distance = vein_a * 0.8 + short + float(rng.uniform(0.5, 3.0)) + (9 if level == "V" else 0)
    return NodeModel(
        category=category,
        side=side,
        level=level,
        centre_mm=(
            t * height_mm,
            vein_y + distance * float(np.sin(bearing)),
            vein_x + side * distance * float(np.cos(bearing)),
        ),
        radii_mm=(tall, long, short),
        angle=side * float(rng.uniform(-0.5, 0.9)),
        waves=rng.normal(size=(WAVES, 3)) * rng.uniform(1.5, 7.0, size=(WAVES, 1)),
        phases=rng.uniform(0, 2 * np.pi, size=WAVES),
        necrosis=float(rng.uniform(0.45, 0.7)) if short > 6 and rng.uniform() < 0.6 else 0.0,
        hilum=category is NodeCategory.BENIGN and bool(rng.uniform() < 0.7),
    )


def _fits(node: NodeModel, others: list[NodeModel], height_mm: float) -> bool:
    """Say whether a node lies inside the neck and apart from the others."""
    z, y, x = node.centre_mm
    if not node.radii_mm[0] + 3 < z < height_mm - node.radii_mm[0] - 3:
        return False
    body_x, body_y, a, b, _ = interpolate(BODY, z / height_mm)
    margin = max(node.radii_mm[1:]) + 3
    inside = ((x - body_x) / (a - margin)) ** 2 + ((y - body_y) / (b - margin)) ** 2 < 1
    return inside and all(
        np.linalg.norm(np.subtract(node.centre_mm, other.centre_mm))
        > max(node.radii_mm) + max(other.radii_mm)
        for other in others
    )


def paint_node(
    plane: Plane, node: NodeModel, z_mm: float, texture: FloatArray
) -> NDArray[np.int64]:
    """Paint one node onto one plane.

    Parameters
    ----------
    plane : Plane
        Painted already; where it is hard the node stays out.
    node : NodeModel
    z_mm : float
        Height of the plane.
    texture : ndarray of float32, shape of the plane
        Smooth noise of unit variance, for strands and patchy enhancement.

    Returns
    -------
    ndarray, shape (n, 2)
        Rows and columns of the node's pixels; empty where the plane misses it.
    """
    half = (len(plane.axis_mm) - 1) / 2
    _, y, x = node.centre_mm
    spans = []
    for centre in (y, x):
        low = int((centre - node.reach_mm) / plane.pixel_mm + half)
        spans.append(slice(max(low, 0), int((centre + node.reach_mm) / plane.pixel_mm + half) + 2))
    window = (spans[0], spans[1])
    radius, depth_mm = _radius(plane, node, z_mm, window)
    free = ~plane.hard[window]
    part, grain = plane.hu[window], texture[window]
    if node.category is NodeCategory.METASTASIS_ENE:
        _paint_strands(part, radius, grain, free)
    alpha = np.clip(0.5 - depth_mm / np.float32(plane.pixel_mm), 0, 1) * free
    part += alpha * (_look(node, radius, grain) - part)
    pixels: NDArray[np.int64] = np.argwhere((depth_mm < 0) & free)
    pixels += np.array((window[0].start, window[1].start))
    return pixels


def _radius(
    plane: Plane, node: NodeModel, z_mm: float, window: tuple[slice, slice]
) -> tuple[FloatArray, FloatArray]:
    """Return distance from the centre in radii, and depth below the ragged surface in mm."""
    z, y, x = node.centre_mm
    tall, long, short = node.radii_mm
    rows, columns = np.meshgrid(
        plane.axis_mm[window[0]] - y, plane.axis_mm[window[1]] - x, indexing="ij"
    )
    cosine, sine = np.cos(node.angle), np.sin(node.angle)
    w = np.full_like(rows, (z_mm - z) / tall)
    v = (cosine * rows - sine * columns) / long
    u = (sine * rows + cosine * columns) / short
    radius = np.sqrt(u * u + v * v + w * w).astype(np.float32)
    bumps = np.zeros_like(radius)
    for wave, phase in zip(node.waves, node.phases, strict=True):
        bumps += np.cos(wave[0] * w + wave[1] * v + wave[2] * u + phase).astype(np.float32)
    amplitude = RAGGEDNESS[node.category] * np.sqrt(2 / WAVES)
    depth = (radius - 1 - np.float32(amplitude) * bumps) * np.float32(min(long, short))
    return radius, depth.astype(np.float32)


def _look(node: NodeModel, radius: FloatArray, grain: FloatArray) -> FloatArray:
    """Return the HU inside a node: enhancement, necrosis, fatty hilum."""
    base = 88.0 if node.category is NodeCategory.BENIGN else 102.0
    hu = np.float32(base) + 6 * grain
    if node.necrosis:
        core = np.clip((np.float32(node.necrosis) - radius + 0.06 * grain) / 0.12, 0, 1)
        hu = hu + core * (np.float32(32) - hu)
    if node.hilum:
        core = np.clip((np.float32(0.42) - radius) / 0.15, 0, 1)
        hu = hu + core * (np.float32(-40) - hu)
    return hu.astype(np.float32)


def _paint_strands(
    part: FloatArray, radius: FloatArray, grain: FloatArray, free: NDArray[np.bool_]
) -> None:
    """Cloud the fat around a node: the perinodal stranding of extranodal extension."""
    shell = np.clip((np.float32(1.6) - radius) / 0.55, 0, 1)
    strands = shell * np.clip(0.35 + 0.6 * grain, 0, 1) * (part < 0) * free
    part += strands * (np.float32(40) - part)
