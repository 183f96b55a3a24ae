"""The page of a run in headless Chromium: it plays, seeks, obeys the keyboard, survives hostile text, and prints."""

from __future__ import annotations

import math
import shutil
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_runs

from agentops.calls.report import Verdict
from agentops.render.calls.html import previous_key, run_html

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is in the dev group")
audio = pytest.importorskip("agentops.calls.audio", reason="the speech extra is not installed")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium: `make browser` installs it on Debian"),
]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--autoplay-policy=no-user-gesture-required"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def recording(seconds: float = 8.0) -> bytes:
    wave = array("h", (round(9000 * math.sin(i / 20)) for i in range(int(24_000 * seconds))))
    samples = audio.to_samples(wave.tobytes())
    return audio.listening_copy(audio.stereo_wav(samples, samples * 0.5, 24_000))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A passed call, a failed one with hostile text and sound, and one that reached nobody."""
    run = sample_runs.mixed()
    before = sample_runs.call(Verdict.PASSED, script="agents/calls/other.yaml", started_at="2026-09-30T10:00:00+00:00")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(run_html(run, {"other": recording()}, {previous_key(before): before}), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(params=["light", "dark"])
def tab(browser: Any, page_file: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page, which fails the test on any script error and on any request for anything else."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.goto(page_file.as_uri())
    yield page
    context.close()
    assert problems == []


def now(tab: Any) -> float:
    return float(tab.locator("#wave").get_attribute("aria-valuenow"))


def until(tab: Any, expression: str) -> None:
    """Asks the page until it says yes. Its content policy forbids what Playwright's own waiting does."""
    for _ in range(200):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression}")


def is_ready(tab: Any) -> None:
    until(tab, "audio && audio.readyState >= 2")


def test_it_opens_on_the_first_call_that_is_not_well_and_says_why(tab: Any) -> None:
    assert tab.title() == "failed: 3 calls"
    assert tab.locator("h2").inner_text() == "Support knows other things"
    failure = tab.locator(".failure").first
    assert "transcript: agent says" in failure.inner_text()
    assert sample_runs.HOSTILE.split("\x07")[0].strip() in failure.inner_text()
    assert "agents/calls/hours.yaml:7:5" in failure.inner_text()


def test_playing_moves_the_playhead_and_marks_the_turn(tab: Any) -> None:
    is_ready(tab)
    tab.keyboard.press("Space")
    until(tab, "view.now > 250")
    assert tab.locator(".turn.playing .who").inner_text() == "agent"
    tab.locator("#play").click()
    assert tab.evaluate("audio.paused")
    assert tab.locator("#now").get_attribute("style") != "left: 0%"


def test_a_click_on_words_or_the_waveform_goes_there(tab: Any) -> None:
    is_ready(tab)
    tab.get_by_role("button", name="When are you open?").click()
    assert now(tab) == 2200
    until(tab, "Math.abs(audio.currentTime - 2.2) < 0.05")
    box = tab.locator("#wave").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    assert abs(now(tab) - 4000) < 20
    tab.locator(".failure button").first.click()
    assert now(tab) == 3700


def test_the_keyboard_is_enough(tab: Any) -> None:
    is_ready(tab)
    for key, expected in (("j", 100), ("j", 2200), ("k", 100), ("ArrowRight", 1100), ("f", 5200), ("Home", 0)):
        tab.keyboard.press(key)
        assert now(tab) == expected, key
    tab.keyboard.press("p")
    assert tab.locator("h2").inner_text() == "Support tells its opening hours"
    tab.keyboard.press("n")
    tab.keyboard.press("n")
    assert tab.locator("h2").inner_text() == "The desk books"
    assert tab.locator(".failure.infrastructure").count() == 1


def test_checks_latencies_and_the_run_before_are_shown(tab: Any) -> None:
    assert tab.locator(".chip.failed").count() == 2
    assert "1210 / 900 ms" in tab.locator(".chip.failed").last.inner_text()
    assert tab.locator(".bar.late").count() == 1
    assert "run before" in tab.locator(".facts").inner_text()


@pytest.mark.parametrize(
    "plan", ["../plan.html", "../../plan.html", "javascript:alert(1)", "https://example.com/plan.html"]
)
def test_it_names_the_revision_and_links_to_the_plan_and_nowhere_else(browser: Any, plan: str) -> None:
    call = replace(sample_runs.call(), revision=12, label="1f0c2aa Promise faster delivery")
    page = browser.new_page()
    page.set_content(run_html(replace(sample_runs.run(call), plan=plan)))
    assert "revision 12 (1f0c2aa Promise faster delivery)" in page.locator("#call").inner_text()
    links = [link.get_attribute("href") for link in page.locator("a").all()]
    assert links == ([plan] if plan.startswith("../") else [])
    page.close()


def test_it_prints_without_its_controls(tab: Any, tmp_path: Path) -> None:
    tab.emulate_media(media="print")
    assert not tab.locator(".player").is_visible()
    assert tab.locator(".wave svg").is_visible()
    assert len(tab.pdf(path=tmp_path / "report.pdf")) > 10_000


def test_it_fits_a_narrow_screen(tab: Any) -> None:
    tab.set_viewport_size({"width": 420, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 420
