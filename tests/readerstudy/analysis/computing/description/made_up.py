"""Made-up frozen tables, small and large."""

import random

from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import (
    CaseReading,
    FlowCount,
    FrozenTable,
    NodeLabels,
    PatientRow,
)

READERS = ("R1", "R2")


def node(cohort, patient, number, truth, *, sad=None, calls=(0, 0), score=0.5):
    return NodeRow(
        cohort=cohort,
        patient=patient,
        node=str(number),
        truth=truth,
        calls=dict(zip(READERS, calls, strict=True)),
        score_metastasis=score,
        score_ene=score,
        short_axis_mm=sad,
    )


def person(cohort, patient, **known):
    return PatientRow(cohort=cohort, patient=patient, model_ene=None, note="", **known)


def reading(reader, cohort, patient, **told):
    found = {"nodes": 1, "active_seconds": None, "total_seconds": None, "changed_calls": 0}
    return CaseReading(reader=reader, cohort=cohort, patient=patient, **(found | told))


def labelled(cohort, number, first, second):
    return NodeLabels(cohort=cohort, patient="P", node=str(number), first=first, second=second)


def flow_count(cohort, code, patients, nodes):
    return FlowCount(cohort=cohort, exclusion_code=code, patients=patients, nodes=nodes)


def frozen(rows=(), *, patients=(), readings=(), labels=(), flow=(), model=True):
    return FrozenTable(
        sources={"model": {"name": "M"} if model else None},
        table=StudyTable(readers=READERS, rows=tuple(rows)),
        mask_digests={row.key: "0" for row in rows},
        patients=None if patients is None else tuple(patients),
        readings=tuple(readings),
        labels=tuple(labels),
        flow=tuple(flow),
    )


def drawn(seed, *, cohorts=3, patients=20, most_nodes=6, missing=0.1):
    """A study with something missing everywhere."""
    rng = random.Random(seed)
    parts = {"rows": [], "patients": [], "readings": [], "labels": [], "flow": []}
    for at in range(cohorts):
        name = "ABCDEF"[at]
        n_nodes = 0
        for number in range(patients):
            nodes = rng.randint(0, most_nodes)
            n_nodes += nodes
            _draw_patient(rng, parts, name, f"P{number}", nodes, missing)
        parts["flow"] += [
            flow_count(name, "", patients, n_nodes),
            flow_count(name, "motion", rng.randint(1, 5), rng.randint(0, 9)),
        ]
    return frozen(**parts)


def _draw_patient(rng, parts, cohort, patient, nodes, missing):
    def perhaps(value, unknown=None):
        return unknown if rng.random() < missing else value

    parts["patients"].append(
        person(
            cohort,
            patient,
            age_years=perhaps(rng.randint(35, 85)),
            sex=perhaps(rng.choice("FM"), ""),
            primary_site=perhaps(rng.choice(["larynx", "hypopharynx", "oropharynx"]), ""),
            pt=perhaps(rng.choice("1234"), ""),
            scanner=perhaps(rng.choice(["A", "B"]), ""),
            slice_thickness_mm=perhaps(rng.choice([1.0, 1.25, 2.0, 10.0])),
        )
    )
    for number in range(nodes):
        truth = perhaps(rng.choice((0, 0, 0, 1, 2)))
        parts["rows"].append(
            node(
                cohort,
                patient,
                number,
                truth,
                sad=perhaps(round(rng.uniform(3, 12) + 4 * (truth or 0), 2)),
                calls=(perhaps(rng.randint(0, 2)), perhaps(rng.randint(0, 2))),
                score=perhaps(rng.random()),
            )
        )
        first = rng.choice((0, 1, 2, 9))
        second = first if rng.random() < 0.7 else rng.choice((0, 1, 2, 9))
        parts["labels"].append(labelled(cohort, number, first, second))
    for reader in READERS:
        parts["readings"].append(
            reading(
                reader,
                cohort,
                patient,
                nodes=nodes,
                active_seconds=perhaps(rng.uniform(20, 400)),
                total_seconds=perhaps(rng.uniform(400, 4000)),
                changed_calls=rng.randint(0, 3),
            )
        )
