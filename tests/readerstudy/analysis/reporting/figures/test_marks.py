"""Marks stand where their data is, and there is one for each."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.reporting.figures import rain_figure, roc_curves
from readerstudy.analysis.reporting.figures.estimates import NOTHING, Estimate, Share
from readerstudy.analysis.reporting.figures.rain import Diameters, density
from readerstudy.analysis.reporting.figures.roc_curves import Curve, Point, RocPlot, X, Y
from readerstudy.analysis.reporting.figures.scales import Scale, padded, shortened, text_width
from readerstudy.analysis.reporting.figures.thinning import thinned
from readerstudy.statistics.proportions import wilson
from tests.readerstudy.analysis.reporting.figures.scenes import scene

SVG = "{http://www.w3.org/2000/svg}"
PLAIN, UGLY = scene(ugly=False), scene(ugly=True)


def titled(figure, *tags):
    """Titles of the marks of some kinds, outside texts."""
    root = ElementTree.fromstring(figure.svg)
    found = [root.iter(f"{SVG}{tag}") for tag in tags]
    return [
        e.find(f"{SVG}title").text
        for some in found
        for e in some
        if e.find(f"{SVG}title") is not None
    ]


@pytest.mark.parametrize("figures", [PLAIN, UGLY], ids=["plain", "ugly"])
@pytest.mark.parametrize("key", ["confusion", "confusion-ene"])
def test_a_cell_per_row_of_data(figures, key):
    assert len(titled(figures[key], "rect")) == len(figures[key].data)


@pytest.mark.parametrize("figures", [PLAIN, UGLY], ids=["plain", "ugly"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("agreement", "kappa"), ("differences", "estimate"), ("subgroups", "estimate")],
)
def test_a_dot_per_defined_estimate(figures, key, value):
    figure = figures[key]
    marks = [t for t in titled(figure, "circle", "path") if "n = " in t]
    assert len(marks) == sum(row[value] is not None for row in figure.data)


def test_calibration_has_a_dot_and_a_bar_per_bin():
    figure = PLAIN["calibration"]
    assert len(titled(figure, "circle")) == len(titled(figure, "rect")) == len(figure.data) == 10
    row = figure.data[3]
    limits = wilson(row["n_positive"], row["n"])
    assert (row["lower"], row["upper"]) == (limits.lower, limits.upper)


def test_flow_adds_up():
    words = " ".join(titled(PLAIN["flow"], "rect"))
    excluded = [
        r["count"]
        for r in PLAIN["flow"].data
        if r["step"] == "excluded" and r["cohort"] == "Cohort 3"
    ]
    assert f"Cohort 3. Excluded: {sum(excluded)}; " in words


def test_a_reader_stands_at_his_rates():
    reader = Point(
        name="R1",
        sensitivity=Share(numerator=3, denominator=4),
        specificity=Share(numerator=9, denominator=10),
    )
    figure = roc_curves(key="k", title="t", plot=RocPlot(curve=None, readers=(reader,)))
    circle = next(ElementTree.fromstring(figure.svg).iter(f"{SVG}circle"))
    assert float(circle.get("cx")) == pytest.approx(X(0.1), abs=0.01)
    assert float(circle.get("cy")) == pytest.approx(Y(0.75), abs=0.01)
    assert circle.find(f"{SVG}title").text == "R1: sensitivity 75% (3/4), specificity 90% (9/10)"


def test_a_long_curve_is_thinned_and_keeps_its_data():
    xs = np.linspace(0, 1, 100_000)
    points = tuple(zip(xs.tolist(), np.sqrt(xs).tolist(), strict=True))
    curve = Curve(name="M", points=points, auc=NOTHING, n=5)
    figure = roc_curves(key="k", title="t", plot=RocPlot(curve=curve))
    assert len(figure.svg) < 20_000
    assert len(figure.data) == 100_000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=300))
def test_thinning_moves_the_line_by_no_more_than_a_tenth_of_a_pixel(steps):
    points = np.cumsum(np.array(steps, dtype=float) / 20, axis=0)
    kept = thinned(points)
    assert (kept[0] == points[0]).all()
    assert (kept[-1] == points[-1]).all()
    for point in points:
        assert min(distance(point, a, b) for a, b in itertools.pairwise(kept)) <= 0.1001


def distance(point, a, b):
    along = b - a
    length2 = along @ along
    share = np.clip((point - a) @ along / length2, 0, 1) if length2 else 0.0
    return np.hypot(*(point - a - share * along))


def test_rain_of_a_hundred_thousand_nodes_stays_small():
    rng = np.random.default_rng(1)
    groups = [
        Diameters(cohort=f"Cohort {c}", category=k, short_axis_mm=tuple(rng.gamma(9, 0.8, 5556)))
        for c in range(6)
        for k in ("Benign", "Metastasis", "ENE")
    ]
    figure = rain_figure(key="rain", title="t", groups=groups)
    assert len(figure.svg) < 300_000
    assert "at most 400 per group" in figure.svg
    assert sum(row["n"] for row in figure.data) == 18 * 5556


def test_rain_draws_each_of_few_values():
    values = (3.0, 4.0, 5.5, None, float("nan"))
    figure = rain_figure(
        key="r", title="t", groups=[Diameters(cohort="C", category="Benign", short_axis_mm=values)]
    )
    assert titled(figure, "circle") == ["3.0 mm", "4.0 mm", "5.5 mm"]
    assert figure.data[0]["missing"] == 2


def test_density_is_one_in_all():
    values = np.random.default_rng(3).normal(8, 2, 500)
    at = np.linspace(-5, 25, 2000)
    assert np.trapezoid(density(values, at), at) == pytest.approx(1, abs=1e-3)


def test_density_of_equal_values_is_undefined():
    assert density(np.full(9, 4.0), np.linspace(0, 9, 5)) is None
    assert density(np.empty(0), np.linspace(0, 9, 5)) is None


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=6))
def test_scales_hold_their_values(values):
    scale = padded(values, start=10, end=20)
    for value in values:
        if value is not None:
            assert scale.low - 1e-6 <= value <= scale.high + 1e-6
            assert 10 <= scale(value) <= 20
    assert all(10 - 1e-6 <= scale(tick) <= 20 + 1e-6 for tick in scale.ticks())


def test_ticks_are_round():
    assert Scale(-0.2, 0.4, 0, 1).ticks() == (-0.2, 0.0, 0.2, 0.4)


def test_words_of_undefined_numbers_are_dashes():
    assert NOTHING.words == "–"
    assert Estimate(value=0.5).words == "0.50 (–)"
    assert Estimate(value=-0.5, lower=-0.6, upper=0.1).words == "−0.50 (−0.60, 0.10)"
    assert Share(numerator=0, denominator=0).words == "– (0/0)"


@pytest.mark.parametrize("name", ["A" * 200, "中" * 200, "Обычное имя " * 20, "x\x00" * 90])
def test_names_are_cut_to_their_room(name):
    shown = shortened(name, 100, 11)
    assert shown.endswith("…")
    assert text_width(shown, 11) <= 100
    assert len(shown) > 5


def test_short_names_are_kept():
    assert shortened("Reader 12", 100, 11) == "Reader 12"
