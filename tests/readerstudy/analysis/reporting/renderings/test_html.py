import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from readerstudy.analysis.reporting.document import (
    Column,
    Document,
    Figure,
    Row,
    Section,
    Table,
)
from readerstudy.analysis.reporting.renderings.html import html_context
from tests.readerstudy.analysis.reporting.renderings.samples import sample

pytestmark = pytest.mark.no_database
RUN = SimpleNamespace(public_id="00000000-0000-0000-0000-000000000000")


@pytest.fixture(scope="module")
def page():
    return render_to_string(
        "analysis/_document.html", {"document": html_context(sample()), "run": RUN}
    )


def test_texts_are_escaped(page):
    assert "&lt;/w:t&gt;" in page
    assert "<b>" not in page
    assert "Study #1 &lt;&amp;&gt;" in page


def test_no_inline_style_or_script(page):
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


def test_sections_nest_with_their_heading_levels_and_anchors(page):
    assert re.search(r'<h2 id="first-heading">', page)
    assert re.search(r'<h3 id="inner-heading">', page)
    for key in ("first", "inner", "big", "hostile", "wide", "long", "figure-f-0"):
        assert page.count(f'id="{key}"') == 1


def test_numbers_are_flush_right_and_long_notes_folded(page):
    assert '<td class="number">0.80 (0.7–0.9)</td>' in page
    assert '<th scope="rowgroup" colspan="14">Cohort 1</th>' in page
    assert "<details" in page


def test_no_anchor_stands_twice(page):
    found = re.findall(r'\sid="([^"]*)"', page)
    assert sorted(found) == sorted(set(found))


def test_figures_in_a_row_stand_together_and_sentences_may_wrap():
    figures = [Figure(key=f"f{n}", title="F", svg="<svg/>", alt="") for n in range(3)]
    table = Table(
        key="t",
        title="T",
        columns=(Column(title="Item"), Column(title="Answer")),
        rows=(Row(cells=("1", "A sentence that is longer than any name of a reader.")),),
    )
    blocks = (figures[0], figures[1], table, figures[2])
    section = Section(key="s", title="S", blocks=blocks)
    (found,) = html_context(Document(title="D", subtitle="", sections=(section,)))["sections"]
    kinds = [(block["kind"], len(block.get("figures", ()))) for block in found["blocks"]]
    assert kinds == [("figures", 2), ("table", 0), ("figures", 1)]
    assert [column["running"] for column in found["blocks"][1]["columns"]] == [False, True]
