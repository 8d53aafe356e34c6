"""What callers catch: one class for each thing that they do about it."""

from __future__ import annotations

import email.utils
import json
import time
from email.message import Message
from typing import Any, Mapping, Optional


class ApiError(Exception):
    """The API refused a request, or there was no answer to it (`status` is None then)."""

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        type: Optional[str] = None,
        code: Optional[str] = None,
        param: Optional[str] = None,
        request_id: Optional[str] = None,
        documentation_url: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.request_id = request_id
        self.documentation_url = documentation_url
        #: Seconds after which the server says that it is worth another try.
        self.retry_after = retry_after


class AuthenticationError(ApiError):
    """401: the token is missing, unknown, expired or revoked."""


class PermissionDeniedError(ApiError):
    """403: the token may not do this; it is read-only."""


class NotFoundError(ApiError):
    """404: there is no such object."""


class ConflictError(ApiError):
    """409 and 412: a unique value is taken, or the object is no longer what `if_match` says."""


class ValidationError(ApiError):
    """Any other 4xx: the request is wrong; `param` and the message say where."""


class RateLimitError(ApiError):
    """429: too many requests."""


class ServerError(ApiError):
    """5xx: the server's fault. A write may or may not have happened."""


class ApiConnectionError(ApiError):
    """The server was not reached, or the connection broke. A write may or may not have happened."""


class ApiTimeoutError(ApiConnectionError):
    """There was no whole answer within the timeout. A write may or may not have happened."""


_CLASSES = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    429: RateLimitError,
}


def error_of(status: int, headers: Message, body: bytes) -> ApiError:
    """The error that an answer tells, also where a proxy wrote it and it is no JSON."""
    told = _parse_object(body)
    # What is no 4xx or 5xx is a redirect, which is not followed: the token is for this host alone.
    other = ServerError if status >= 500 else ValidationError if status >= 400 else ApiError
    return _CLASSES.get(status, other)(
        str(told.get("message") or f"The server answered with status {status}."),
        status=status,
        type=told.get("type"),
        code=told.get("code"),
        param=told.get("param"),
        request_id=told.get("request_id") or headers.get("X-Request-Id"),
        documentation_url=told.get("documentation_url"),
        retry_after=_seconds_of(headers.get("Retry-After")),
    )


def _parse_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _seconds_of(header: Optional[str]) -> Optional[float]:
    """`Retry-After` in seconds, which may also be a date."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
