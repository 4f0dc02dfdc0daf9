"""Content: how far the readers agree with each other (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Note, Paragraph, Row, Section, Table

CATEGORIES = ("Benign", "Metastasis", "Metastasis with ENE")
CODINGS = ("three_categories", "binary")
OK = "ok"


def section(material: Material) -> Section:
    """Return Table S5, the categories one by one, and the figure."""
    if len(material.readers) < 2:
        text = "Agreement needs two readers."
        return Section(
            key="agreement", title="Agreement of the readers", blocks=(Paragraph(text=text),)
        )
    blocks: list[Block] = [_table(material), _by_category(material)]
    blocks += [*_undefined(material), *material.shown("agreement")]
    return Section(key="agreement", title="Agreement of the readers", blocks=tuple(blocks))


def _codings(material: Material) -> Iterator[tuple[str, str, Result, str]]:
    """Yield coding, name, the block that has it and the key within: categories once, then yes/no.

    All three categories are asked of all nodes, whichever endpoint: they are taken from one.
    """
    all_nodes = [name for name in material.endpoints if name != "ene_among_metastatic"]
    for part in material.printed:
        for endpoint in all_nodes[:1]:
            agreement = part["endpoints"][endpoint]["agreement"]
            yield part["name"], "Three categories", agreement, "three_categories"
        for endpoint in material.endpoints:
            agreement = part["endpoints"][endpoint]["agreement"]
            yield part["name"], f"{ENDPOINT_TITLES[endpoint]}: yes or no", agreement, "binary"


def _table(material: Material) -> Table:
    rows: list[Row] = []
    last = None
    for cohort, name, agreement, coding in _codings(material):
        if cohort != last:
            rows.append(cells.heading(cohort))
            last = cohort
        rows.append(_row(name, agreement, coding))
    return Table(
        key="table-s5",
        title="Table S5. Agreement of the readers",
        columns=cells.columns(
            "",
            "Nodes called by all",
            f"Fleiss κ ({material.ci}, by node)",
            f"{material.ci}, by patient",
            "Landis and Koch",
            f"Gwet AC1 ({material.ci})",
            f"Krippendorff α ({material.ci})",
            "Mean Cohen κ of the pairs",
        ),
        rows=tuple(rows),
        notes=(
            "κ on nodes that every reader called. By node: Gwet, t; by patient: jackknife, t. "
            "Words after Landis and Koch 1977: below 0 poor, to .20 slight, to .40 fair, to .60 "
            "moderate, to .80 substantial, above almost perfect. κ depends on how frequent the "
            "categories are; AC1 does so less.",
        ),
    )


def _row(name: str, agreement: Result, coding: str) -> Row:
    found = agreement[coding]
    if found is None:
        return cells.row(name, *[UNDEFINED] * 7)
    besides = agreement.get(f"{coding}_besides") or {}
    kappa = {"estimate": found["kappa"], "interval": (found["gwet"] or {}).get("interval")}
    pairs = besides.get("cohen_pairs") or {}
    return cells.row(
        name,
        f"{found['n_complete']} of {found['n_nodes']}",
        cells.estimate(kappa),
        cells.interval(found["jackknife_patient"]),
        found["landis_koch"] or UNDEFINED,
        cells.estimate(besides.get("gwet_ac1")),
        cells.estimate(besides.get("krippendorff_nominal")),
        display.signed(pairs.get("mean_kappa")),
    )


def _by_category(material: Material) -> Table:
    rows: list[Row] = []
    for cohort, name, agreement, coding in _codings(material):
        if coding != "three_categories" or agreement[coding] is None:
            continue
        found = agreement[coding]
        rows.append(cells.heading(f"{cohort} – {name}"))
        # Where no node was called by all readers there is nothing to share out.
        nothing = (None,) * len(found["categories"])
        shares, kappas = found["proportions"] or nothing, found["per_category"] or nothing
        rows += [
            cells.row(CATEGORIES[category], display.whole_percent(share), display.signed(kappa))
            for category, share, kappa in zip(found["categories"], shares, kappas, strict=True)
        ]
    return Table(
        key="table-s5b",
        title="Table S5b. Agreement on each category",
        columns=cells.columns("Category", "Share of calls, %", "Fleiss κ"),
        rows=tuple(rows),
        notes=("κ of one category against the two others together.",),
    )


def _undefined(material: Material) -> Iterator[Note]:
    for cohort, name, agreement, coding in _codings(material):
        found = agreement[coding]
        if found is not None and found["status"] != OK:
            yield Note(text=f"{cohort}, κ of {name}: {material.sentence(found['status'])}")
