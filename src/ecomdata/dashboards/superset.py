"""A Superset server, asked over HTTP as a user who has signed in.

With the session's cookie, not with a token: where the role Public has rights of its own, Superset
6.1 takes who comes with a token for a stranger.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any, Final

from ecomdata.errors import SupersetError

_CSRF: Final = re.compile(r'name="csrf_token"[^>]*?value="([^"]+)"', re.DOTALL)
_SECONDS: Final = 120  # for one answer: the import of all assets takes five on a busy machine
_PAGE: Final = 100  # what Superset gives at once


@dataclass(frozen=True)
class Answer:
    """What the server said: the status and the document, numbers as decimals."""

    status: int
    document: Any


@dataclass
class Superset:
    """A server at an address; `sign_in` comes first."""

    url: str
    _headers: dict[str, str] = field(default_factory=dict)
    _opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise SupersetError(f"--superset {self.url} is no address: http://127.0.0.1:8088")
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in as the pages do.

        Raises:
            SupersetError: nobody answers, or user and password are refused.
        """
        _, page = self._exchange("GET", "/login/")
        token = _CSRF.search(page.decode(errors="replace"))
        if token is None:
            raise SupersetError(f"{self.url} answers, but is no Superset that has a sign-in page")
        form = {"username": username, "password": password, "csrf_token": token[1]}
        status, _ = self._exchange("POST", "/login/", urllib.parse.urlencode(form).encode())
        if status == 429:
            raise SupersetError(f"{self.url} has had too many sign-ins: wait a minute, try again")
        self._headers["Referer"] = self.url  # for its check of who sends a form
        if self.ask("GET", "/api/v1/me/").status != 200:
            raise SupersetError(f"{self.url} refused user {username} or the password")
        self._headers["X-CSRFToken"] = self.get("/api/v1/security/csrf_token/")["result"]

    def get(self, path: str) -> Any:
        """Return a document.

        Raises:
            SupersetError: the server gave none; says what it said.
        """
        return self._required("GET", path, self.ask("GET", path))

    def send(self, method: str, path: str, document: Any) -> Any:
        """Send a document and return the answer's.

        Raises:
            SupersetError: the server refused; says what it said.
        """
        return self._required(method, path, self.ask(method, path, document))

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return all that a list has, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // _PAGE
            got = self.get(f"{path}?q=(page:{page},page_size:{_PAGE})")["result"]
            found += got
            if len(got) < _PAGE:
                return found

    def upload(self, path: str, name: str, content: bytes, fields: dict[str, str]) -> Any:
        """Send a file as a form has it.

        Raises:
            SupersetError: the server refused it; says what it said.
        """
        boundary = uuid.uuid5(uuid.NAMESPACE_URL, name).hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{name}.zip"\r\nContent-Type: application/zip\r\n\r\n'
        )
        body = (
            "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        )
        kind = f"multipart/form-data; boundary={boundary}"
        return self._required("POST", path, _answer(*self._exchange("POST", path, body, kind)))

    def ask(self, method: str, path: str, document: Any = None) -> Answer:
        """Return the answer, whatever it is; a document is sent as JSON."""
        body = None if document is None else json.dumps(document).encode()
        return _answer(*self._exchange(method, path, body, "application/json"))

    def _required(self, method: str, path: str, answer: Answer) -> Any:
        if answer.status >= 400:
            where = path.partition("?")[0]
            raise SupersetError(f"{self.url} refused {method} {where}: {described(answer)}")
        return answer.document

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/x-www-form-urlencoded",
    ) -> tuple[int, bytes]:
        headers = self._headers | ({"Content-Type": kind} if body is not None else {})
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read()
        except (OSError, HTTPException) as exc:
            reason = getattr(exc, "reason", exc)
            raise SupersetError(
                f"Superset at {self.url} cannot be reached ({reason}): is it started "
                "(deploy/superset/start), and is the address right?"
            ) from exc


def described(answer: Answer) -> str:
    """Return what the server said of a failure, in a line."""
    said = answer.document
    if isinstance(said, dict):
        said = said.get("errors") or said.get("message") or said
    if isinstance(said, list) and said and isinstance(said[0], dict):
        extra = said[0].get("extra") or {}
        details = {key: value for key, value in extra.items() if key != "issue_codes"}
        said = said[0].get("message", "") + (f" {details}" if details else "")
    return f"{answer.status} {' '.join(str(said).split())[:400]}"


def _answer(status: int, body: bytes) -> Answer:
    try:
        return Answer(status, json.loads(body, parse_float=Decimal))
    except ValueError:  # a page for people
        return Answer(status, body[:200].decode(errors="replace"))
