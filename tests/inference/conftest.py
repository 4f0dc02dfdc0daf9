"""Two untrained members on disk, and a model version made of them."""

import hashlib
from pathlib import Path

import pytest

from cohorts import storage
from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.deepene.untrained import write_untrained_members
from inference.models import ModelMember, ModelVersion, Provenance

PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT).to_dict()


def record_version(name: str, files: list, **fields) -> ModelVersion:
    """Record member files as a model version without checking them in a process of their own."""
    version = ModelVersion.objects.create(
        name=name,
        architecture="DeepENE",
        provenance=fields.pop("provenance", Provenance.UNTRAINED),
        parameters=fields.pop("parameters", PARAMETERS),
        digest=hashlib.sha256(name.encode()).hexdigest(),
        **fields,
    )
    for file in files:
        ModelMember.objects.create(
            model_version=version,
            run=file.run,
            fold=file.fold,
            sha256=storage.put_file(file.path),
        )
    return version


@pytest.fixture(autouse=True)
def _one_thread(settings) -> None:
    """More threads than free cores only wait for each other."""
    settings.INFERENCE_THREADS = 1


@pytest.fixture(scope="session")
def member_files(tmp_path_factory) -> list:
    return write_untrained_members(tmp_path_factory.mktemp("members"), 7, [(0, 0), (0, 1)])


@pytest.fixture(scope="session")
def member_folder(member_files) -> Path:
    return member_files[0].path.parents[2]


@pytest.fixture
def version(db, member_files) -> ModelVersion:
    """Two of 25 untrained members."""
    return record_version("Demo", member_files)
