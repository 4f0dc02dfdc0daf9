"""(a) Time from sending a call to its acknowledgement, many readers at once.

    python benchmarks/save_latency.py [--readers 20] [--think 0.5] [--databases sqlite,postgresql]

Each reader is a client with its own session and connection; every call is saved, acknowledged and
counted in the database afterwards. The reference beside it is the same client asking /healthz.
"""

import argparse
import http.client
import json
import statistics
import threading
import time
import urllib.parse
import uuid

import stage


class Reader(threading.Thread):
    """Calls every node of its cases, again and again, for the given time."""

    def __init__(self, address: str, session: str, *, seconds: float, think: float) -> None:
        super().__init__()
        self.host = urllib.parse.urlsplit(address).netloc
        self.cookie, self.seconds, self.think = session, seconds, think
        self.saves: list[float] = []
        self.health: list[float] = []
        self.errors: list[str] = []

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        headers = {
            "Cookie": f"sessionid={self.cookie}; csrftoken={'x' * 32}",
            "X-CSRFToken": "x" * 32,
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def run(self) -> None:
        self.connection = http.client.HTTPConnection(self.host, timeout=60)
        _, studies = self.ask("GET", "/api/v1/reading/studies/")
        case = studies[0]["next_case"]
        _, body = self.ask("GET", f"/api/v1/reading/cases/{case}/")
        version, position = body["version"], 0
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            node = body["nodes"][position % len(body["nodes"])]
            call = {
                "call": str(uuid.uuid4()),
                "node": node["node"],
                "category": position % 3,
                "base_version": version,
                "shown_case": case,
                "shown_slice": node["slices"][0],
            }
            started = time.perf_counter()
            status, saved = self.ask("POST", f"/api/v1/reading/cases/{case}/calls/", call)
            self.saves.append(time.perf_counter() - started)
            if status != 201:
                self.errors.append(f"{status} {saved}")
                return
            version, position = saved["version"], position + 1
            if self.think:
                time.sleep(self.think)
            if position % 10 == 0:
                started = time.perf_counter()
                self.ask("GET", "/healthz")
                self.health.append(time.perf_counter() - started)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(kind: str, *, readers: int, think: float, seconds: float) -> str:
    with stage.database(kind) as url, stage.environment(url) as values:
        import django

        django.setup()
        sessions = stage.open_study(readers=readers, patients=2, slices=12, size=128)
        with stage.server(values) as address:
            clients = [
                Reader(address, session, seconds=seconds, think=think)
                for session in sessions.values()
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
        from readerstudy.reading.models import NodeCall

        saves = [value for client in clients for value in client.saves]
        health = [value for client in clients for value in client.health] or [0.0]
        errors = [error for client in clients for error in client.errors]
        stored = NodeCall.objects.count()
        ratio = statistics.median(saves) / (statistics.median(health) or 1)
        return (
            f"| {kind} | {readers} | {think:g} s | {len(saves)} | {len(saves) / seconds:.0f}/s | "
            f"{percentile(saves, 0.5):.0f} | {percentile(saves, 0.95):.0f} | "
            f"{percentile(saves, 0.99):.0f} | {ratio:.1f} x | {len(errors)} | "
            f"{'all' if stored == len(saves) else f'{stored} (!)'} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--think", type=float, default=0.5, help="seconds between calls")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--database", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--header", action="store_true")
    options = parser.parse_args()
    if options.header:
        print(
            "| database | readers | think | saves | rate | p50 ms | p95 ms | p99 ms | "
            "p50 / healthz p50 | errors | stored |\n|---|---|---|---|---|---|---|---|---|---|---|"
        )
    print(
        measure(
            options.database,
            readers=options.readers,
            think=options.think,
            seconds=options.seconds,
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
