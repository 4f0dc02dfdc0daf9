"""A stand-in for the reading API: the contract, and every way in which a frame can go wrong."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from django.template import Context, Engine

from tests.viewer.synthetic_case import SyntheticCase

ROOT = Path(__file__).resolve().parents[2]
FRAME_TYPE = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80"
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'"
)
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
LOGIN_PAGE = b"<!doctype html><title>Sign in</title>" + b"<p>Please sign in.</p>" * 40
FRAME_TIME_OUT_MS = 1500


class QuietServer(ThreadingHTTPServer):
    """A server whose browsers hang up in the middle: that is what the tests are about."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class StudyServer:
    """Three cases of one study, served as the reading API would."""

    def __init__(self) -> None:
        self.cases = [SyntheticCase(seed=1), SyntheticCase(seed=2), SyntheticCase(seed=3)]
        self.faults: dict[tuple[str, int], str] = {}
        self.offline = False
        self.refuse_calls_with: tuple[int, str] | None = None
        self.events: list[dict[str, Any]] = []
        self.frame_requests: list[tuple[str, int]] = []
        self.ended = threading.Event()
        self.lock = threading.Lock()
        handler = type("Handler", (StudyHandler,), {"study": self})
        self.http = QuietServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def page_of(self, case: SyntheticCase) -> str:
        return f"{self.address}/reading/cases/{case.case_id}/"

    def close(self) -> None:
        self.ended.set()
        self.http.shutdown()
        self.http.server_close()

    def find(self, case_id: str) -> tuple[int, SyntheticCase]:
        return next(pair for pair in enumerate(self.cases) if pair[1].case_id == case_id)

    def next_of(self, position: int) -> str | None:
        later = self.cases[position + 1 :]
        return next((case.case_id for case in later if case.state != "submitted"), None)

    def save_call(self, case: SyntheticCase, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One transaction of the real service: replay, refuse what is stale, or accept."""
        if body["call"] in case.accepted:
            return 200, case.accepted[body["call"]]
        if self.refuse_calls_with is not None:
            status, code = self.refuse_calls_with
            return status, {"code": code, "message": "The study is closed."}
        if body["base_version"] != case.version:
            current = {"version": case.version, "calls": case.calls}
            return 409, {"code": "stale_version", "message": "Changed.", "current": current}
        case.version += 1
        case.calls[body["node"]] = body["category"]
        case.log.append(body)
        answer = {"version": case.version, "node": body["node"], "category": body["category"]}
        case.accepted[body["call"]] = answer
        return 201, answer

    def submit(
        self, position: int, case: SyntheticCase, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if body["base_version"] != case.version:
            current = {"version": case.version, "calls": case.calls}
            return 409, {"code": "stale_version", "message": "Changed.", "current": current}
        if set(case.calls) != set(case.masks):
            return 422, {"code": "incomplete", "message": "Some nodes are not called."}
        case.state = "submitted"
        return 200, {"state": "submitted", "next": self.next_of(position)}

    def frame(self, case: SyntheticCase, index: int) -> tuple[int, str, bytes]:
        """A frame, or what the test asked for in its place."""
        good = case.frames[index]
        flipped = bytes([good[len(good) // 2] ^ 0x5A])
        other = self.cases[1] if case is self.cases[0] else self.cases[0]
        answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "missing": lambda: (404, "application/json", b'{"code": "not_found", "message": ""}'),
            "corrupt": lambda: (
                200,
                FRAME_TYPE,
                good[: len(good) // 2] + flipped + good[len(good) // 2 + 1 :],
            ),
            "truncated": lambda: (200, FRAME_TYPE, good[: len(good) // 2]),
            "login page": lambda: (200, "text/html", LOGIN_PAGE),
            "login page as image": lambda: (200, FRAME_TYPE, LOGIN_PAGE),
            "no transfer syntax": lambda: (200, "application/octet-stream", good),
            "other case": lambda: (200, FRAME_TYPE, other.frames[index]),
            "other slice": lambda: (200, FRAME_TYPE, case.frames[index - 1]),
        }
        fault = self.faults.get((case.case_id, index), "")
        return answers.get(fault, lambda: (200, FRAME_TYPE, good))()


class StudyHandler(BaseHTTPRequestHandler):
    """Pages, static files and the API of one StudyServer."""

    study: ClassVar[StudyServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the test output readable."""

    def do_GET(self) -> None:
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[0] == "static":
            self._static(ROOT.joinpath(*parts))
        elif parts[0] in {"reading", "harness"}:
            self._page(parts)
        elif parts[:3] == ["api", "v1", "reading"]:
            self._api(parts[3:], None)
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-CSRFToken"] != "token-of-the-test":
            self._json(403, {"code": "csrf", "message": "The form has expired."})
            return
        self._api(self.path.strip("/").split("/")[3:], body)

    def _api(self, parts: list[str], body: dict[str, Any] | None) -> None:
        if self.study.offline:
            self.close_connection = True
            return
        position, case = self.study.find(parts[1])
        match parts[2:]:
            case []:
                self._json(200, self._case(position, case))
            case ["pictures"]:
                self._json(200, case.pictures())
            case ["frames", index]:
                self._frame(case, int(index))
            case ["calls"]:
                with self.study.lock:
                    answer = self.study.save_call(case, body or {})
                self._json(*answer)
            case ["submit"]:
                self._json(*self.study.submit(position, case, body or {}))
            case ["events"]:
                self.study.events.extend((body or {})["events"])
                self._json(202, {})
            case _:
                self._json(404, {"code": "not_found", "message": "No such route."})

    def _case(self, position: int, case: SyntheticCase) -> dict[str, Any]:
        return case.payload(
            position=position + 1,
            total=len(self.study.cases),
            next_case=self.study.next_of(position),
        )

    def _frame(self, case: SyntheticCase, index: int) -> None:
        self.study.frame_requests.append((case.case_id, index))
        fault = self.study.faults.get((case.case_id, index))
        if fault == "never":
            self.study.ended.wait(30)
            self.close_connection = True
            return
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", "/harness/login/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, kind, data = self.study.frame(case, index)
        declared = len(data)
        if fault == "cut":
            declared, data = len(data), data[: len(data) // 2]
            self.close_connection = True
        cache = "private, max-age=31536000, immutable" if fault is None else "no-store"
        self._send(status, kind, data, declared=declared, cache=cache)

    def _page(self, parts: list[str]) -> None:
        reading = parts[0] == "reading"
        case_id = parts[2] if reading else self.study.cases[0].case_id
        context = {
            "case_url": f"/api/v1/reading/cases/{case_id}/",
            "study_url": "/reading/studies/the-study/",
            "csrf_token": "token-of-the-test",
            "frame_time_out_ms": FRAME_TIME_OUT_MS,
        }
        engine = Engine(
            dirs=[str(ROOT / "templates"), str(Path(__file__).parent / "templates")],
            libraries={"static": "tests.viewer.plain_static"},
        )
        name = "reading/case.html" if reading else "viewer-harness.html"
        html = engine.get_template(name).render(Context(context, use_l10n=False))
        self._send(200, "text/html; charset=utf-8", html.encode())

    def _static(self, path: Path) -> None:
        if path.parts[len(ROOT.parts) + 1] == "test-harness":
            path = Path(__file__).parent / "templates" / path.name
        if not path.is_file():
            self._send(404, "text/plain", b"")
            return
        self._send(200, TYPES.get(path.suffix, "text/plain"), path.read_bytes())

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(
        self,
        status: int,
        kind: str,
        data: bytes,
        *,
        declared: int | None = None,
        cache: str = "no-store",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if declared is None else declared))
        self.send_header("Cache-Control", cache)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(data)
