"""The form that starts a training: what may be chosen, and where each default comes from."""

from typing import Any

from django import forms

from accounts.models import User
from inference import selectors
from inference.runner import ARCHITECTURES
from inference.training.settings import TrainingSettings, published_settings

MAIN = ("runs", "folds", "epochs", "batch_size", "seed")

HELP = {
    "runs": "Published: 5. Each run trains every fold again, with another inner validation.",
    "folds": "Published: 5. Each patient is the outer test of one fold. Members = runs × folds.",
    "epochs": "An epoch shows every training node once.",
    "batch_size": "Nodes per step. DeepENE's is not published: the learning rate follows it.",
    "seed": "Of weights, order, dropout and augmentation. The same seed gives the same bits.",
    "learning_rate": "Of Adam. Left empty, it follows from the batch size by the published rule.",
    "weight_decay": "L2 on the weights that the publication names.",
    "evaluate_every": "Epochs between two looks at the inner validation; states are stored then.",
    "warm_up_steps": "Steps with a rising learning rate. Published DeepENE: the first runs at 0.",
    "batch_norm_momentum": "Share of the newest batch in the running statistics.",
    "recalibrate_batch_norm": "Recompute the running statistics before each evaluation: for "
    "trainings too short for the published running average.",
    "inner_folds": "The public code's split has 4. One inner fold validates, another in each run.",
    "early_stopping": "0, as published: the last epoch's weights are kept. Otherwise training "
    "stops after so many evaluations without a rise, and the best are kept.",
    "augmentation": "Random views of each node, as published.",
    "threshold_rule": "How the thresholds are chosen on the inner validation.",
    "false_positive_rate": "Upper bound, for the rule of that name.",
    "fold_seed": "Of the split into folds. Published: 12345.",
    "threads": "Results are the same to the bit only with the same number.",
}
LABELS = {"seed": "Seed", "fold_seed": "Seed of the folds", "threads": "Threads"}
YES_NO = [("", "Default"), ("true", "Yes"), ("false", "No")]
RULES = [("", "Default"), ("youden", "Youden"), ("false_positive_rate", "False-positive rate")]


class StartTraining(forms.Form):
    """Dataset, name and architecture; a setting left empty keeps its default."""

    name = forms.CharField(
        max_length=80,
        help_text="Of the model version to be.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    dataset = forms.ModelChoiceField(
        queryset=None,
        to_field_name="public_id",
        empty_label=None,
        label="Frozen training data",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    architecture = forms.ChoiceField(
        choices=[(name, name) for name in ARCHITECTURES],
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        datasets = self.fields["dataset"]
        datasets.queryset = selectors.training_datasets_for(user)
        datasets.label_from_instance = _dataset_label
        published = _published()
        for name, words in HELP.items():
            self.fields[name] = _setting_field(name, words, published)

    def main_settings(self) -> list[forms.BoundField]:
        """Return the settings that most people choose."""
        return [self[name] for name in MAIN]

    def advanced_settings(self) -> list[forms.BoundField]:
        """Return the other settings."""
        return [self[name] for name in HELP if name not in MAIN]

    def changes(self) -> dict[str, Any]:
        """Return the settings that were filled in."""
        given = {name: self.cleaned_data[name] for name in HELP}
        words = {"true": True, "false": False}
        return {
            name: words.get(value, value) if isinstance(value, str) else value
            for name, value in given.items()
            if value not in (None, "")
        }


def _dataset_label(dataset: Any) -> str:
    return (
        f"{dataset.cohort.name}: {dataset.nodes} nodes of {dataset.patients} patients, frozen "
        f"{dataset.frozen_at:%d %b %Y, %H:%M} UTC ({dataset.table_key[:12]})"
    )


def _published() -> dict[str, dict[str, Any]]:
    found = {}
    for architecture in ARCHITECTURES:
        try:
            found[architecture] = dict(published_settings(architecture))
        except ValueError:  # an architecture that cannot be trained
            continue
    return found


def _setting_field(name: str, words: str, published: dict[str, dict[str, Any]]) -> forms.Field:
    """Return the field of one setting; its default is shown and need not be typed."""
    field = TrainingSettings.__dataclass_fields__[name]
    defaults = {a: values[name] for a, values in published.items() if name in values}
    told = ", ".join(f"{a} {value:g}" for a, value in defaults.items())
    shared = {
        "required": False,
        "label": LABELS.get(name, name.replace("_", " ").capitalize()),
        "help_text": f"{words} Default: {told or _shown(field.default)}.",
    }
    select = forms.Select(attrs={"class": "form-select"})
    if field.type is bool:
        return forms.ChoiceField(choices=YES_NO, widget=select, **shared)
    if name == "threshold_rule":
        return forms.ChoiceField(choices=RULES, widget=select, **shared)
    number = forms.NumberInput(attrs={"class": "form-control", "step": "any"})
    if field.type is int:
        number.attrs["step"] = "1"
        return forms.IntegerField(widget=number, **shared)
    return forms.FloatField(widget=number, **shared)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")
