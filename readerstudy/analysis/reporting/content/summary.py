"""Content: the planned comparison in plain words, and what must be known before reading on."""

from collections.abc import Iterator, Mapping
from typing import Any

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells, notes
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    VIEW_WORDS,
    Material,
    counted,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Note, Paragraph, Row, Section, Table
from readerstudy.reading.plan_words import WORDS

READER_MEAN = "reader mean"


def section(material: Material) -> Section:
    """Return the summary."""
    primary = material.tables["primary"]
    blocks: list[Block] = [Paragraph(text=_population(material))]
    if primary["tests"]:
        blocks += [Paragraph(text=_question(primary))]
        blocks += [Paragraph(text=text) for text in _answers(material, primary)]
        blocks += [_table(material, primary), *_bootstrap(material, primary)]
    else:
        blocks.append(Paragraph(text=_nothing(material)))
    blocks += [*notes.of_primary(material), *_several(material, primary), *_early(material)]
    blocks += [*notes.of_bootstrap(material), *notes.of_parts(material)]
    blocks += notes.of_thresholds(material)
    blocks += [*notes.of_model(material), *_unblinding(material), *_amendments(material)]
    return Section(key="summary", title="Summary", blocks=tuple(blocks))


def banners(material: Material) -> tuple[str, ...]:
    """Return what stands on every page."""
    found = []
    if material.is_interim:
        left = material.sources.get("cases_not_submitted", 0)
        everything = left + material.sources.get("cases_submitted", 0)
        found.append(
            f"Interim: the study was open when these data were frozen; {left} of {everything} "
            "cases were not submitted and do not count."
        )
    if material.notice:
        found.append(material.notice)
    return tuple(found)


def _population(material: Material) -> str:
    whole, cohorts = material.whole, len(material.cohorts)
    sizes = f"{counted(whole['n_nodes'], 'node')} of {counted(whole['n_patients'], 'patient')}"
    readers = counted(len(material.readers), "reader")
    model = (material.sources.get("model") or {}).get("name", "one model")
    is_told = material.has_model or material.sources.get("model") is not None
    against = f"; the model is {model}" if is_told else "; no model was compared"
    return (
        f"{sizes} in {counted(cohorts, 'cohort')} were called by {readers}{against}."
        if cohorts
        else f"There are no nodes to analyse; {readers}."
    )


def _question(primary: Result) -> str:
    hypothesis = WORDS[primary["hypothesis"]]
    if primary["margin"] is not None:
        hypothesis += f" by a margin of {primary['margin']:.10g} in AUC"
    return (
        f"The planned primary comparison: AUC of {WORDS[primary['comparison']]} for "
        f"{WORDS[primary['endpoint']]}; readers' answers read as {VIEW_WORDS[primary['view']]}; "
        f"test {WORDS[primary['test']]}; hypothesis: {hypothesis}."
    )


def _nothing(material: Material) -> str:
    if not material.has_model and material.sources.get("model") is None:
        return "No model was compared: the report describes the readers alone."
    return (
        "The planned primary comparison could not be made: no node has a reference standard, a "
        "call and a score."
    )


def _answers(material: Material, primary: Result) -> Iterator[str]:
    nodes = _nodes(material.whole, primary)
    for entry in primary["tests"]:
        found = _difference(material, entry, nodes.get(entry["subject"]))
        yield f"{found} {_conclusion(material, primary, entry)}"


def _whom(subject: str) -> str:
    return "the mean of the readers" if subject == READER_MEAN else f"reader {subject}"


def _nodes(part: Result, primary: Result) -> Mapping[str, Any]:
    """Return the nodes each comparison rests on."""
    block = part["endpoints"][primary["endpoint"]]
    view = primary["view"]
    found = {
        entry["reader"]: _of_view(entry["nodes"], (entry[view] or {}).get("delong"))
        for entry in block["comparisons"]
    }
    if block["reader_mean"] is not None:
        contrast = notes.contrast_of(block, view) or {}
        found[READER_MEAN] = _of_view(
            block["reader_mean"]["nodes"], contrast.get("delong_fixed_readers")
        )
    return found


def _of_view(nodes: Result, tested: Result | None) -> Result:
    """Return the nodes tested; a reader's own confidence can be missing where a call is not."""
    if tested is None or tested["n"] == nodes["n"]:
        return nodes
    return {"n": tested["n"], "n_positive": tested["n_positive"], "n_patients": None}


def _difference(material: Material, entry: Result, nodes: Result | None) -> str:
    adjusted = material.plan.multiplicity != "none" and len(material.tables["primary"]["tests"]) > 1
    also = f", adjusted P {display.p_value(entry['adjusted_p'])}" if adjusted else ""
    on = (
        ""
        if nodes is None
        else f" on {counted(nodes['n'], 'node')} ({nodes['n_positive']} positive)"
        + ("" if nodes["n_patients"] is None else f" of {counted(nodes['n_patients'], 'patient')}")
    )
    if entry["estimate"] is None:
        return f"Model minus {_whom(entry['subject'])}{on}: undefined."
    found = display.with_limits(entry["estimate"], None, None).removesuffix(f" ({UNDEFINED})")
    interval = display.limits(entry["lower"], entry["upper"])
    is_margin = material.tables["primary"]["hypothesis"] == "non_inferiority"
    level = material.alpha / 2 if is_margin else material.alpha
    one_sided = "one-sided against the margin " if is_margin else ""
    return (
        f"Model minus {_whom(entry['subject'])}{on}: {found} ({material.ci} {interval}), "
        f"{one_sided}P {display.p_value_beside(entry['tested_p'], level)}{also}."
    )


def _conclusion(material: Material, primary: Result, entry: Result) -> str:
    if material.is_exploratory:
        return "Nothing is concluded from it: the comparison is exploratory."
    if entry["concluded"] is None:
        return "The test is undefined, so nothing was shown."
    sentence = _shown(primary, entry)
    if not material.is_interim:
        return sentence
    return f"At this interim look: {sentence[0].lower()}{sentence[1:]}"


def _several(material: Material, primary: Result) -> Iterator[Note]:
    number = len(primary["tests"])
    if number > 1 and material.plan.multiplicity == "none" and not material.is_exploratory:
        yield Note(
            text=f"{number} tests without adjustment: each errs by chance at the level named, so "
            "that one of them does so more often than that.",
            warning=True,
        )


def _early(material: Material) -> Iterator[Note]:
    if material.is_interim and material.tables["primary"]["tests"]:
        yield Note(
            text="The significance level makes no allowance for this interim look. Testing again "
            "at the end makes a chance finding more likely, unless the plan says how looks are "
            "paid for.",
            warning=True,
        )


def _shown(primary: Result, entry: Result) -> str:
    if primary["hypothesis"] == "non_inferiority":
        margin = f"{primary['margin']:.10g}"
        return (
            f"Non-inferiority within a margin of {margin} was shown."
            if entry["concluded"]
            else f"Non-inferiority within a margin of {margin} was not shown."
        )
    if not entry["concluded"]:
        return "A difference was not shown; that does not mean that the two are equal."
    better = "higher" if entry["estimate"] > 0 else "lower"
    return f"A difference was shown: the model's AUC is {better}."


def conclusion_word(primary: Result, entry: Result, *, exploratory: bool) -> str:
    """Return the conclusion for a cell."""
    if exploratory or entry["concluded"] is None:
        return UNDEFINED
    what = "Non-inferiority" if primary["hypothesis"] == "non_inferiority" else "Difference"
    return f"{what} {'shown' if entry['concluded'] else 'not shown'}"


def _table(material: Material, primary: Result) -> Table:
    rows: list[Row] = [cells.heading(f"{material.whole['name']} (primary)")]
    rows += _rows(material, material.whole, primary, primary)
    if len(material.cohorts) > 1:
        for part in material.cohorts:
            rows.append(cells.heading(f"{part['name']} (secondary)"))
            rows += _rows(material, part, primary, primary["by_cohort"][part["key"]])
    one_sided = primary["hypothesis"] == "non_inferiority"
    return Table(
        key="table-primary",
        title=f"Primary comparison: {ENDPOINT_TITLES[primary['endpoint']]}",
        columns=cells.columns(
            "Model minus",
            "Nodes (positive)",
            f"AUC difference ({material.ci})",
            "P, one-sided against the margin" if one_sided else "P",
            "P, adjusted",
            "Conclusion",
        ),
        rows=tuple(rows),
        notes=(
            f"Significance level {material.alpha:.10g}, two-sided"
            + (f"; non-inferiority one-sided at {material.alpha / 2:.10g}." if one_sided else "."),
            f"{_adjustment(primary)} Cohorts are tested "
            "apart from each other and carry no conclusion of their own.",
        ),
    )


def _adjustment(primary: Result) -> str:
    if primary["multiplicity"] == "none":
        return "Not adjusted for several tests."
    return f"Adjusted for several tests: {WORDS[primary['multiplicity']]}."


def _rows(material: Material, part: Result, primary: Result, found: Result) -> Iterator[Row]:
    nodes = _nodes(part, primary)
    is_primary = found is primary
    unadjusted = primary["multiplicity"] == "none"
    for entry in found["tests"]:
        on = nodes.get(entry["subject"])
        word = conclusion_word(primary, entry, exploratory=material.is_exploratory)
        yield cells.row(
            "Reader mean" if entry["subject"] == READER_MEAN else f"Reader {entry['subject']}",
            UNDEFINED if on is None else cells.counted(on),
            display.with_limits(entry["estimate"], entry["lower"], entry["upper"]),
            display.p_value(entry["tested_p"]),
            UNDEFINED if unadjusted else display.p_value(entry["adjusted_p"]),
            word if is_primary else "",
        )


def _bootstrap(material: Material, primary: Result) -> Iterator[Paragraph]:
    drawn = primary.get("bootstrap") or {}
    if drawn.get("result") is None:
        if drawn.get("reason"):
            yield Paragraph(text=f"Bootstrap: {drawn['reason']}")
        return
    skipped = drawn["skipped"]
    left = f"; {skipped:,} more lacked a class and were skipped" if skipped else ""
    is_planned = any(entry["subject"] == READER_MEAN for entry in primary["tests"])
    lead = "Beside it, without" if is_planned else "Not the planned comparison, and without"
    yield Paragraph(
        text=f"{lead} formulas: model minus the mean of the readers by resampling "
        f"patients: {cells.estimate(drawn['result'])} ({material.ci}, percentile; "
        f"{drawn['replicates']:,} resamples{left})."
    )


def _unblinding(material: Material) -> Iterator[Note]:
    number = material.facts.unblinding
    if number is None:
        return
    more = " Each further look makes a chance finding more likely." if number > 1 else ""
    yield Note(
        text=f"This is unblinded look number {number} at this test set.{more}", warning=number > 1
    )


def _amendments(material: Material) -> Iterator[Note]:
    for entry in material.sources.get("amendments") or ():
        before = material.facts.unblinded_before_amendment.get(entry["number"], 0)
        when = (
            "before any unblinded run"
            if not before
            else f"after {counted(before, 'unblinded run')}"
        )
        yield Note(
            text=f"The analysis plan was amended (number {entry['number']}, {entry['at']}), "
            f"{when}: {entry['reason']}",
            warning=before > 0,
        )
