"""``nst explore``: a server that only this machine reaches, which shows the explorer and computes what it asks for."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import webbrowser

import pytest
import torch

from nstlib.apps.explore import LARGEST, first_pictures, make_explorer_server, serve_until_stopped
from nstlib.errors import ChoiceError, ImageError
from nstlib.features import load_network
from nstlib.images import save_image


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255


@pytest.fixture(scope="module")
def server(image, serving):
    server = make_explorer_server("tiny", {"noise": image}, size=32)
    with serving(server):
        yield server


@pytest.fixture
def ask(server):
    """Send a request; return status, headers and body."""

    def asked(method: str, path: str, body: bytes | None = None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    return asked


def pixels(image: torch.Tensor) -> bytes:
    return image.mul(255).round().to(torch.uint8).numpy().tobytes()


def test_the_page_holds_the_explorer_with_every_layer(ask):
    status, headers, body = ask("GET", "/")
    text = body.decode()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    state = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text)[1])
    assert state["source"] == "server"
    assert [layer["name"] for layer in state["layers"]] == list(load_network("tiny").layers)
    assert [picture["name"] for picture in state["pictures"]] == ["noise"]


def test_everything_the_page_names_is_served(ask):
    text = ask("GET", "/")[2].decode()
    for path in re.findall(r'(?:src|href)="(explorers/[^"]+)"', text):
        status, headers, body = ask("GET", f"/{path}")
        assert (status, bool(body)) == (200, True), path
        assert headers["Content-Type"].split(";")[0] in ("text/javascript", "text/css")


def test_features_are_the_librarys(ask, image):
    status, headers, body = ask("POST", "/features?layer=relu4_1&height=24&width=32", pixels(image))
    assert (status, headers["Nst-Shape"]) == (200, "32,3,4")
    found = torch.frombuffer(bytearray(body), dtype=torch.float32).view(1, 32, 3, 4)
    torch.testing.assert_close(found, load_network("tiny")(image, "relu4_1")["relu4_1"])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("layer=relu9_9&height=24&width=32", "has no layer 'relu9_9'"),
        ("layer=relu1_1&height=25&width=32", "has 2400 bytes, got 2304"),
        ("layer=relu1_1&height=-1&width=32", "whole numbers of pixels"),
        ("layer=relu1_1", "whole numbers of pixels"),
        (f"layer=relu1_1&height={'9' * 5000}&width=32", "whole numbers of pixels"),
        ("layer=relu1_1&height=0&width=32", "has 0 bytes, got 2304"),
        ("height=24&width=32", "has no layer ''"),
    ],
)
def test_what_cannot_be_computed_is_answered_in_words(ask, image, query, says):
    status, _, body = ask("POST", f"/features?{query}", pixels(image))
    assert status == 400
    assert says in body.decode()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_hosts_name_is_refused(ask, server, host, method):
    status, _, body = ask(method, "/", Host=host.format(port=server.server_port))
    assert status == 403
    assert body.decode() == f"This server answers only at http://127.0.0.1:{server.server_port}/."


def test_a_page_of_another_site_is_refused(ask, server, image):
    where = "/features?layer=relu1_1&height=24&width=32"
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{server.server_port}"):
        assert ask("POST", where, pixels(image), Origin=origin)[0] == 403
    for name in ("127.0.0.1", "localhost"):
        assert ask("POST", where, pixels(image), Origin=f"http://{name}:{server.server_port}")[0] == 200


@pytest.mark.parametrize(
    "path", ["/explorers/../layers.py", "/explorers/layers.py", "/etc/passwd", "/explorers/", "/x"]
)
def test_no_other_file_is_served(ask, path):
    assert ask("GET", path)[0] == 404


def test_a_picture_that_is_too_large_is_refused_before_it_is_read(ask):
    status, _, body = ask("POST", "/features?layer=relu1_1", b"x", Content_Length=str(LARGEST + 1))
    assert (status, body.decode()) == (413, "A picture has at most 12,000,000 bytes.")


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", ""])
def test_a_length_that_is_no_number_is_answered_in_words(ask, capfd, length):
    status, _, body = ask("POST", "/features?layer=relu1_1", b"x", Content_Length=length)
    assert (status, body.decode()) == (413, "A picture has at most 12,000,000 bytes.")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("path", ["//[", "/%00", "/?" + "a=1&" * 2000])
def test_an_odd_address_leaves_no_traceback(ask, capfd, path):
    assert ask("GET", path)[0] in (200, 404)
    assert capfd.readouterr().err == ""


def test_only_this_machine_is_listened_to(server):
    assert server.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_named(server, image):
    with pytest.raises(ChoiceError, match=f"Port {server.server_port} cannot be used .* take any free one"):
        make_explorer_server("tiny", {"noise": image}, port=server.server_port)
    with pytest.raises(ChoiceError, match="Port 70000 cannot be used"):
        make_explorer_server("tiny", {"noise": image}, port=70000)


def test_an_unknown_network_is_refused(image):
    with pytest.raises(ChoiceError, match="no network 'vgg'"):
        make_explorer_server("vgg", {"noise": image})


def test_the_given_picture_comes_before_the_courses(tmp_path, image):
    save_image(image, tmp_path / "mine.png")
    found = first_pictures(tmp_path / "mine.png", 16)
    assert list(found)[:2] == ["mine", "cat"]
    assert found["mine"].shape == (1, 3, 12, 16)


def test_without_the_courses_pictures_the_given_one_is_enough(tmp_path, image, monkeypatch):
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "nowhere"))
    save_image(image, tmp_path / "mine.png")
    assert list(first_pictures(tmp_path / "mine.png", 16)) == ["mine"]
    with pytest.raises(ImageError, match="The course's pictures are not in"):
        first_pictures(None, 16)


def test_where_no_browser_starts_the_address_is_said(image, monkeypatch):
    opened, said = [], []
    server = make_explorer_server("tiny", {"noise": image})

    def no_browser(address):
        opened.append(address)
        server.shutdown()
        return False

    monkeypatch.setattr(webbrowser, "open", no_browser)
    serve_until_stopped(server, say=said.append)
    assert opened == [f"http://127.0.0.1:{server.server_port}/"]
    assert said == [
        f"The explorer is at {opened[0]}   (Ctrl-C ends it)",
        "No browser could be started: open this address in yours.",
    ]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_the_command_cleanly():
    command = [sys.executable, "-m", "nstlib", "explore", "cat", "--network", "tiny", "--size", "32", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out.strip(), err) == (0, "", "")
