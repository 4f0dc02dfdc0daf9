import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

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
    assert re.search(r'<h2 id="first-title">', page)
    assert re.search(r'<h3 id="inner-title">', page)
    for key in ("first", "inner", "big", "hostile", "wide", "long", "f-0"):
        assert page.count(f'id="{key}"') == 1


def test_numbers_are_flush_right_and_long_notes_folded(page):
    assert '<td class="number">0.80 (0.7–0.9)</td>' in page
    assert '<th scope="rowgroup" colspan="14">Cohort 1</th>' in page
    assert "<details" in page
