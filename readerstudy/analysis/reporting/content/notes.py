"""Content: sentences that must not be missed, made only when they apply (pure)."""

from collections.abc import Iterable, Iterator

from readerstudy.analysis.comparator import thresholds_sentence
from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import Material, listed
from readerstudy.analysis.reporting.document import Note
from readerstudy.statistics.clustered import FEW_PATIENTS

FEW_NODES = 10
"""Nodes or patients of one class; below, intervals that rest on the normal law are too narrow."""
FEW_OF_A_CLASS = 20
"""Patients with a node of one class; a clustered variance has so many terms from that class."""
OK = "ok"
READER_MEAN = "reader mean"
_OF_MEAN = {
    "delong": "delong_fixed_readers",
    "patient_clustered": "patient_clustered_fixed_readers",
    "random_readers": "readers_minus_model_random_readers",
}
MEANS = {"the mean of the readers", "the mean of readers in general"}
_RANDOM = "readers_minus_model_random_readers"


def of_parts(material: Material) -> tuple[Note, ...]:
    """Return the notes on how many patients the report rests on."""
    few = [
        f"{part['name']}: {part['n_patients']}"
        for part in material.printed
        if 0 < part["n_patients"] < FEW_PATIENTS
    ]
    if not few:
        return ()
    text = (
        f"Fewer than {FEW_PATIENTS} patients ({'; '.join(few)}). Intervals and P values that allow "
        "for patients are then too optimistic: intervals said to cover 95% covered 86% to 92% in "
        "simulated studies of 25 patients."
    )
    return (Note(text=text, warning=True),)


def of_endpoint(material: Material, endpoint: str) -> tuple[Note, ...]:
    """Return the notes on one endpoint, over all parts that are printed."""
    found: list[Note] = [*_few_of_a_class(material, endpoint)]
    for part in material.printed:
        block = part["endpoints"][endpoint]
        where = part["name"]
        found += _sides_of_alpha(material, where, block)
        found += _readers_fixed_or_random(material, where, block)
        found += of_statuses(material, where, areas_of(block, material.view))
    units = ((part["name"], part["endpoints"][endpoint]["nodes"]) for part in material.printed)
    found += of_few_units("nodes", units)
    if material.has_model:
        found += _thresholds(material, endpoint)
    return tuple(found)


def _few_of_a_class(material: Material, endpoint: str) -> Iterator[Note]:
    for key, words in (
        ("n_patients_positive", "with a positive node"),
        ("n_patients_negative", "with a negative node"),
    ):
        counts = {
            part["name"]: part["endpoints"][endpoint]["nodes"][key] for part in material.printed
        }
        few = [f"{name}: {n}" for name, n in counts.items() if 0 < n < FEW_OF_A_CLASS]
        if few:
            yield Note(
                text=f"Fewer than {FEW_OF_A_CLASS} patients {words} ({'; '.join(few)}). Intervals "
                "are wide and approximate; read them with reserve."
            )


def of_few_units(units: str, found: Iterable[tuple[str, Result | None]]) -> tuple[Note, ...]:
    """Warn where one class has so few nodes or patients that intervals and P mean little.

    Parameters
    ----------
    units : str
        ``nodes`` or ``patients``.
    found : iterable of (str, mapping)
        Names with ``n`` and ``n_positive``; what has no class at all is not asked about.
    """
    few = []
    for name, counts in found:
        fewest = 0 if counts is None else min(counts["n_positive"], _negatives(counts))
        if 0 < fewest < FEW_NODES:
            few.append(f"{name}: {fewest}")
    if not few:
        return ()
    text = (
        f"Fewer than {FEW_NODES} {units} of one class ({'; '.join(dict.fromkeys(few))}). Intervals "
        "of areas are then too narrow and P values too small; nothing should rest on them alone."
    )
    return (Note(text=text, warning=True),)


def _negatives(counts: Result) -> int:
    return int(counts["n"] - counts["n_positive"])


def of_primary(material: Material) -> tuple[Note, ...]:
    """Return what speaks against leaning on the planned comparison, beside its conclusion."""
    primary = material.tables["primary"]
    if not primary["tests"]:
        return ()
    part, view = material.whole, primary["view"]
    block = part["endpoints"][primary["endpoint"]]
    planned = {f"reader {entry['subject']}" for entry in primary["tests"]}
    if any(entry["subject"] == READER_MEAN for entry in primary["tests"]):
        planned |= MEANS
    tested = [(whom, plain) for whom, plain, _ in _tests(block, view) if whom in planned]
    statuses = of_statuses(
        material, f"{part['name']}, planned comparison", _named(primary, block, view)
    )
    compared = [(whom, result) for whom, result in tested if result.get("n") is not None]
    if len(material.cohorts) > 1:
        endpoint = primary["endpoint"]
        compared += [(one["name"], one["endpoints"][endpoint]["nodes"]) for one in material.cohorts]
    return (*of_few_units("nodes", compared), *statuses, *_disagreements(material, planned))


def _disagreements(material: Material, planned: set[str]) -> Iterator[Note]:
    primary = material.tables["primary"]
    block = material.whole["endpoints"][primary["endpoint"]]
    yield from _sides_of_alpha(material, material.whole["name"], block, planned)
    if planned & MEANS:
        yield from _readers_fixed_or_random(material, material.whole["name"], block)


def _named(primary: Result, block: Result, view: str) -> Iterator[tuple[str, Result | None]]:
    """Yield the planned tests with the results they were taken from."""
    contrast = contrast_of(block, view) or {}
    compared = {entry["reader"]: entry[view] or {} for entry in block["comparisons"]}
    for entry in primary["tests"]:
        if entry["subject"] == READER_MEAN:
            yield "model against the mean of the readers", contrast.get(_OF_MEAN[primary["test"]])
        else:
            found = compared.get(entry["subject"], {}).get(primary["test"])
            yield f"model against reader {entry['subject']}", found


def _tests(block: Result, view: str) -> Iterator[tuple[str, Result, Result]]:
    """Yield whom the model was compared with, the plain result and the one by patient."""
    for entry in block["comparisons"]:
        found = entry[view]
        if found is not None:
            yield f"reader {entry['reader']}", found["delong"], found["patient_clustered"]
    contrast = contrast_of(block, view)
    if contrast is not None:
        fixed = contrast["delong_fixed_readers"]
        yield "the mean of the readers", fixed, contrast["patient_clustered_fixed_readers"]


def _pairs(block: Result, view: str) -> Iterator[tuple[str, Result | None, Result | None]]:
    """Yield every comparison without and with regard to patients."""
    yield from _tests(block, view)
    found = contrast_of(block, view) or {}
    yield (
        "the mean of readers in general",
        found.get(_RANDOM),
        found.get(f"{_RANDOM}_patient_clustered"),
    )


def contrast_of(block: Result, view: str) -> Result | None:
    """Return the model against the mean of the readers; None where there is nothing to compare."""
    mean = block["reader_mean"] or {}
    found: Result | None = (mean.get(view) or {}).get("model_minus_mean")
    return found


def _sides_of_alpha(
    material: Material, where: str, block: Result, only: set[str] | None = None
) -> Iterator[Note]:
    alpha = material.alpha
    for whom, plain, clustered in _pairs(block, material.view):
        if only is not None and whom not in only:
            continue
        first, second = cells.p_of(plain), cells.p_of(clustered)
        if first is None or second is None or (first <= alpha) == (second <= alpha):
            continue
        yield Note(
            text=f"{where}, model against {whom}: the plain test (P "
            f"{display.p_value_beside(first, alpha)}) and the test that allows for nodes of one "
            f"patient being alike (P {display.p_value_beside(second, alpha)}) fall on different "
            f"sides of {_level(alpha)}. Nodes of one "
            "patient are seldom independent; the second test does not assume that they are.",
            warning=True,
        )


def _readers_fixed_or_random(material: Material, where: str, block: Result) -> Iterator[Note]:
    contrast = contrast_of(block, material.view) or {}
    fixed = cells.p_of(contrast.get("patient_clustered_fixed_readers"))
    general = cells.p_of(contrast.get("readers_minus_model_random_readers_patient_clustered"))
    alpha = material.alpha
    if fixed is None or general is None or (fixed <= alpha) == (general <= alpha):
        return
    of_these = display.p_value_beside(fixed, alpha)
    of_all = display.p_value_beside(general, alpha)
    yield Note(
        text=f"{where}, model against the mean of the readers, by patient: for these readers P is "
        f"{of_these}, for readers in general {of_all}: different "
        f"sides of {_level(alpha)}. What was found of these readers cannot be said of all readers."
        if fixed <= alpha
        else f"{where}, model against the mean of the readers, by patient: for readers in general "
        f"P is {of_all}, for these readers {of_these}: different "
        f"sides of {_level(alpha)}. The two answer different questions; the plan names the one "
        "that counts.",
        warning=True,
    )


def _level(alpha: float) -> str:
    return f"{alpha:.10g}".removeprefix("0")


def of_statuses(
    material: Material, where: str, results: Iterable[tuple[str, Result | None]]
) -> Iterator[Note]:
    """Say which numbers are undefined or have an interval without width, and why."""
    by_status: dict[str, list[str]] = {}
    for whose, result in results:
        status = OK if result is None else result["status"]
        if status != OK:
            by_status.setdefault(status, []).append(whose)
    for status, several in by_status.items():
        yield Note(text=f"{where}, {listed(several)}: {material.sentence(status)}")


def areas_of(block: Result, view: str) -> Iterator[tuple[str, Result]]:
    """Yield the areas and differences of a block that are printed, with their names."""
    if block["model"] is not None:
        yield "AUC of the model", block["model"]["auc"]["delong"]
    for reader in block["readers"]:
        area = reader[f"auc_{view}"]
        if area is not None:
            yield f"AUC of reader {reader['reader']}", area["delong"]
    for whom, plain, _ in _tests(block, view):
        yield f"model against {whom}", plain


def _thresholds(material: Material, endpoint: str) -> Iterator[Note]:
    model = material.whole["endpoints"][endpoint]["model"]
    if model is None or not model["operating_points"].get("youden"):
        return
    if model["operating_points"].get("fixed") is None:
        yield Note(
            text="The model's thresholds were chosen on the nodes analysed here, none was fixed "
            "before. Its sensitivities and specificities are therefore optimistic.",
            warning=True,
        )
    else:
        yield Note(
            text="The Youden index and the false-positive rates were chosen on the nodes analysed "
            "here and are optimistic. The threshold fixed with the model was not chosen by this "
            "analysis."
        )


def of_thresholds(material: Material) -> tuple[Note, ...]:
    """Say when the model's thresholds were fixed; a warning where the study was open by then."""
    text = thresholds_sentence(material.sources) if material.has_model else ""
    if not text:
        return ()
    registered = material.sources["model"].get("registered_at")
    opened = material.sources.get("opened_at")
    is_late = registered is not None and opened is not None and registered >= opened
    more = " They could have been chosen knowing the cases." if is_late else ""
    return (Note(text=f"{text}{more}", warning=is_late),)


def of_model(material: Material) -> tuple[Note, ...]:
    """Return the sentence that goes with an exploratory model's numbers."""
    if not material.notice:
        return ()
    model = material.sources["model"]
    untrained = (
        f" “{model['name']}” has random weights: its numbers show that the machinery works and say "
        "nothing about nodes."
        if model["provenance"] == "untrained"
        else ""
    )
    return (Note(text=f"{material.notice}{untrained}", warning=True),)


def of_bootstrap(material: Material) -> tuple[Note, ...]:
    """Say when resampling and the formula disagree about whether there is a difference."""
    primary = material.tables["primary"]
    drawn = (primary.get("bootstrap") or {}).get("result")
    tested = [entry for entry in primary["tests"] if entry["subject"] == "reader mean"]
    if not drawn or not tested:
        return ()
    # Inferiority by the margin is refuted by a lower limit above it; a difference on either side.
    margin = primary["margin"]
    border = 0.0 if margin is None else -float(margin)
    by_formula = _excludes(border, tested[0]["lower"], tested[0]["upper"])
    resampled = _excludes(border, *cells.limits_of(drawn))
    if by_formula is None or resampled is None or by_formula == resampled:
        return ()
    without = "the formula's" if by_formula else "the bootstrap's"
    return (
        Note(
            text="The interval of the planned test and the bootstrap's disagree about "
            f"{display.decimals(border, 2) if margin else 0}: only {without} leaves it out. The "
            "result is close to the border; do not lean on it.",
            warning=True,
        ),
    )


def _excludes(border: float, lower: float | None, upper: float | None) -> bool | None:
    return None if lower is None or upper is None else lower > border or upper < border
