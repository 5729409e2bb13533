"""A server for this machine alone: it knows its own name, stays in its folder, and answers nonsense in words."""

from __future__ import annotations

import http.client
import os
import socket

import pytest

from nstlib.apps.server import make_folder_server, whole
from nstlib.errors import ChoiceError


@pytest.fixture
def shelf(tmp_path):
    """A folder with a page, beside it what is nobody's business."""
    (tmp_path / "shelf" / "deep").mkdir(parents=True)
    (tmp_path / "shelf" / "index.html").write_text("the book")
    (tmp_path / "shelf" / "deep" / "code.mjs").write_text("code")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "index.html").write_text("secret")
    return tmp_path / "shelf"


@pytest.fixture
def server(shelf, serving):
    server = make_folder_server(shelf)
    with serving(server):
        yield server


@pytest.fixture
def ask(server):
    """Send a request; return status, headers and body."""

    def asked(path: str, method: str = "GET", **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        connection.request(method, path, None, headers)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return found

    return asked


def test_files_are_served_fresh_and_with_their_kind(ask):
    status, headers, body = ask("/")
    assert (status, body, headers["Cache-Control"]) == (200, "the book", "no-cache")
    status, headers, body = ask("/deep/code.mjs?v=1")
    assert (status, body, headers["Content-type"]) == (200, "code", "text/javascript")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1:1"}, {"Host": ""}, {"Origin": "http://evil.example"}],
    ids=str,
)
def test_another_hosts_name_and_another_sites_page_are_refused(ask, method, headers):
    assert ask("/", method, **headers)[0] == 403


def test_this_machines_own_names_are_answered(ask, server):
    for name in ("127.0.0.1", "localhost"):
        own = f"{name}:{server.server_port}"
        assert ask("/", Host=own, Origin=f"http://{own}")[0] == 200


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege on Windows")
def test_no_link_leads_out_of_the_folder(ask, shelf):
    private = shelf.parent / "private"
    (shelf / "file.html").symlink_to(private / "index.html")
    (shelf / "folder").symlink_to(private)
    (shelf / "made").mkdir()
    (shelf / "made" / "index.html").symlink_to(private / "index.html")
    (shelf / "loop").symlink_to(shelf / "loop")
    (shelf / "within.html").symlink_to(shelf / "index.html")
    for path in ("/file.html", "/folder/", "/folder/index.html", "/made/", "/made/index.html", "/loop"):
        status, _, body = ask(path)
        assert (status, body) == (404, "There is nothing at this address."), path
    assert ask("/within.html")[2] == "the book"


@pytest.mark.parametrize(
    "path",
    ["/../private/index.html", "/%2e%2e/private/index.html", "/deep/", "/deep", "/no", "/%00", f"/{'x' * 5000}", "//["],
    ids=lambda path: path[:30],
)
def test_what_is_not_in_the_folder_is_not_found(ask, path):
    assert ask(path)[0] == 404


def test_a_client_that_leaves_is_not_worth_a_word(server, ask, capfd):
    with socket.create_connection(("127.0.0.1", server.server_port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # it ends with a reset
        client.sendall(b"GET / HT")
    assert ask("/")[0] == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("640", 640), ("-1", None), ("1.5", None), ("", None), (None, None), ("9" * 5000, None)],
)
def test_a_number_of_a_request_is_whole_and_of_few_digits(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("port", [70000, 10**30, -1])
def test_a_port_that_cannot_be_is_refused_in_words(shelf, port):
    with pytest.raises(ChoiceError, match=f"Port {port} cannot be used .* take any free one"):
        make_folder_server(shelf, port)


def test_a_port_that_is_taken_is_named(server, shelf):
    with pytest.raises(ChoiceError, match=f"Port {server.server_port} cannot be used"):
        make_folder_server(shelf, server.server_port)
