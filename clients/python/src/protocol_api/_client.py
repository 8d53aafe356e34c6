"""The client: its options and its resources."""

from __future__ import annotations

from typing import Optional

from ._resources import Contacts, Conversations, Groups, Messages
from ._transport import Transport


class ApiClient:
    """The client of the Protocol API. Threads may share it: each call has a connection of its own while it runs.

    base_url: where the API is, with its base path if it has one. Else PROTOCOL_API_BASE_URL, else
        https://api.protocol.chat.
    timeout: seconds that a call may take, all tries included.
    connect_timeout: seconds that a connection may take to be made, each try.
    max_retries: how many times a request is sent again.
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
        """Closes the idle connections. The client opens new ones when it is used again."""
        self._transport.close()

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ApiClient(base_url={self._transport.base_url!r})"
