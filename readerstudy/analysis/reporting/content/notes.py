"""Content: sentences that must not be missed, made only when they apply (pure)."""

from collections.abc import Iterable, Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import Material, listed
from readerstudy.analysis.reporting.document import Note
from readerstudy.statistics.clustered import FEW_PATIENTS

FEW_OF_A_CLASS = 20
"""Patients with a node of one class; a clustered variance has so many terms from that class."""
OK = "ok"


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


def contrast_of(block: Result, view: str) -> Result | None:
    """Return the model against the mean of the readers; None where there is nothing to compare."""
    mean = block["reader_mean"] or {}
    found: Result | None = (mean.get(view) or {}).get("model_minus_mean")
    return found


def _sides_of_alpha(material: Material, where: str, block: Result) -> Iterator[Note]:
    alpha = material.alpha
    for whom, plain, clustered in _tests(block, material.view):
        first, second = cells.p_of(plain), cells.p_of(clustered)
        if first is None or second is None or (first <= alpha) == (second <= alpha):
            continue
        yield Note(
            text=f"{where}, model against {whom}: the plain test (P {display.p_value(first)}) and "
            f"the test that allows for nodes of one patient being alike (P "
            f"{display.p_value(second)}) fall on different sides of {_level(alpha)}. Nodes of one "
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
    yield Note(
        text=f"{where}, model against the mean of the readers, by patient: for these readers P is "
        f"{display.p_value(fixed)}, for readers in general {display.p_value(general)}: different "
        f"sides of {_level(alpha)}. What was found of these readers cannot be said of all readers."
        if fixed <= alpha
        else f"{where}, model against the mean of the readers, by patient: for readers in general "
        f"P is {display.p_value(general)}, for these readers {display.p_value(fixed)}: different "
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
            "here and are optimistic; the threshold fixed with the model is not."
        )


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
    by_formula = _excludes_zero(tested[0]["lower"], tested[0]["upper"])
    resampled = _excludes_zero(*cells.limits_of(drawn))
    if by_formula is None or resampled is None or by_formula == resampled:
        return ()
    without = "the formula's" if by_formula else "the bootstrap's"
    return (
        Note(
            text="The interval of the planned test and the bootstrap's disagree about 0: only "
            f"{without} leaves it out. The result is close to the border; do not lean on it.",
            warning=True,
        ),
    )


def _excludes_zero(lower: float | None, upper: float | None) -> bool | None:
    return None if lower is None or upper is None else lower > 0 or upper < 0
