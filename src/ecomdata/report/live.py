"""The report over the live warehouse, for a browser on this machine."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final

from ecomdata.errors import EcomDataError, TransientError, UsageError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

#: Names by which a browser on this machine may call; any other is a page elsewhere that had its own
#: name lead here.
HOSTS: Final = ["127.0.0.1", "localhost"]
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def application(page: Callable[[date | None, date | None], bytes]) -> "Starlette":
    """Return the server of one page, which `page` makes for a first and a last day."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import HTMLResponse, PlainTextResponse
    from starlette.routing import Route

    # Not a coroutine: a question to the warehouse blocks, so that it is asked in a thread.
    def answer(request: "Request") -> "Response":
        try:
            start, end = (_day(request.query_params.get(name)) for name in ("from", "to"))
            return HTMLResponse(page(start, end), headers=_HEADERS)
        except TransientError as exc:
            return PlainTextResponse(f"{exc}\n", 503, headers=_HEADERS)
        except EcomDataError as exc:
            return PlainTextResponse(f"{exc}\n", 400, headers=_HEADERS)

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return Starlette(routes=[Route("/", answer, methods=["GET"])], middleware=[hosts])


def _day(text: str | None) -> date | None:
    """Return a day of the address; an empty field of the page's form is none.

    Raises:
        UsageError: it is no day.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{text} is no day: write it as 2025-01-31") from None
