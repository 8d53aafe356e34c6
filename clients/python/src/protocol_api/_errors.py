"""Exception classes, one for each way a caller may want to react."""

from __future__ import annotations

import email.utils
import json
import time
from email.message import Message
from typing import Any, Mapping, Optional


class ApiError(Exception):
    """The API rejected a request, or there was no response (`status` is then None)."""

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
        #: Seconds to wait before trying again, from `Retry-After`.
        self.retry_after = retry_after


class AuthenticationError(ApiError):
    """401: the token is missing, unknown, expired or revoked."""


class PermissionDeniedError(ApiError):
    """403: the token is read-only and cannot be used for this request."""


class NotFoundError(ApiError):
    """404: the object does not exist."""


class ConflictError(ApiError):
    """409 or 412: a unique value is already taken, or the object no longer matches `if_match`."""


class ValidationError(ApiError):
    """Any other 4xx: the request is invalid; see the message and `param`."""


class RateLimitError(ApiError):
    """429: too many requests."""


class ServerError(ApiError):
    """5xx: the server failed. A write may or may not have taken effect."""


class ApiConnectionError(ApiError):
    """The server could not be reached, or the connection was lost. A write may or may not have taken effect."""


class ApiTimeoutError(ApiConnectionError):
    """No complete response arrived before the timeout. A write may or may not have taken effect."""


_CLASSES_BY_STATUS = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    429: RateLimitError,
}


def error_from_response(status: int, headers: Message, body: bytes) -> ApiError:
    """Return the error for a response. The body need not be JSON: a proxy may have written it."""
    error = _parse_object(body)
    # Below 400 it is a redirect. Redirects are not followed: the token must not reach another host.
    fallback = ServerError if status >= 500 else ValidationError if status >= 400 else ApiError
    return _CLASSES_BY_STATUS.get(status, fallback)(
        str(error.get("message") or f"The server returned status {status}."),
        status=status,
        type=error.get("type"),
        code=error.get("code"),
        param=error.get("param"),
        request_id=error.get("request_id") or headers.get("X-Request-Id"),
        documentation_url=error.get("documentation_url"),
        retry_after=_parse_retry_after(headers.get("Retry-After")),
    )


def _parse_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _parse_retry_after(header: Optional[str]) -> Optional[float]:
    """Return `Retry-After`, which is a number of seconds or a date, in seconds."""
    if header is None:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
