"""Every page in headless Chromium on a phone, a tablet and a desk: nothing beyond the edge, no word broken, enough
contrast, and no table where there is no room for columns."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentops.campaigns.results import Results
from agentops.clock import Period
from agentops.compare.call_totals import CallTotals
from agentops.compare.comparison import Figure, Measure, RevisionComparison, Unit
from agentops.compare.statistics import Interval
from agentops.document import Revision
from agentops.render.calls.html import run_html
from agentops.render.campaign.html import results_html
from agentops.render.compare.html import comparison_html

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "calls"))
import sample_runs  # noqa: E402 - of another folder

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is in the dev group")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium: `make browser` installs it on Debian"),
]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# The words that stand on more than one line. What has no space in a whole line's length has to break somewhere.
BROKEN = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) for (const run of walker.currentNode.data.matchAll(/\\S{2,30}(?!\\S)/g)) {
    if (/\\S/.test(walker.currentNode.data[run.index - 1] ?? " ")) continue;
    for (const word of run[0].matchAll(/[A-Za-z]{2,}/g)) {
      const range = document.createRange(), start = run.index + word.index;
      range.setStart(walker.currentNode, start);
      range.setEnd(walker.currentNode, start + word[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
}"""
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def comparison() -> str:
    measures = (
        Measure("completion", Unit.SHARE, Figure(0.81, 240), Figure(0.88, 230), Interval(0.004, 0.13), 300),
        Measure("ended by conversation-timeout", Unit.SHARE, Figure(0.1, 240), Figure(0.09, 230), None, 3000),
        Measure("time to first answer (median)", Unit.MILLISECONDS, Figure(912.0, 9), Figure(None, 0), None, 80),
    )
    old, new = Revision("r1", 7, "1f0c2aa Promise faster delivery"), Revision("r2", 8)
    calls = (CallTotals("r1", 260), CallTotals("r2", 251))
    return comparison_html(
        RevisionComparison("support", ("webcall",), Period(), old, new, *calls, measures, ("summary",))
    )


def campaign() -> str:
    failed = {"no-answer-after-thirty-seconds": 12, "busy": 3}
    return results_html("Renewals in November", "completed", Results(90, 88, 70, calls=101, answered=70, failed=failed))


PAGES = {
    "plan": lambda: (TESTS / "plan/golden/review.html").read_text("utf-8"),
    "import": lambda: (TESTS / "importers/golden/report.html").read_text("utf-8").replace("<details", "<details open"),
    "calls": lambda: run_html(sample_runs.mixed()),
    "comparison": comparison,
    "campaign": campaign,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.mark.parametrize("name", PAGES)
def test_it_fits_every_screen(browser: Any, name: str) -> None:
    html = PAGES[name]()
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        for width in (390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.set_content(html)
            assert page.evaluate(BEYOND) == 0, f"{name} at {width} px, {scheme}"
            assert page.evaluate(BROKEN) == [], f"{name} at {width} px, {scheme}"
        page.close()


@pytest.mark.parametrize("name", ["plan", "import", "comparison"])
def test_a_table_is_a_list_where_there_is_no_room(browser: Any, name: str) -> None:
    page = browser.new_page()
    page.set_content(PAGES[name]())
    head, cell = page.locator(".rows thead").first, page.locator(".rows tbody td").nth(1)
    for width, is_list in ((390, True), (1280, False)):
        page.set_viewport_size({"width": width, "height": 900})
        assert head.is_visible() is not is_list
        assert (cell.evaluate("each => getComputedStyle(each).display") == "block") is is_list
    page.close()
