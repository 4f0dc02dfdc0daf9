"""The page of masks as somebody draws on it, and what the server has of it."""

import json
import re
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Locator, Page, expect

from cohorts.dicom.runs import full_mask
from tests.e2e import pages
from tests.e2e.person import Person


def mask_of(runs: dict) -> np.ndarray:
    """Run lengths as the API tells them, as a whole volume (z, y, x)."""
    return full_mask(json.dumps(runs, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Drawing:
    """One tab with the page of masks, and where things are on its picture."""

    person: Person
    page: Page
    patient: str

    def part(self, name: str) -> Locator:
        return self.page.locator(f'[data-part="{name}"]')

    def shot(self, name: str) -> None:
        self.person.shot(name, self.page)

    def case(self) -> dict:
        return self.person.get(f"/api/v1/cohorts/patients/{self.patient}/case/")

    def node(self, number: int) -> dict:
        (found,) = [one for one in self.case()["nodes"] if one["number"] == number]
        return found

    def mask(self, number: int) -> np.ndarray:
        return mask_of(self.node(number)["runs"])

    def choose(self, number: int) -> None:
        self.page.locator(".nw-node", has_text=re.compile(rf"^Node {number},")).click()
        self.is_on(number)

    def is_on(self, number: int, version: int | None = None) -> None:
        expect(self.part("node-heading")).to_have_text(f"Node {number}")
        self.page.wait_for_selector(pages.READY)
        if version is not None:
            expect(self.part("node-version")).to_have_text(f"version {version}")

    def at(self, y: float, x: float) -> tuple[float, float]:
        """Where a place of the slice lies in the window, the slice fitted into the view."""
        grid = self.case()["geometry"]
        box = self.part("viewport").bounding_box()
        spacing_y, spacing_x = grid["pixel_spacing_mm"]
        high, wide = grid["rows"] * spacing_y, grid["columns"] * spacing_x
        scale = min(box["height"] / high, box["width"] / wide)
        left = box["x"] + box["width"] / 2 + (x - grid["columns"] / 2) * spacing_x * scale
        top = box["y"] + box["height"] / 2 + (y - grid["rows"] / 2) * spacing_y * scale
        return left, top

    def stroke(self, number: int, *, right: int) -> None:
        """Drag from the node's middle to the right, as many pixels as are asked for."""
        _, y, x = self.node(number)["centroid_zyx"]
        self.drag((y, x), right=right)
        expect(self.part("save-text")).to_have_text("Changes not saved")

    def drag(self, middle: tuple[float, float], *, right: int) -> None:
        y, x = middle
        self.page.mouse.move(*self.at(y + 0.5, x + 0.5))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(y + 0.5, x + 0.5 + right), steps=4)
        self.page.mouse.up()

    def newest_version(self, text: str) -> None:
        expect(self.part("versions").locator("li").first).to_contain_text(text)
