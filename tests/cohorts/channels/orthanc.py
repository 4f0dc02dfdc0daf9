"""A real DICOMweb archive on this machine: Orthanc with its plugin, in a folder of its own."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

PLUGINS = [
    Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/lib/orthanc/plugins/libOrthancDicomWeb.so"),
]
USER, PASSWORD = "nodewise", "archive-password"


def absence():
    """Why the tests of this folder cannot run here; empty where they can."""
    if shutil.which("Orthanc") is None or not any(path.exists() for path in PLUGINS):
        return "Orthanc with its DICOMweb plugin is not installed (orthanc, orthanc-dicomweb)"
    return ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    def __init__(self, port, folder):
        self.folder = folder
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/dicom-web"

    def ask(self, path, *, data=None, method=None):
        request = urllib.request.Request(self.base + path, data=data, method=method)
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def send(self, *folders):
        for folder in folders:
            paths = folder.rglob("*") if folder.is_dir() else [folder]
            for path in paths:
                if path.is_file():
                    self.ask("/instances", data=path.read_bytes())

    def forget_all(self):
        for patient in self.ask("/patients"):
            self.ask(f"/patients/{patient}", method="DELETE")


@contextmanager
def running(folder):
    """Start the archive, wait until it answers, and end it."""
    port = free_port()
    told = {
        "Name": "test",
        "StorageDirectory": str(folder / "images"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(path) for path in PLUGINS if path.exists()],
        "HttpPort": port,
        "DicomServerEnabled": False,
        # Without it a file that is gone would still be answered from memory.
        "MaximumStorageCacheSize": 0,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(told))
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            ["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log
        )
    try:
        yield _answering(Orthanc(port, folder), process, folder / "log.txt")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answering(archive, process, log):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            archive.ask("/system")
            return archive
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Orthanc did not start: {log.read_text()[-2000:]}")
