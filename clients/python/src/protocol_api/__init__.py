"""Client for the Protocol API: groups, contacts, conversations and messages."""

from ._client import ApiClient
from ._errors import (
    ApiConnectionError,
    ApiError,
    ApiTimeoutError,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from ._etag import etag
from ._page import Page
from ._types import Contact, ContactRef, Conversation, Group, Message, Reaction
from ._version import VERSION as __version__

__all__ = [
    "ApiClient",
    "ApiConnectionError",
    "ApiError",
    "ApiTimeoutError",
    "AuthenticationError",
    "ConflictError",
    "Contact",
    "ContactRef",
    "Conversation",
    "Group",
    "Message",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "RateLimitError",
    "Reaction",
    "ServerError",
    "ValidationError",
    "__version__",
    "etag",
]
