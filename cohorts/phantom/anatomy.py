"""cohorts.phantom: the tables of a neck, and how one axial plane of it is painted.

Height t runs from 0 (thoracic inlet) to 1 (mouth); lengths are mm, x to the patient's left,
y to the back. Each tube lists knots (t, x, y, half axes a and b, angle in degrees) between which
it is interpolated; mirrored tubes are painted on both sides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cohorts.phantom.painting import Plane

Knot = tuple[float, float, float, float, float, float]
Shape = tuple[float, float, float, float, float]

AIR_HU, SKIN_HU, FAT_HU, MUSCLE_HU = -1000.0, 20.0, -100.0, 62.0
VERTEBRA_PERIOD_MM, DISC_MM = 18.0, 5.0

BODY: tuple[Knot, ...] = (
    (0.00, 0, 6, 168, 70, 0),
    (0.08, 0, 5, 160, 68, 0),
    (0.16, 0, 4, 108, 63, 0),
    (0.24, 0, 3, 80, 61, 0),
    (0.34, 0, 2, 65, 59, 0),
    (0.55, 0, 0, 61, 60, 0),
    (0.68, 0, -6, 64, 70, 0),
    (0.82, 0, -12, 69, 82, 0),
    (1.00, 0, -15, 72, 88, 0),
)


@dataclass(frozen=True)
class Tube:
    """One structure that runs along the neck."""

    name: str
    hu: float
    knots: tuple[Knot, ...]
    mirrored: bool = True
    hard: bool = False

    def shape_at(self, t: float) -> Shape | None:
        """Return x, y, a, b and angle in radians at a height; None beyond the ends."""
        first, last = self.knots[0][0], self.knots[-1][0]
        if not first <= t <= last:
            return None
        x, y, a, b, angle = interpolate(self.knots, t)
        # Ends inside the volume are rounded off over 3 % of its height.
        room = min(t - first if first > 0 else 1.0, last - t if last < 1 else 1.0)
        taper = float(np.sqrt(min(1.0, room / 0.03)))
        return x, y, a * taper, b * taper, float(np.radians(angle))


def interpolate(knots: tuple[Knot, ...], t: float) -> tuple[float, ...]:
    """Return the values between the knots around a height."""
    table = np.array(knots)
    return tuple(float(np.interp(t, table[:, 0], column)) for column in table[:, 1:].T)


MUSCLES = (
    Tube(
        "trapezius",
        MUSCLE_HU,
        (
            (0.0, 78, 46, 64, 14, 8),
            (0.14, 58, 38, 50, 17, 20),
            (0.3, 42, 43, 27, 7, 44),
            (0.55, 27, 49, 24, 6, 30),
            (1.0, 18, 58, 17, 4, 22),
        ),
    ),
    Tube("deltoid", MUSCLE_HU, ((0.0, 142, 2, 20, 46, 0), (0.12, 132, 4, 16, 34, 0))),
    Tube("supraspinatus", MUSCLE_HU, ((0.0, 98, 26, 36, 19, -8), (0.18, 70, 24, 26, 12, -8))),
    Tube("pectoralis", MUSCLE_HU, ((0.0, 92, -40, 46, 9, 14), (0.07, 84, -40, 34, 5, 14))),
    Tube(
        "multifidus",
        MUSCLE_HU,
        ((0.0, 11, 40, 10, 9, 0), (0.4, 10, 35, 9, 8, 0), (1.0, 10, 34, 9, 8, 0)),
    ),
    Tube(
        "semispinalis",
        MUSCLE_HU,
        ((0.0, 15, 51, 14, 10, 0), (0.4, 13, 47, 12, 8, 10), (1.0, 14, 48, 12, 10, 10)),
    ),
    Tube(
        "splenius",
        MUSCLE_HU,
        ((0.0, 31, 45, 13, 8, 12), (0.4, 28, 39, 14, 7, 42), (1.0, 35, 37, 15, 7, 55)),
    ),
    Tube(
        "levator",
        MUSCLE_HU,
        ((0.0, 47, 32, 11, 10, 0), (0.35, 36, 22, 8, 12, 0), (0.9, 31, 17, 7, 10, 0)),
    ),
    Tube(
        "scalenes",
        MUSCLE_HU,
        ((0.0, 34, 0, 11, 9, 30), (0.25, 27, 4, 10, 10, 0), (0.6, 24, 9, 7, 7, 0)),
    ),
    Tube("middle scalene", MUSCLE_HU, ((0.06, 32, 18, 9, 8, 0), (0.6, 24, 20, 7, 7, 0))),
    Tube(
        "longus",
        MUSCLE_HU,
        ((0.0, 8, -3, 6, 4, 0), (0.5, 8, -5, 8, 4.5, 8), (1.0, 10, -5, 9, 5, 10)),
    ),
    Tube(
        "sternocleidomastoid",
        MUSCLE_HU,
        (
            (0.03, 22, -42, 11, 5, 14),
            (0.25, 34, -31, 15, 6, 38),
            (0.5, 45, -12, 18, 7, 62),
            (0.75, 52, 10, 18, 7, 74),
            (1.0, 56, 26, 14, 8, 78),
        ),
    ),
    Tube("straps", MUSCLE_HU, ((0.06, 11, -42, 12, 3.5, 10), (0.58, 11, -42, 9, 3, 18))),
    Tube("omohyoid", MUSCLE_HU, ((0.2, 40, -22, 6, 2, 30), (0.56, 18, -38, 5, 2.5, 30))),
    Tube("platysma", MUSCLE_HU, ((0.62, 31, -50, 15, 1.3, 38), (0.78, 40, -52, 15, 1.3, 48))),
    Tube("digastric", MUSCLE_HU, ((0.62, 10, -48, 7, 9, 0), (0.78, 16, -56, 6, 12, -12))),
    Tube("masseter", MUSCLE_HU, ((0.8, 57, -34, 6, 15, -6), (1.0, 59, -36, 8, 18, -6))),
    Tube("pterygoid", MUSCLE_HU, ((0.8, 37, -24, 7, 13, -14), (1.0, 36, -26, 8, 16, -14))),
    Tube("posterior digastric", MUSCLE_HU, ((0.8, 42, 2, 5, 9, 30), (1.0, 46, 12, 5, 9, 30))),
)

GLANDS = (
    Tube(
        "thyroid",
        155,
        ((0.14, 15, -22, 6, 9, -12), (0.24, 15, -24, 8, 12, -12), (0.36, 15, -24, 5, 8, -12)),
    ),
    Tube(
        "submandibular",
        72,
        ((0.63, 28, -38, 9, 11, 20), (0.7, 30, -40, 11, 14, 20), (0.8, 31, -38, 8, 11, 20)),
    ),
    Tube("parotid", -15, ((0.74, 54, -4, 8, 13, 0), (1.0, 56, -8, 10, 18, 0))),
    Tube("tonsil", 75, ((0.82, 15, -14, 6, 8, 0), (0.96, 15, -14, 6, 8, 0))),
)

MIDLINE = (
    Tube("oesophagus", 55, ((0.0, 5, -9, 7, 5, 0), (0.36, 1, -10, 8, 4, 0)), mirrored=False),
    Tube(
        "pharyngeal wall",
        62,
        ((0.36, 0, -24, 15, 14, 0), (0.6, 0, -20, 20, 14, 0), (1.0, 0, -16, 22, 13, 0)),
        mirrored=False,
    ),
    Tube(
        "tracheal wall",
        75,
        ((0.0, 0, -20, 11.5, 11.5, 0), (0.38, 0, -27, 12, 13, 0)),
        mirrored=False,
    ),
    Tube(
        "tongue",
        68,
        ((0.7, 0, -46, 17, 18, 0), (0.84, 0, -48, 25, 28, 0), (1.0, 0, -52, 27, 32, 0)),
        mirrored=False,
    ),
    Tube(
        "lingual septum",
        -60,
        ((0.8, 0, -52, 0.9, 18, 0), (1.0, 0, -56, 0.9, 22, 0)),
        mirrored=False,
    ),
)

AIRWAY = (
    Tube(
        "trachea",
        -995,
        (
            (0.0, 0, -20, 9, 9, 0),
            (0.34, 0, -27, 8.5, 10, 0),
            (0.44, 0, -28, 3.5, 11, 0),
            (0.5, 0, -27, 6, 9, 0),
            (0.56, 0, -22, 13, 7, 0),
            (0.68, 0, -18, 14, 6, 0),
            (0.84, 0, -15, 12, 7, 0),
            (1.0, 0, -13, 15, 6, 0),
        ),
        mirrored=False,
        hard=True,
    ),
    Tube(
        "piriform sinus",
        -990,
        ((0.46, 11, -16, 2, 3, 30), (0.52, 12, -16, 4, 5, 30), (0.57, 11, -17, 3, 4, 30)),
        hard=True,
    ),
    Tube(
        "lung apex",
        -850,
        ((0.0, 46, 6, 26, 33, 10), (0.06, 44, 8, 18, 24, 10), (0.11, 40, 10, 6, 8, 0)),
        hard=True,
    ),
)

VESSELS = (
    Tube(
        "carotid",
        245,
        (
            (0.0, 19, -12, 4.2, 4.2, 0),
            (0.3, 25, -13, 3.8, 3.8, 0),
            (0.58, 28, -12, 4.8, 4.2, 0),
            (0.64, 29, -8, 2.9, 2.9, 0),
            (1.0, 28, 2, 2.6, 2.6, 0),
        ),
        hard=True,
    ),
    Tube(
        "external carotid",
        240,
        ((0.6, 27, -16, 2.4, 2.4, 0), (1.0, 42, -14, 1.8, 1.8, 0)),
        hard=True,
    ),
    Tube(
        "jugular",
        195,
        (
            (0.0, 29, -15, 7, 5.5, 20),
            (0.3, 35, -12, 7, 5, 40),
            (0.6, 37, -4, 6.5, 5, 50),
            (1.0, 34, 8, 5, 4.5, 0),
        ),
        hard=True,
    ),
    Tube("subclavian", 230, ((0.0, 66, -14, 30, 4, -12), (0.07, 56, -10, 22, 4, -12)), hard=True),
    Tube(
        "vertebral artery",
        225,
        ((0.08, 17, 4, 1.9, 1.9, 0), (0.2, 17, 10, 1.9, 1.9, 0), (1.0, 19, 9, 1.9, 1.9, 0)),
        hard=True,
    ),
    Tube(
        "external jugular",
        170,
        ((0.14, 44, -24, 2.2, 1.8, 0), (0.4, 51, -17, 2, 1.7, 0), (0.72, 56, 2, 1.8, 1.6, 0)),
        hard=True,
    ),
    Tube(
        "anterior jugular",
        165,
        ((0.1, 9, -50, 1.8, 1.4, 0), (0.55, 11, -50, 1.5, 1.2, 0)),
        hard=True,
    ),
    Tube("facial", 180, ((0.66, 36, -47, 1.8, 1.8, 0), (0.84, 47, -52, 1.6, 1.6, 0)), hard=True),
)

SHOULDER_BONES = (
    Tube(
        "clavicle cortex",
        700,
        ((0.0, 38, -44, 24, 7, 12), (0.05, 62, -38, 32, 6.5, 10), (0.1, 96, -26, 26, 6, 14)),
        hard=True,
    ),
    Tube(
        "clavicle marrow",
        260,
        ((0.0, 38, -44, 22, 4.5, 12), (0.05, 62, -38, 30, 4, 10), (0.1, 96, -26, 24, 3.5, 14)),
        hard=True,
    ),
    Tube("humerus cortex", 620, ((0.0, 136, 0, 23, 23, 0), (0.07, 134, 2, 17, 17, 0)), hard=True),
    Tube("humerus marrow", 210, ((0.0, 136, 0, 21, 21, 0), (0.06, 134, 2, 14, 14, 0)), hard=True),
    Tube("scapula", 520, ((0.0, 104, 42, 32, 3.5, -22), (0.1, 108, 32, 22, 4, -28)), hard=True),
    Tube("first rib", 480, ((0.0, 56, 34, 20, 4.5, 40), (0.07, 40, 32, 12, 4, 30)), hard=True),
)

Jitter = Callable[[str, int], tuple[float, float, float]]
"""(tube name, side) -> shift in x and y (mm) and scale of this patient's tube."""


def paint_tubes(plane: Plane, tubes: tuple[Tube, ...], t: float, jitter: Jitter) -> None:
    """Paint tubes of a table at one height."""
    for tube in tubes:
        shape = tube.shape_at(t)
        if shape is None:
            continue
        for side in (1, -1) if tube.mirrored else (1,):
            plane.ellipse(_placed(shape, side, jitter(tube.name, side)), tube.hu, hard=tube.hard)


def _placed(shape: Shape, side: int, jitter: tuple[float, float, float]) -> Shape:
    x, y, a, b, angle = shape
    shift_x, shift_y, scale = jitter
    return side * x + shift_x, y + shift_y, a * scale, b * scale, side * angle


def place_of(tube: Tube, t: float, side: int, jitter: Jitter) -> Shape:
    """Return where a tube lies on one side, beyond its ends as at the ends."""
    t = min(max(t, tube.knots[0][0] + 1e-6), tube.knots[-1][0] - 1e-6)
    x, y, a, b, angle = interpolate(tube.knots, t)
    return _placed((x, y, a, b, float(np.radians(angle))), side, jitter(tube.name, side))


def paint_plane(plane: Plane, t: float, height_mm: float, jitter: Jitter, fat_mm: float) -> None:
    """Paint one whole axial plane without nodes, from the skin inwards.

    Parameters
    ----------
    plane : Plane
        Receives HU; air before.
    t : float
        Height, 0 to 1.
    height_mm : float
        The same in mm, for the rhythm of the vertebrae.
    jitter : callable
        The patient's own variation.
    fat_mm : float
        How much wider than the table this patient is.
    """
    x, y, a, b, _ = interpolate(BODY, t)
    a, b = a + fat_mm, b + fat_mm
    plane.ellipse((x, y, a, b, 0.0), FAT_HU, square=0.3)
    paint_tubes(plane, MUSCLES + GLANDS + MIDLINE, t, jitter)
    _paint_spine(plane, t, height_mm)
    paint_tubes(plane, SHOULDER_BONES + AIRWAY, t, jitter)
    _paint_larynx(plane, t)
    paint_tubes(plane, VESSELS, t, jitter)
    _paint_jaw(plane, t)
    # Painted last: nothing reaches through the skin.
    plane.surround((x, y, a - 2, b - 2), SKIN_HU, 0.3)
    plane.surround((x, y, a, b), AIR_HU, 0.3)


def _paint_spine(plane: Plane, t: float, height_mm: float) -> None:
    """Paint a vertebra or disc, the arch, and the cord."""
    y = 12 - 4 * t
    phase = height_mm % VERTEBRA_PERIOD_MM
    width = 15 - 2.5 * t
    if phase < DISC_MM:
        plane.ellipse((0, y, width - 0.5, 9.5, 0), 95, hard=True, square=0.3)
    else:
        plane.ellipse((0, y, width, 10, 0), 640, hard=True, square=0.3)
        plane.ellipse((0, y, width - 1.6, 8.3, 0), 270, hard=True, square=0.3)
    if 7 < phase < 15:
        for side in (1, -1):
            plane.ellipse((side * 19, y + 4, 8, 4.5, side * 0.5), 420, hard=True)
            plane.ellipse((side * 19, y + 1, 2.8, 2.8, 0), 40, hard=True)
    plane.ellipse((0, y + 17, 15.5, 12, 0), 520 if phase > 3 else 80, hard=True)
    if phase > 8:
        plane.ellipse((0, y + 32, 3, 10, 0), 560, hard=True)
        plane.ellipse((0, y + 32, 1.6, 8.5, 0), 300, hard=True)
    plane.ellipse((0, y + 17, 12, 8.5, 0), 12, hard=True)
    plane.ellipse((0, y + 17, 6.5, 4.5, 0), 42, hard=True)


def _paint_larynx(plane: Plane, t: float) -> None:
    """Paint cricoid, thyroid cartilage and hyoid around the airway."""
    if 0.345 < t < 0.39:
        plane.arc((0, -27, 13, 14.5), 3, -16, 230)
    elif 0.39 <= t < 0.53:
        plane.arc((0, -22, 19, 21), 2.4, -14, 210)
    elif 0.575 < t < 0.625:
        plane.arc((0, -22, 23, 24), 4, -12, 430)


def _paint_jaw(plane: Plane, t: float) -> None:
    """Paint the mandible and, above it, teeth."""
    if t < 0.72:
        return
    depth = min(1.0, (t - 0.72) / 0.1)
    back_y = -66 + 52 * depth
    plane.arc((0, -26, 52, 58), 10, back_y, 950)
    plane.arc((0, -26, 50, 56), 6, back_y - 2, 240)
    if t > 0.87:
        for angle in np.linspace(np.radians(205), np.radians(335), 12):
            x, y = 46.5 * np.cos(angle), -26 + 52.5 * np.sin(angle)
            plane.ellipse((float(x), float(y), 3.6, 4.2, float(angle)), 1900, hard=True)
