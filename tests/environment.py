"""Environment of the test run; loaded before the settings are."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SECRET_KEY", "only-for-tests-0123456789-0123456789-0123456789")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
os.environ["NODEWISE_DATA_DIR"] = tempfile.mkdtemp(prefix="nodewise-tests-")
(Path(os.environ["NODEWISE_DATA_DIR"]) / "static").mkdir()
os.environ["NODEWISE_STATIC_FROM_SOURCE"] = "true"
os.environ.setdefault("NODEWISE_LOG_LEVEL", "WARNING")
