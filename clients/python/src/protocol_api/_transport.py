"""Send requests: headers, retries with backoff, and the timeout that covers them all."""

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

from ._connections import Connections, Response
from ._errors import ApiConnectionError, ApiError, ApiTimeoutError, error_from_response
from ._etag import Tagged, etag
from ._version import VERSION

_DEFAULT_BASE_URL = "https://api.protocol.chat"
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
# 502 and 504 come from proxies, for example while the server behind them restarts.
_RETRYABLE_STATUSES = (429, 502, 503, 504)
_INITIAL_BACKOFF = 0.25
_MAX_BACKOFF = 8.0


class Transport:
    def __init__(
        self, token: str, base_url: Optional[str], timeout: float, connect_timeout: float, max_retries: int
    ) -> None:
        # Checked here because http.client would quote an invalid header value, and so the token, in its error.
        if not isinstance(token, str) or not _VISIBLE_ASCII.fullmatch(token):
            raise ValueError("The token must be a string of visible ASCII characters.")
        if max_retries < 0:
            raise ValueError("`max_retries` must not be negative.")
        url = _parse_base_url(base_url or os.environ.get("PROTOCOL_API_BASE_URL") or _default_base_url(token))
        self.base_url = url.geturl()
        self._base_path = url.path
        self._token = token
        self._timeout = _check_timeout("timeout", timeout)
        self._max_retries = max_retries
        self._connections = Connections(url, _check_timeout("connect_timeout", connect_timeout))

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
        """Return the object in the response, or None if the response is empty."""
        target = self._base_path + path + _query_string(query)
        payload = None if body is None else json.dumps(body).encode()
        headers = self._headers(payload, idempotency_key, if_match)
        deadline = time.monotonic() + (self._timeout if timeout is None else _check_timeout("timeout", timeout))
        # The failure of an earlier attempt that may nevertheless have taken effect.
        ambiguous: Optional[ApiError] = None
        retries = 0
        while True:
            outcome = self._attempt(method, target, payload, headers, deadline, f"{method} {path}")
            if isinstance(outcome, Response) and 200 <= outcome.status < 300:
                return _parse_body(outcome)
            failure = outcome if isinstance(outcome, ApiError) else error_from_response(*outcome)
            if ambiguous is not None:
                # The object is gone, as requested: the earlier attempt deleted it, or another caller did.
                if method == "DELETE" and failure.status == 404:
                    return None
                # The earlier attempt may itself have changed the ETag, so this need not be a conflict with others.
                if method != "DELETE" and failure.status == 412:
                    raise ambiguous
            delay = _backoff(retries, failure)
            if not _is_retryable(failure) or retries >= self._max_retries or time.monotonic() + delay >= deadline:
                raise failure
            # A request that was rate-limited had no effect.
            if failure.status != 429:
                ambiguous = failure
            time.sleep(delay)
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
            headers["Idempotency-Key"] = _check_idempotency_key(idempotency_key)
        if if_match is not None:
            headers["If-Match"] = _entity_tag(if_match)
        return headers

    def _attempt(
        self,
        method: str,
        target: str,
        payload: Optional[bytes],
        headers: Mapping[str, str],
        deadline: float,
        name: str,
    ) -> Union[Response, ApiError]:
        """One attempt: the complete response, or an ApiConnectionError. Raises ApiTimeoutError after the deadline."""
        try:
            return self._connections.send(method, target, payload, headers, deadline)
        except socket.timeout as error:
            if time.monotonic() >= deadline:
                raise ApiTimeoutError(f"{name}: timed out before a complete response arrived.") from error
            return _with_cause(ApiConnectionError(f"{name}: timed out while connecting."), error)
        except (OSError, http.client.HTTPException) as error:
            return _with_cause(ApiConnectionError(f"{name}: the connection failed ({error!r})."), error)


def _with_cause(failure: ApiError, cause: Exception) -> ApiError:
    failure.__cause__ = cause
    return failure


def _parse_body(response: Response) -> Any:
    if not response.body:
        return None
    try:
        value = json.loads(response.body)
    except ValueError:
        message = "The response is not JSON. Check that the base URL points to the API."
        raise ApiError(message, status=response.status, request_id=response.headers.get("X-Request-Id")) from None
    tag = response.headers.get("ETag")
    if tag is None or not isinstance(value, dict):
        return value
    tagged = Tagged(value)
    tagged.etag = tag
    return tagged


def _is_retryable(failure: ApiError) -> bool:
    return isinstance(failure, ApiConnectionError) or failure.status in _RETRYABLE_STATUSES


def _backoff(retries: int, failure: ApiError) -> float:
    """Seconds before the next attempt: exponential backoff with jitter, or `Retry-After` if that is longer."""
    delay = min(_MAX_BACKOFF, _INITIAL_BACKOFF * 2.0**retries) * random.uniform(0.5, 1)
    return max(delay, failure.retry_after or 0)


def _parse_base_url(text: str) -> SplitResult:
    url = urlsplit(text.rstrip("/"))
    valid = url.scheme in ("http", "https") and url.hostname and not (url.username or url.password)
    if not valid or re.search(r"[?#\s]", text) or not text.isascii():
        raise ValueError("The base URL must be an http or https URL without credentials, query or fragment.")
    return url


def _default_base_url(token: str) -> str:
    # The default host has no use for such a token; sending it there would only disclose it.
    if token.startswith("groups_"):
        raise ValueError(
            "A token that begins with groups_ belongs to a groups-server: "
            "set the base URL (base_url or PROTOCOL_API_BASE_URL)."
        )
    return _DEFAULT_BASE_URL


def _query_string(query: Optional[Mapping[str, Any]]) -> str:
    params = {name: value for name, value in (query or {}).items() if value is not None}
    if not params:
        return ""
    return "?" + urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in params.items()})


def _check_timeout(name: str, seconds: float) -> float:
    if not seconds > 0:
        raise ValueError(f"`{name}` must be a positive number of seconds.")
    return seconds


def _check_idempotency_key(key: str) -> str:
    if len(key) <= 255 and _VISIBLE_ASCII.fullmatch(key):
        return key
    raise ValueError("`idempotency_key` must be 1 to 255 visible ASCII characters.")


def _entity_tag(if_match: Union[Mapping[str, Any], str]) -> str:
    tag = if_match if isinstance(if_match, str) else etag(if_match)
    if tag is not None and _PRINTABLE_ASCII.fullmatch(tag):
        return tag
    raise ValueError("`if_match` must be an ETag, or an object returned by get, create, send or update.")
