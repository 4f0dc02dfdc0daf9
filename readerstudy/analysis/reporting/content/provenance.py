"""Content: digests and versions: what a number can be traced back to (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.comparator import role_of
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Column, Row, Section, Table

Line = tuple[str, str]


def section(material: Material) -> Section:
    """Return where data, plan, model and code come from."""
    return Section(
        key="provenance",
        title="Provenance",
        blocks=(
            Table(
                key="table-provenance",
                title="Where everything comes from",
                columns=(Column(title="What"), Column(title="Digest and particulars")),
                rows=tuple(Row(cells=line) for line in _lines(material)),
            ),
        ),
    )


def colophon(material: Material) -> tuple[Line, ...]:
    """Return what identifies the report itself."""
    results = material.results
    found = (
        ("Dataset", str(results.get("dataset_digest", ""))),
        ("Results", material.facts.results_digest),
        ("Code", str(results.get("code_version", ""))),
        ("Seed", str(results.get("seed", ""))),
        ("Frozen", material.facts.frozen_at),
    )
    return tuple((name, value) for name, value in found if value)


def _lines(material: Material) -> Iterator[Line]:
    facts, sources = material.facts, material.sources
    by = f", by {facts.frozen_by}" if facts.frozen_by else ""
    for name, value in colophon(material):
        yield name, f"{value}{by}" if name == "Frozen" else value
    if sources.get("origin") == "imported":
        yield from _imported(material)
    elif sources.get("protocol_digest"):
        yield "Protocol", str(sources["protocol_digest"])
    for standard in sources.get("reference_standards") or ():
        yield (
            "Reference standard",
            f"{standard['cohort']}, version {standard['version']}, {standard['digest']}",
        )
    yield from _model(material)
    if "cases_submitted" in sources:
        yield (
            "Cases",
            f"{sources['cases_submitted']} submitted, {sources['cases_not_submitted']} not",
        )
    if facts.unblinding is not None:
        yield "Use of this test set", f"unblinded look number {facts.unblinding}"


def _imported(material: Material) -> Iterator[Line]:
    sources = material.sources
    ignored = sources.get("ignored_columns")
    left = f" Columns left out: {', '.join(ignored)}." if ignored else ""
    yield (
        "Imported file",
        f"{sources['file_name']}, {sources['file_sha256']}. Read elsewhere: calls and reference "
        f"standard are taken as the file gives them.{left}",
    )


def _model(material: Material) -> Iterator[Line]:
    sources = material.sources
    model = sources.get("model")
    if model is None:
        return
    members = (
        ""
        if model.get("members") is None
        else f", {model['members']} of {model['expected_members']} members"
    )
    label = model.get("provenance_label") or model.get("provenance")
    yield (
        "Model",
        f"{model['name']} ({label}{members}; {role_of(sources)}), {model.get('digest', '')}".rstrip(
            ", "
        ),
    )
    if sources.get("out_of_fold_nodes"):
        yield (
            "Out-of-fold scores",
            f"{sources['out_of_fold_nodes']}, by the members that did not train on the patient",
        )
    if sources.get("ene_rule"):
        yield "ENE nodes per patient", str(sources["ene_rule"])
