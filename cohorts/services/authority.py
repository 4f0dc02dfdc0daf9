"""Who may write here: the check that begins each service of the ground floor.

``by=None`` is the operator at the command line, who needs no role; pages and API always pass the
signed-in person.
"""

from django.core.exceptions import PermissionDenied

from accounts.models import User
from cohorts import selectors
from cohorts.models import Cohort
from cohorts.vocabulary import CohortRole


def refuse_unless_coordinator(by: User | None, cohort: Cohort) -> None:
    """Raise PermissionDenied unless ``by`` coordinates the cohort, or is the operator."""
    if by is not None and not selectors.has_role(by, cohort, CohortRole.COORDINATOR):
        raise PermissionDenied(f"Only a coordinator of '{cohort.name}' may do this.")
