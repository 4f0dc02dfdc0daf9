"""Planning: what its pages show, from forms and stored results."""

from typing import Any

from readerstudy.analysis.models import PowerSimulation
from readerstudy.analysis.planning import selectors
from readerstudy.analysis.planning.closed_form_inputs import CLOSED_FORMS
from readerstudy.analysis.planning.closed_forms import ANSWERS, Answer
from readerstudy.analysis.planning.display import input_rows, scenarios
from readerstudy.analysis.planning.figure import power_curve
from readerstudy.analysis.planning.forms import PlanForm

FIRST = "areas"
CHOSEN = {"areas": "patients", "paired-proportions": "pairs", "readers": "cases"}


def formula_page(query: Any) -> dict[str, Any]:
    """Return the chosen formula with its answer, or with what is wrong with its inputs."""
    asked = query.get("method", FIRST)
    method = asked if asked in CLOSED_FORMS else FIRST
    form = PlanForm(method, query)
    answer = _answer(method, form) if form.is_valid() else None
    return {
        "methods": [(key, found.title) for key, found in CLOSED_FORMS.items()],
        "method": method,
        "question": CLOSED_FORMS[method].question,
        "form": form,
        "answer": answer,
        "figure": _figure(method, form, answer),
    }


def _answer(method: str, form: PlanForm) -> Answer | None:
    try:
        return ANSWERS[method](form.cleaned_data)
    except ValueError as refusal:
        form.add_error(None, f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.".replace("..", "."))
        return None


def _figure(method: str, form: PlanForm, answer: Answer | None) -> str:
    if answer is None or not answer.curve:
        return ""
    chosen = form.cleaned_data[CHOSEN[method]]
    return power_curve(answer.curve, across=answer.across, target=answer.target, chosen=chosen)


def simulation_page(simulation: PowerSimulation) -> dict[str, Any]:
    """Return a simulation's inputs and, when it has ended, its results."""
    found = selectors.results_of(simulation) if simulation.results_key else None
    return {
        "run": simulation,
        "inputs": input_rows(simulation.inputs),
        "scenarios": scenarios(found) if found else [],
        "margin": simulation.inputs.get("margin"),
        "level": f"{100 * (1 - simulation.inputs['alpha']):g}",
    }
