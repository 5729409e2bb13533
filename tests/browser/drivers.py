"""Firefox and WebKit, driven as their makers drive them; and Chromium, so that a test may treat the three alike.

Firefox speaks WebDriver BiDi over a socket, WebKit's driver the older WebDriver over HTTP. Each opens an address, runs a
function of JavaScript, presses keys, drags with the mouse, chooses a file, and notes what went wrong on its pages.
"""

from __future__ import annotations

import base64
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError

KEYS = {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015", "Enter": "\ue007"}
KEYS |= {"Tab": "\ue004", "Home": "\ue011", "End": "\ue010", "Space": " "}
PATIENCE = 60  # seconds, for one command on a busy machine
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
QUIET = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


class DriverError(Exception):
    """A browser did not do what it was told."""


class Driver:
    """What tests call. Those below say how it is sent."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def open(self, address: str) -> None:
        raise NotImplementedError

    def run(self, function: str, *given):
        """Call a function of JavaScript, which may be asynchronous, with what JSON can hold; return what it returns."""
        raise NotImplementedError

    def act(self, actions: list[dict]) -> None:
        raise NotImplementedError

    def choose_file(self, selector: str, path: Path) -> None:
        raise NotImplementedError

    def press(self, *keys: str) -> None:
        strokes = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        self.act([{"type": "key", "id": "keys", "actions": strokes}])

    def drag(self, *places: tuple[float, float]) -> None:
        """Press the mouse at the first place of the window, move it along the others, and let go."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0} for x, y in places]
        down, up = ({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up"))
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self.act([{**mouse, "actions": [moves[0], down, *moves[1:], up]}])

    def wait_for(self, condition: str, *given, seconds: float = PATIENCE) -> None:
        """Wait until a function of JavaScript returns something true; a page that leads on may interrupt it."""
        end, told = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                if self.run(condition, *given):
                    return
            except DriverError as error:
                told = error
            time.sleep(0.1)
        raise DriverError(f"after {seconds} s still not: {condition}") from told


class Chromium(Driver):
    """A page of Playwright's Chromium."""

    def __init__(self, page) -> None:
        super().__init__()
        self.page = page
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))

    def open(self, address: str) -> None:
        self.page.goto(address, wait_until="load")

    def run(self, function: str, *given):
        from playwright.sync_api import Error

        try:
            return self.page.evaluate(f"async (given) => ({function})(...given)", list(given))
        except Error as error:
            raise DriverError(error.message) from error

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*map(round, places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*map(round, place))
        self.page.mouse.up()

    def choose_file(self, selector: str, path: Path) -> None:
        self.page.locator(selector).first.set_input_files(path)


class Firefox(Driver):
    """A Firefox without a window. ``preferences`` are those of about:config."""

    SETTINGS = {  # noqa: RUF012
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.page": 0,
        "browser.aboutwelcome.enabled": False,
        "network.prefetch-next": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.disabledForTesting": True,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "network.proxy.type": 1,  # whatever leaves this machine goes to a port where nobody listens, and fails
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": 9,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": 9,
        "network.proxy.no_proxies_on": "localhost, 127.0.0.1",
        "security.fileuri.strict_origin_policy": True,  # as readers have it
    }

    def __init__(self, program: str, *, dark: bool = False, preferences: dict | None = None) -> None:
        super().__init__()
        import websocket

        self.folder = Path(tempfile.mkdtemp(prefix="firefox-"))
        wanted = {**self.SETTINGS, "layout.css.prefers-color-scheme.content-override": int(not dark)}
        wanted |= preferences or {}
        lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in wanted.items()]
        (self.folder / "user.js").write_text("".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(self.folder)]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=QUIET, start_new_session=True
        )
        self.socket, self.count = None, 0
        try:
            address = self._address()
            self.socket = websocket.create_connection(
                f"{address}/session", timeout=2 * PATIENCE, suppress_origin=True, http_no_proxy=["*"]
            )
            self._send("session.new", capabilities={})
            self.page = self._send("browsingContext.getTree")["contexts"][0]["context"]
            self._send(
                "session.subscribe", events=["log.entryAdded", "network.fetchError", "network.responseCompleted"]
            )
        except BaseException:
            self.close()
            raise

    def _address(self) -> str:
        for line in self.process.stderr:
            if found := re.search(rb"listening on (ws://\S+)", line):
                return found[1].decode()
        raise DriverError("Firefox ended before it listened")

    def _send(self, method: str, **given):
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": given}))
        while True:
            said = json.loads(self.socket.recv())
            if said.get("type") == "event":
                self._note(said["method"], said["params"])
            elif said.get("id") == self.count:
                if said["type"] == "error":
                    raise DriverError(f"{method}: {said['error']}: {said['message']}")
                return said["result"]

    def _note(self, method: str, told: dict) -> None:
        if method == "log.entryAdded" and told["level"] in ("error", "warn"):
            self.problems.append(f"{told['type']} {told['level']}: {told['text']}")
        elif method == "network.fetchError":
            self.problems.append(f"request failed: {told['request']['url']} ({told['errorText']})")
        elif method == "network.responseCompleted" and told["response"]["status"] >= 400:
            self.problems.append(f"status {told['response']['status']}: {told['request']['url']}")

    def open(self, address: str) -> None:
        self._send("browsingContext.navigate", context=self.page, url=address, wait="complete")

    def resize(self, width: int, height: int = 800) -> None:
        self._send("browsingContext.setViewport", context=self.page, viewport={"width": width, "height": height})

    def run(self, function: str, *given):
        told = self._send(
            "script.callFunction",
            functionDeclaration=f"async (text) => JSON.stringify((await ({function})(...JSON.parse(text))) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(given)}],
            target={"context": self.page},
            awaitPromise=True,
            userActivation=True,
        )
        if told["type"] == "exception":
            raise DriverError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def act(self, actions: list[dict]) -> None:
        self._send("input.performActions", context=self.page, actions=actions)

    def choose_file(self, selector: str, path: Path) -> None:
        found = self._send("browsingContext.locateNodes", context=self.page, locator={"type": "css", "value": selector})
        self._send("input.setFiles", context=self.page, element=found["nodes"][0], files=[str(path)])

    def screenshot(self) -> bytes:
        return base64.b64decode(self._send("browsingContext.captureScreenshot", context=self.page)["data"])

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        end(self.process)
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# No console comes over WebDriver, so a script in front of all others collects what a page complains of.
HOOK = """<script>(() => {
  const problems = (window.nstProblems = []);
  for (const level of ["error", "warn"]) {
    const before = console[level];
    console[level] = (...words) => { problems.push(`console ${level}: ${words.join(" ")}`); before.apply(console, words); };
  }
  addEventListener("error", (event) => {
    const { src, href } = event.target ?? {};
    problems.push(event.message ? `page error: ${event.message}` : `request failed: ${src || href}`);
  }, true);
  addEventListener("unhandledrejection", (event) => problems.push(`rejection: ${event.reason}`));
})();</script>"""


class WebKit(Driver):
    """The engine of Safari in WebKitGTK's small browser, on a screen that nobody sees."""

    def __init__(self, program: str, browser: str) -> None:
        super().__init__()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.session = ""
        screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x1200x24"]
        self.process = subprocess.Popen(
            [*screen, program, f"--port={port}"],
            env={**QUIET, "LIBGL_ALWAYS_SOFTWARE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            options = {"binary": browser, "args": ["--automation"]}
            wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
            self.session = f"/session/{self._begin(wanted)['sessionId']}"
            self._send("POST", "/timeouts", script=1000 * PATIENCE, pageLoad=1000 * PATIENCE)
            self._send("POST", "/window/rect", width=1300, height=900)
        except BaseException:
            self.close()
            raise

    def _begin(self, wanted: dict) -> dict:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._send("POST", "/session", **wanted)
            except URLError as error:
                if time.monotonic() > end:
                    raise DriverError("WebKit's driver does not answer") from error
                time.sleep(0.2)

    def _send(self, method: str, path: str, **given):
        asked = urllib.request.Request(f"{self.base}{self.session}{path}", method=method)
        if method == "POST":
            asked.data = json.dumps(given).encode()
        try:
            with DIRECT.open(asked, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            told = json.load(error)["value"]
            raise DriverError(f"{path}: {told['error']}: {told['message'][:500]}") from None

    def open(self, address: str) -> None:
        self._send("POST", "/url", url=address)

    def run(self, function: str, *given):
        script = (
            "const done = arguments[arguments.length - 1];"
            f"(async () => ({function})(...JSON.parse(arguments[0])))().then("
            "(value) => done(JSON.stringify([value ?? null])), (error) => done(JSON.stringify({ error: String(error) })));"
        )
        told = json.loads(self._send("POST", "/execute/async", script=script, args=[json.dumps(given)]))
        if isinstance(told, dict):
            raise DriverError(told["error"])
        return told[0]

    def act(self, actions: list[dict]) -> None:
        self._send("POST", "/actions", actions=actions)

    def choose_file(self, selector: str, path: Path) -> None:
        (element,) = self._send("POST", "/element", using="css selector", value=selector).values()
        self._send("POST", f"/element/{element}/value", text=str(path))

    def screenshot(self) -> bytes:
        return base64.b64decode(self._send("GET", "/screenshot"))

    def close(self) -> None:
        if self.session:
            with suppress(DriverError, OSError):  # it is ended in a moment anyhow
                self._send("DELETE", "")
        end(self.process)


def end(process: subprocess.Popen) -> None:
    """End a process that was started here, with all that it has started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)


def find_firefox() -> str | None:
    """Return the machine's Firefox: $FIREFOX if set."""
    return os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


def find_webkit() -> tuple[str, str] | None:
    """Return WebKit's driver and its small browser."""
    driver, browsers = shutil.which("WebKitWebDriver"), glob.glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")
    return (driver, browsers[-1]) if driver and browsers and shutil.which("xvfb-run") else None
