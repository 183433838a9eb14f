"""Telling a webhook that a run failed: the run's name and the kind of its error, and no data."""

import json
from urllib.error import URLError
from urllib.request import Request, urlopen

from ecomdata.errors import EcomDataError


class NotToldError(EcomDataError):
    """The webhook could not be told."""


def post(url: str, run: str, error: str) -> None:
    """Post one JSON object: {"run", "error", "text"}; chat services show `text`.

    Raises:
        NotToldError: the webhook did not answer, or refused. Its address may be a secret: it is
            not repeated.
    """
    body = {"run": run, "error": error, "text": f"ecomdata: {run} failed ({error})"}
    headers = {"Content-Type": "application/json"}
    try:
        with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=10):
            pass
    except (URLError, OSError, ValueError) as exc:
        raise NotToldError(f"the notification was not taken: {type(exc).__name__}") from None
