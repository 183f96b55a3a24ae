"""The web console in headless Chromium: its pages, the keyboard, both colour schemes, and a conversation."""

from __future__ import annotations

import io
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import RunningEmulator, start

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is in the dev group")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium: `make browser` installs it on Debian"),
]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
HOSTILE = "<script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """An account with two revisions, a draft, a call with a recording, and a name that is an attack."""
    with start(EmulatorOptions(scan_delay_s=0.0)) as running:
        with httpx2.Client(base_url=f"{running.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_x"}) as client:
            agent = client.post("/agent", json={"name": f"Desk {HOSTILE}"}).json()["data"]
            branch = client.get(f"/agent/{agent}/branches").json()["data"]["branches"][0]["branch"]["_id"]
            path = f"/agent/{agent}/branches/{branch}"
            for label, prompt in (("first", "You answer the phone of a small hotel and speak slowly to everybody."),):
                client.put(f"{path}/draft", json={"singlePromptConfig": {"prompt": prompt}, "slmModel": "gpt-4o"})
                client.post(f"{path}/draft/publish", json={"label": label})
                client.get(path)
            client.put(f"{path}/draft", json={"firstMessage": "Good evening"})
            head = client.get(path).json()["data"]["branch"]["headRevisionId"]
        record = {"callId": "CALL-1790000000000-abcdef", "agentId": agent, "type": "webcall", "status": "completed"}
        line = {"role": "user", "content": "Is there a room?", "timestamp": running.store.now()}
        running.store.add_call({**record, "versionId": head, "transcript": [line], "duration": 4.2})
        running.store.add_call_event(record["callId"], {"event_type": "call_start"})
        running.store.put_recording(record["callId"], _tone())
        yield running


def _tone() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(24000)
        file.writeframes(b"\0\0\0\x10" * 24000)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(params=["light", "dark"])
def tab(browser: Any, emulator: RunningEmulator, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page at the emulator that fails the test on any script error."""
    context = browser.new_context(base_url=emulator.base_url, color_scheme=request.param)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def wait_until(tab: Any, condition: str) -> None:
    """Polls in a function: Playwright's own way evaluates texts, which the content security policy forbids."""
    tab.evaluate(
        f"() => new Promise((done) => {{ const look = () => {condition} ? done() : setTimeout(look, 20); look(); }})"
    )


def test_from_the_list_to_a_revision_and_its_changes(tab: Any) -> None:
    tab.goto("/")
    assert tab.title() == "Agents · agentops emulator"
    tab.get_by_role("link", name="Desk").click()
    assert HOSTILE in tab.get_by_role("heading", level=1).inner_text()
    assert tab.get_by_text("Open draft").is_visible()
    assert tab.get_by_role("cell", name="first live").is_visible()
    tab.get_by_role("link", name="Changes").click()
    assert tab.locator("ins").first.inner_text().startswith("You answer the phone")
    assert tab.get_by_role("cell", name="gpt-4o").is_visible()
    tab.go_back()
    tab.get_by_role("link", name="compare with the head").click()
    assert tab.get_by_role("cell", name="Good evening").is_visible()


def test_a_call_has_a_player_a_transcript_and_its_events(tab: Any) -> None:
    tab.goto("/console/calls")
    tab.get_by_role("link", name="CALL-1790000000000-abcdef").click()
    tab.get_by_text("Is there a room?").wait_for()  # the page comes a moment after the click
    assert tab.get_by_text("Is there a room?").is_visible()
    assert tab.get_by_role("cell", name="call_start").is_visible()
    wait_until(tab, "document.querySelector('audio').duration > 0.9")


def test_the_request_log_shows_what_was_asked(tab: Any) -> None:
    tab.goto("/console/requests")
    assert tab.get_by_role("cell", name="/atoms/v1/agent", exact=True).first.is_visible()


def test_everything_is_reached_by_keyboard(tab: Any) -> None:
    tab.goto("/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.textContent"))
    assert {"Agents", "Calls", "Requests"} <= set(reached)
    assert any(text.startswith("Desk") for text in reached)
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_text_stands_out_from_its_ground_in_both_schemes(tab: Any) -> None:
    tab.goto("/")
    ratio = tab.evaluate(
        """() => {
          const light = (color) => {
            const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
              const value = part / 255;
              return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
          };
          const ground = light(getComputedStyle(document.querySelector('.scroll')).backgroundColor);
          return [...document.querySelectorAll('td, td a, th, .badge')].map((each) => {
            const own = getComputedStyle(each);
            const under = own.backgroundColor.startsWith('rgba(0, 0, 0, 0') ? ground : light(own.backgroundColor);
            const [high, low] = [light(own.color), under].sort((a, b) => b - a);
            return (high + 0.05) / (low + 0.05);
          });
        }"""
    )
    assert min(ratio) >= 4.5


def test_a_chat_with_an_agent(tab: Any) -> None:
    tab.goto("/")
    tab.get_by_role("link", name="Desk").click()
    tab.get_by_role("link", name="Talk to this agent").click()
    assert tab.get_by_label("Your words").is_disabled()
    tab.get_by_role("button", name="Start a chat").press("Enter")
    tab.get_by_text("Connected, CALL-").wait_for()
    tab.get_by_label("Your words").fill("Is there a room tonight?")
    tab.get_by_label("Your words").press("Enter")
    log = tab.get_by_role("log")
    log.locator(".agent").last.wait_for()
    tab.get_by_role("button", name="End", exact=True).click()
    tab.get_by_text("Ended (1000).").wait_for()
    assert tab.get_by_role("button", name="Start a chat").is_enabled()


@pytest.mark.speech
def test_a_call_with_the_microphone_hears_the_greeting(tab: Any) -> None:
    tab.goto("/")
    tab.get_by_role("link", name="Desk").click()
    tab.get_by_role("link", name="Talk to this agent").click()
    tab.get_by_role("button", name="Call with the microphone").click()
    tab.get_by_role("log").locator(".agent").first.wait_for()
    wait_until(tab, "playedUntil > 0")
    tab.get_by_role("button", name="End", exact=True).click()
    tab.get_by_text("Ended (1000).").wait_for()


def test_an_unknown_address_gets_a_page_that_says_so(tab: Any, emulator: RunningEmulator) -> None:
    for path in ("/console/agents/x", "/console/calls/x"):
        answer = httpx2.get(f"{emulator.base_url}{path}")
        assert (answer.status_code, "There is no such" in answer.text) == (404, True)
    assert httpx2.get(f"{emulator.base_url}/console/static/../web.py").status_code == 404


def test_a_foreign_page_cannot_open_a_session(tab: Any, emulator: RunningEmulator) -> None:
    agent_id = emulator.store.database.all("agent")[0]["_id"]
    url = f"{emulator.base_url}/console/agents/{agent_id}/session"
    assert httpx2.post(url, content='{"mode": "chat"}', headers={"content-type": "text/plain"}).status_code == 415


def test_an_agent_is_edited_and_published_in_the_browser(browser: Any) -> None:
    """The usual origin of drift: somebody changes the prompt in the console, and it serves."""
    with start(EmulatorOptions(scan_delay_s=0.0)) as running:
        context = browser.new_context(base_url=running.base_url)
        page = context.new_page()
        with httpx2.Client(base_url=f"{running.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_x"}) as client:
            agent = client.post("/agent", json={"name": "Desk"}).json()["data"]
            page.goto(f"/console/agents/{agent}")
            page.get_by_role("link", name="Edit").click()
            page.get_by_label("Prompt").fill("Sell rooms.\nOnly rooms.")
            page.get_by_label("First message").fill("Good evening")
            page.get_by_role("button", name="Save draft").click()
            assert page.get_by_text("Open draft, edit 1").is_visible()
            page.get_by_role("link", name="Edit").click()
            page.get_by_label("Label").fill("by hand")
            page.get_by_role("button", name="Publish").click()
            page.goto(f"/console/agents/{agent}")
            assert page.get_by_role("cell", name="by hand live").is_visible()
            served = client.get(f"/agent/{agent}").json()["data"]["_resolvedConfig"]
        assert (served["prompt"], served["firstMessage"]) == ("Sell rooms.\nOnly rooms.", "Good evening")
        context.close()


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_page_is_wider_than_the_screen(browser: Any, emulator: RunningEmulator, width: int) -> None:
    agent = emulator.store.database.all("agent")[0]["_id"]
    live = emulator.store.database.all("revision")[-1]["_id"]
    of_agent = [f"/console/agents/{agent}{rest}" for rest in ("", "/edit", "/talk", f"/revisions/{live}")]
    context = browser.new_context(base_url=emulator.base_url, viewport={"width": width, "height": 800})
    page = context.new_page()
    for path in ("/", *of_agent, "/console/calls", "/console/calls/CALL-1790000000000-abcdef", "/console/requests"):
        page.goto(path)
        beyond = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll('.scroll')]
                 .filter((each) => each.scrollWidth > each.clientWidth).length"""
        )
        assert beyond == 0, path
    context.close()
