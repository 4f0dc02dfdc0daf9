"""cohorts.candidates: from the operator's words to a provider."""

from importlib.metadata import entry_points

from cohorts.candidates.folder import FolderProvider
from cohorts.candidates.interface import CandidateProvider
from cohorts.candidates.program import ProgramProvider
from cohorts.candidates.provider_settings import ProviderSettings

GROUP = "nodewise.candidate_providers"


def make_provider(told: ProviderSettings) -> CandidateProvider:
    """Return the provider, made anew.

    Parameters
    ----------
    told : ProviderSettings

    Raises
    ------
    ValueError, TypeError
        If the settings are not those of its kind, or no installed package has the entry point.
    """
    try:
        if told.kind == "folder":
            return FolderProvider(told.settings)
        if told.kind == "program":
            return ProgramProvider(told.settings)
        return _installed(told)
    except (ValueError, TypeError) as fault:
        raise type(fault)(f"Provider '{told.name}': {fault}.") from fault


def _installed(told: ProviderSettings) -> CandidateProvider:
    settings = dict(told.settings)
    name = settings.pop("entry_point", "")
    for found in entry_points(group=GROUP, name=str(name)):
        provider: CandidateProvider = found.load()(settings)
        return provider
    raise ValueError(f"no installed package has the entry point '{name}' in {GROUP}")
