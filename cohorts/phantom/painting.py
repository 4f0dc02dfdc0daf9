"""cohorts.phantom: paint soft-edged shapes onto one axial plane, in millimetres and HU.

Coordinates are those of the patient, relative to the middle of the plane: x grows to the left,
y to the back (DICOM LPS).
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


class Plane:
    """One axial plane being painted.

    Parameters
    ----------
    size : int
        Rows and columns.
    pixel_mm : float
    bend_mm : tuple of float
        Amplitude and two phases of a gentle bend of all shapes, so that no outline is an exact
        ellipse.

    Attributes
    ----------
    hu : ndarray of float32, shape (size, size)
    hard : ndarray of bool, shape (size, size)
        Where air ways, bone or vessels were painted: no node grows there.
    """

    def __init__(self, size: int, pixel_mm: float, bend_mm: tuple[float, float, float]) -> None:
        amplitude, phase_x, phase_y = bend_mm
        axis = ((np.arange(size) - (size - 1) / 2) * pixel_mm).astype(np.float32)
        self.axis_mm = axis
        self.pixel_mm = pixel_mm
        wave = np.float32(2 * np.pi / 70)
        self._bend_x = (amplitude * np.sin(axis * wave + phase_x)).astype(np.float32)[:, None]
        self._bend_y = (amplitude * np.sin(axis * wave + phase_y)).astype(np.float32)[None, :]
        self.hu = np.full((size, size), -1000, dtype=np.float32)
        self.hard = np.zeros((size, size), dtype=np.bool_)

    def _window(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Return the rows and columns within `reach` of a point."""
        half, size = (len(self.axis_mm) - 1) / 2, len(self.axis_mm)

        def span(centre: float) -> slice:
            low = int((centre - reach) / self.pixel_mm + half)
            high = int((centre + reach) / self.pixel_mm + half) + 2
            return slice(min(max(low, 0), size), max(min(high, size), 0))

        return span(y), span(x)

    def _offsets(
        self, window: tuple[slice, slice], x: float, y: float, angle: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return bent coordinates relative to a point, turned by an angle in radians."""
        rows, columns = window
        dx = self.axis_mm[None, columns] - np.float32(x) + self._bend_x[rows]
        dy = self.axis_mm[rows, None] - np.float32(y) + self._bend_y[:, columns]
        if angle == 0:
            return dx, dy
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return cosine * dx + sine * dy, cosine * dy - sine * dx

    def _blend(
        self, window: tuple[slice, slice], outside_mm: FloatArray, hu: float, *, hard: bool
    ) -> None:
        """Mix a value in where the signed distance is negative, softly over one pixel."""
        alpha = np.clip(np.float32(0.5) - outside_mm / np.float32(self.pixel_mm), 0, 1)
        part = self.hu[window]
        part += alpha * (np.float32(hu) - part)
        if hard:
            self.hard[window] |= alpha > 0.5

    def ellipse(
        self,
        shape: tuple[float, float, float, float, float],
        hu: float,
        *,
        hard: bool = False,
        square: float = 0.0,
    ) -> None:
        """Paint a filled ellipse.

        Parameters
        ----------
        shape : tuple of float
            x, y, half axes a and b in mm, angle of a in radians.
        hu : float
        hard : bool
            Whether nodes must stay out.
        square : float
            0 for an ellipse, up to 0.5 for a rounder-cornered outline.
        """
        x, y, a, b, angle = shape
        if min(a, b) < self.pixel_mm / 2:
            return
        window = self._window(x, y, 1.25 * max(a, b) + 6)
        dx, dy = self._offsets(window, x, y, angle)
        u, v = (dx / np.float32(a)) ** 2, (dy / np.float32(b)) ** 2
        radius = np.sqrt(np.maximum(u + v - np.float32(square) * u * v, 0))
        if square:
            radius[(u > 1.2) | (v > 1.2)] = 2
        self._blend(window, (radius - 1) * np.float32(np.sqrt(a * b)), hu, hard=hard)

    def surround(self, shape: tuple[float, float, float, float], hu: float, square: float) -> None:
        """Paint all that lies outside an ellipse (x, y, a, b in mm)."""
        x, y, a, b = shape
        window = (slice(None), slice(None))
        dx, dy = self._offsets(window, x, y, 0.0)
        u, v = (dx / np.float32(a)) ** 2, (dy / np.float32(b)) ** 2
        radius = np.sqrt(np.maximum(u + v - np.float32(square) * u * v, 0))
        radius[(u > 1.2) | (v > 1.2)] = 2
        self._blend(window, (1 - radius) * np.float32(np.sqrt(a * b)), hu, hard=True)

    def arc(
        self,
        shape: tuple[float, float, float, float],
        thickness: float,
        back_y: float,
        hu: float,
    ) -> None:
        """Paint a horseshoe open to the back: an elliptic ring in front of y = `back_y`.

        Parameters
        ----------
        shape : tuple of float
            x, y, outer half axes a and b, in mm.
        thickness, back_y : float
            In mm.
        hu : float
            Always hard.
        """
        x, y, a, b = shape
        window = self._window(x, y, 1.1 * max(a, b) + 6)
        dx, dy = self._offsets(window, x, y, 0.0)
        outer = np.sqrt((dx / np.float32(a)) ** 2 + (dy / np.float32(b)) ** 2)
        middle = np.float32(np.sqrt(a * b))
        ring = np.abs((outer - 1) * middle + np.float32(thickness / 2)) - np.float32(thickness / 2)
        behind = np.broadcast_to(dy + np.float32(y - back_y), ring.shape)
        self._blend(window, np.maximum(ring, behind), hu, hard=True)
