"""Reads the factorial reader studies of the reference folder into curves."""

import csv
from collections import defaultdict

from tests.readerstudy.statistics.reference import SHARED


def factorial_study(name):
    """Return labels, curves named "treatment|reader", and treatments -> curve names."""
    ratings, truth = defaultdict(dict), {}
    with (SHARED / "mrmc" / name).open() as file:
        for line in csv.DictReader(file):
            ratings[line["treatment"], line["reader"]][line["case"]] = float(line["rating"])
            truth[line["case"]] = int(line["truth"])
    cases = sorted(truth, key=int)
    curves = {f"{t}|{r}": [row[case] for case in cases] for (t, r), row in sorted(ratings.items())}
    treatments = defaultdict(list)
    for treatment, reader in sorted(ratings):
        treatments[treatment].append(f"{treatment}|{reader}")
    return [truth[case] for case in cases], curves, dict(treatments)
