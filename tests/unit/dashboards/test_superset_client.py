"""Superset's client: what it says where nobody answers, or somebody else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ecomdata.dashboards import Superset
from ecomdata.errors import SupersetError


class Impostor(BaseHTTPRequestHandler):
    """A web server that is no Superset."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>hello</h1>")

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def impostor() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Impostor) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_who_is_no_superset_is_told(impostor: str) -> None:
    with pytest.raises(SupersetError, match="answers, but is no Superset that has a sign-in page"):
        Superset(impostor).sign_in("admin", "x")


def test_a_server_that_is_not_there_is_told_with_what_to_do() -> None:
    with pytest.raises(SupersetError, match=r"cannot be reached \(.*refused.*deploy/superset/star"):
        Superset("http://127.0.0.1:9").sign_in("admin", "x")


@pytest.mark.parametrize("url", ["127.0.0.1:8088", "file:///etc/passwd", "ftp://x"])
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(SupersetError, match="is no address"):
        Superset(url)
