"""Sends a call: headers, tries and their pauses, the timeout over all of them. Sockets are _connections.py's."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import socket
import time
from typing import Any, Dict, Mapping, Optional, Union
from urllib.parse import SplitResult, urlencode, urlsplit

from ._connections import Answer, Connections
from ._errors import ApiConnectionError, ApiError, ApiTimeoutError, error_of
from ._etag import Tagged, etag
from ._version import VERSION

_DEFAULT_BASE_URL = "https://api.protocol.chat"
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
# The answers that a later try may better, also those of a proxy whose server is starting anew.
_TRY_AGAIN = (429, 502, 503, 504)
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0


class Transport:
    def __init__(
        self, token: str, base_url: Optional[str], timeout: float, connect_timeout: float, max_retries: int
    ) -> None:
        # Checked here, as http.client would put a token that it cannot send into its error.
        if not isinstance(token, str) or not _VISIBLE_ASCII.fullmatch(token):
            raise ValueError("The token must be a string of visible ASCII characters.")
        if max_retries < 0:
            raise ValueError("`max_retries` must be 0 or more.")
        url = _parse_base_url(base_url or os.environ.get("PROTOCOL_API_BASE_URL") or _DEFAULT_BASE_URL)
        self.base_url = url.geturl()
        self._base_path = url.path
        self._token = token
        self._timeout = _checked_timeout("timeout", timeout)
        self._max_retries = max_retries
        self._connections = Connections(url, _checked_timeout("connect_timeout", connect_timeout))

    def close(self) -> None:
        self._connections.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Mapping[str, Any]] = None,
        idempotency_key: Optional[str] = None,
        if_match: Union[Mapping[str, Any], str, None] = None,
        timeout: Optional[float] = None,
    ) -> Any:
        """Answers with the object in the answer, or with None where there is none."""
        target = self._base_path + path + _query_of(query)
        payload = None if body is None else json.dumps(body).encode()
        headers = self._headers(payload, idempotency_key, if_match)
        deadline = time.monotonic() + (self._timeout if timeout is None else _checked_timeout("timeout", timeout))
        # The failure that left it unknown whether the request took effect.
        unknown: Optional[ApiError] = None
        retries = 0
        while True:
            answer = self._attempt(method, target, payload, headers, deadline, f"{method} {path}")
            if isinstance(answer, Answer) and 200 <= answer.status < 300:
                return _object_of(answer)
            failure = answer if isinstance(answer, ApiError) else error_of(*answer)
            if unknown is not None:
                # The earlier try did it, or another caller; the object is gone, as was asked.
                if method == "DELETE" and failure.status == 404:
                    return None
                # The object may have changed by the earlier try: that somebody else changed it cannot be said.
                if method != "DELETE" and failure.status == 412:
                    raise unknown
            pause = _pause_before(retries, failure)
            if not _may_try_again(failure) or retries >= self._max_retries or time.monotonic() + pause >= deadline:
                raise failure
            if failure.status != 429:
                unknown = failure
            time.sleep(pause)
            retries += 1

    def _headers(
        self, payload: Optional[bytes], idempotency_key: Optional[str], if_match: Union[Mapping[str, Any], str, None]
    ) -> Dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": f"protocol-api-python/{VERSION}",
        }
        if payload is not None:
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = _checked_key(idempotency_key)
        if if_match is not None:
            headers["If-Match"] = _checked_tag(if_match)
        return headers

    def _attempt(
        self,
        method: str,
        target: str,
        payload: Optional[bytes],
        headers: Mapping[str, str],
        deadline: float,
        name: str,
    ) -> Union[Answer, ApiError]:
        """One try: the whole answer, or an ApiConnectionError. Raises an ApiTimeoutError where time is up."""
        try:
            return self._connections.send(method, target, payload, headers, deadline)
        except socket.timeout as error:
            if time.monotonic() >= deadline:
                raise ApiTimeoutError(f"{name}: there was no whole answer in time.") from error
            return _caused(ApiConnectionError(f"{name}: the connection was not made in time."), error)
        except (OSError, http.client.HTTPException) as error:
            return _caused(ApiConnectionError(f"{name}: the connection failed ({error!r})."), error)


def _caused(failure: ApiError, cause: Exception) -> ApiError:
    failure.__cause__ = cause
    return failure


def _object_of(answer: Answer) -> Any:
    if not answer.body:
        return None
    try:
        value = json.loads(answer.body)
    except ValueError:
        message = "The answer is not JSON. Is the base URL that of the API?"
        raise ApiError(message, status=answer.status, request_id=answer.headers.get("X-Request-Id")) from None
    tag = answer.headers.get("ETag")
    if tag is None or not isinstance(value, dict):
        return value
    tagged = Tagged(value)
    tagged.etag = tag
    return tagged


def _may_try_again(failure: ApiError) -> bool:
    return isinstance(failure, ApiConnectionError) or failure.status in _TRY_AGAIN


def _pause_before(retries: int, failure: ApiError) -> float:
    """Twice as long each time, shortened by chance so that clients do not come back all at once."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**retries) * random.uniform(0.5, 1)
    return max(pause, failure.retry_after or 0)


def _parse_base_url(text: str) -> SplitResult:
    url = urlsplit(text.rstrip("/"))
    fits = url.scheme in ("http", "https") and url.hostname and not (url.username or url.password)
    if not fits or re.search(r"[?#\s]", text) or not text.isascii():
        raise ValueError("The base URL must be an http or https URL without user, query and fragment.")
    return url


def _query_of(query: Optional[Mapping[str, Any]]) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    if not given:
        return ""
    return "?" + urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in given.items()})


def _checked_timeout(name: str, seconds: float) -> float:
    if not seconds > 0:
        raise ValueError(f"`{name}` must be a number of seconds above 0.")
    return seconds


def _checked_key(key: str) -> str:
    if len(key) <= 255 and _VISIBLE_ASCII.fullmatch(key):
        return key
    raise ValueError("`idempotency_key` must be 1 to 255 visible ASCII characters.")


def _checked_tag(given: Union[Mapping[str, Any], str]) -> str:
    tag = given if isinstance(given, str) else etag(given)
    if tag is not None and _PRINTABLE_ASCII.fullmatch(tag):
        return tag
    raise ValueError("`if_match` must be an ETag or an object that get, create, send or update answered.")
