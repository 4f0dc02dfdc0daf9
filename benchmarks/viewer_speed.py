"""(b) Time to the first slice and to all slices of a case in headless Chromium, on loopback.

    python benchmarks/viewer_speed.py [--rounds 5]

The reference in the same run is fetching the same frames with plain `fetch`, six at a time, without
decoding or drawing.
"""

import argparse
import statistics

import stage

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

FETCH_ALL = """async (base) => {
  const started = performance.now();
  const pictures = await (await fetch(`${base}pictures/`)).json();
  const waiting = pictures.frames.map((frame) => frame.index);
  const lane = async () => {
    while (waiting.length) {
      await (await fetch(`${pictures.frames_url}${waiting.pop()}/`)).arrayBuffer();
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(lane));
  return [performance.now() - started, pictures.frames.length];
}"""


def one_round(browser, address: str, session: str, case: str) -> tuple[float, float, float, int]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/account/password/")
    plain, frames = page.evaluate(FETCH_ALL, f"/api/v1/reading/cases/{case}/")
    context.close()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/reading/cases/{case}/", wait_until="commit")
    page.wait_for_selector('[data-viewer^="ready"]')
    first = page.evaluate("performance.now()")
    page.wait_for_selector(f'[data-viewer*="loaded:{frames}"]')
    everything = page.evaluate("performance.now()")
    context.close()
    return first, everything, plain, frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with stage.database("sqlite") as url, stage.environment(url) as values:
        import django

        django.setup()
        sessions = stage.open_study(readers=1, patients=2)
        from readerstudy.reading.models import Assignment

        case = str(Assignment.objects.get(position=1).public_id)
        from playwright.sync_api import sync_playwright

        with stage.server(values) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            rounds = [
                one_round(browser, address, sessions["reader0"], case)
                for _ in range(options.rounds)
            ]
            browser.close()
    first, everything, plain = (statistics.median(r[i] for r in rounds) for i in range(3))
    print(f"{rounds[0][3]} slices of 512 x 512, median of {options.rounds} cold page loads")
    print("| step | ms | ratio to plain fetch of all frames |\n|---|---|---|")
    print(f"| plain fetch of all frames | {plain:.0f} | 1 |")
    print(f"| first slice shown (from navigation) | {first:.0f} | {first / plain:.2f} |")
    print(f"| all slices decoded (from navigation) | {everything:.0f} | {everything / plain:.2f} |")


if __name__ == "__main__":
    main()
