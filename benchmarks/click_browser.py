"""(j) A click in a node, as an annotator sees it: from the mouse button to the drawn proposal.

    python benchmarks/click_browser.py [--patients 2]

Headless Chromium on the page of masks of phantom cases with slices of 512 x 512; the reference in
the same run is the plain answer of /healthz.
"""

import argparse
import statistics
import time

import stage
from viewer_speed import FLAGS

PLAIN = """async () => {
  const started = performance.now();
  await (await fetch('/healthz')).text();
  return performance.now() - started;
}"""
PROPOSED = """(said) => {
  const text = document.querySelector('[data-part="proposed"]').textContent;
  return text.startsWith('Proposed') && text !== said;
}"""


def place(page, case: dict, y: float, x: float) -> tuple[float, float]:
    """Where a pixel of the slice lies in the window, the slice fitted into the view."""
    geometry = case["geometry"]
    box = page.locator('[data-part="viewport"]').bounding_box()
    spacing_y, spacing_x = geometry["pixel_spacing_mm"]
    high, wide = geometry["rows"] * spacing_y, geometry["columns"] * spacing_x
    scale = min(box["height"] / high, box["width"] / wide)
    left = box["x"] + box["width"] / 2 + (x + 0.5 - geometry["columns"] / 2) * spacing_x * scale
    top = box["y"] + box["height"] / 2 + (y + 0.5 - geometry["rows"] / 2) * spacing_y * scale
    return left, top


def one_node(page, case: dict, node: dict) -> tuple[float, float]:
    """Return how long a click and a stroke took, in seconds; neither is saved."""
    _, y, x = node["centroid_zyx"]
    page.locator(".nw-node").nth(node["number"] - 1).click()
    page.wait_for_selector('[data-viewer^="ready"]')
    page.keyboard.press("c")
    at = place(page, case, y, x)
    page.mouse.move(*at)
    begun = time.perf_counter()
    page.mouse.click(*at)
    page.wait_for_function(PROPOSED, arg="", polling="raf")
    clicked = time.perf_counter() - begun
    page.mouse.move(*place(page, case, y, x + 2))
    page.mouse.down()
    page.mouse.move(*place(page, case, y, x + 7), steps=3)
    begun = time.perf_counter()
    with page.expect_response("**/propose/"):
        page.mouse.up()
    page.wait_for_function("() => document.querySelector('[data-part=progress]').hidden")
    stroked = time.perf_counter() - begun
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.querySelector('[data-part=proposal]').hidden")
    return clicked, stroked


def measured(page, address: str, patient: str) -> list[tuple[float, float]]:
    page.goto(f"{address}/cohorts/patients/{patient}/masks/")
    page.wait_for_selector('[data-viewer^="ready"]')
    url = f"/api/v1/cohorts/patients/{patient}/case/"
    case = page.evaluate("async (url) => (await fetch(url)).json()", url)
    return [one_node(page, case, node) for node in case["nodes"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2)
    options = parser.parse_args()
    with stage.database("sqlite") as url, stage.environment(url) as values:
        import django

        django.setup()
        from accounts.models import User
        from cohorts import services
        from cohorts.vocabulary import CohortRole

        owner, cohort = stage.take_in(patients=options.patients)
        annotator = User.objects.create(username="annotator", email="a@bench.invalid")
        services.add_member(by=owner, cohort=cohort, user=annotator, role=CohortRole.ANNOTATOR)
        session = stage.session_of(annotator)
        patients = [str(one.public_id) for one in cohort.patients.all()]
        from playwright.sync_api import sync_playwright

        with stage.server(values) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
            page = context.new_page()
            found = [one for patient in patients for one in measured(page, address, patient)]
            plain = statistics.median(page.evaluate(PLAIN) for _ in range(20)) / 1000
            browser.close()
    print(f"{len(found)} nodes of {len(patients)} cases; plain answer {1000 * plain:.0f} ms")
    print("| step | median s | longest s | ratio to a plain answer |\n|---|---|---|---|")
    for name, times in zip(("click", "stroke"), zip(*found, strict=True), strict=True):
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {max(times):.2f} | {median / plain:.0f} |")


if __name__ == "__main__":
    main()
