"""The client: its options and resources."""

from __future__ import annotations

from typing import Optional

from ._resources import Contacts, Conversations, Groups, Messages
from ._transport import Transport


class ApiClient:
    """Client for the Protocol API. It is thread-safe: a connection serves one call at a time.

    base_url: base URL of the API, including the base path if there is one. Default: the environment variable
        PROTOCOL_API_BASE_URL, or https://api.protocol.chat. A token that begins with `groups_` is never sent to the
        latter: without a base URL, the constructor raises a ValueError.
    timeout: time limit of a call in seconds, including retries.
    connect_timeout: time limit in seconds for establishing a connection, for each attempt.
    max_retries: maximum number of retries per call.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: Optional[str] = None,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        max_retries: int = 3,
    ) -> None:
        self._transport = Transport(token, base_url, timeout, connect_timeout, max_retries)
        self.groups = Groups(self._transport)
        self.contacts = Contacts(self._transport)
        self.conversations = Conversations(self._transport)
        self.messages = Messages(self._transport)

    def close(self) -> None:
        """Close idle connections. The client remains usable and opens new ones as needed."""
        self._transport.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ApiClient(base_url={self._transport.base_url!r})"
