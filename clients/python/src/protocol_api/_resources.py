"""The API's resources, with one method per request. Parameters are keyword arguments, typed in _types.py."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Generic, Mapping, Optional, TypeVar, Union

from ._page import Page
from ._transport import Transport
from ._types import (
    Contact,
    ContactCreate,
    ContactList,
    ContactUpdate,
    Conversation,
    ConversationCreate,
    ConversationList,
    ConversationUpdate,
    Group,
    GroupCreate,
    GroupList,
    GroupUpdate,
    Message,
    MessageList,
    MessageSend,
    MessageUpdate,
    PageParams,
)

if TYPE_CHECKING:
    # Type checkers bundle it; it is not needed at run time.
    from typing_extensions import Unpack

T = TypeVar("T")
#: An object returned by an earlier call, or its ETag.
IfMatch = Union[Mapping[str, Any], str, None]
_ID = re.compile(r"[A-Za-z0-9_-]+")


class _Resource(Generic[T]):
    _path: str

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, id: str, /, *, timeout: Optional[float] = None) -> T:
        """Retrieve an object by its id."""
        return self._transport.call("GET", self._path_of(id), timeout=timeout)  # type: ignore[no-any-return]

    def delete(self, id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None) -> None:
        """Permanently delete an object; with `if_match`, only if it is unchanged."""
        self._transport.call("DELETE", self._path_of(id), if_match=if_match, timeout=timeout)

    def _path_of(self, id: str) -> str:
        return f"{self._path}/{_check_id(id)}"

    def _list(self, params: Mapping[str, Any], timeout: Optional[float]) -> Page[T]:
        return _list_page(self._transport, self._path, params, timeout)

    def _post(self, params: Mapping[str, Any], idempotency_key: Optional[str], timeout: Optional[float]) -> T:
        # All attempts of a call share one key, so that the request takes effect once.
        key = secrets.token_hex(16) if idempotency_key is None else idempotency_key
        return self._transport.call(  # type: ignore[no-any-return]
            "POST", self._path, body=params, idempotency_key=key, timeout=timeout
        )

    def _update(self, id: str, changes: Mapping[str, Any], if_match: IfMatch, timeout: Optional[float]) -> T:
        return self._transport.call(  # type: ignore[no-any-return]
            "PUT", self._path_of(id), body=changes, if_match=if_match, timeout=timeout
        )


class Groups(_Resource[Group]):
    _path = "/v1/groups"

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.contacts = Members(transport)

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[GroupList]) -> Page[Group]:
        """List groups. Parameters: `archived`, `contact_id`, `query`, `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[GroupCreate],
    ) -> Group:
        """Create a group. Required: `name`. Optional: `description`, `avatar_url`, `contacts`."""
        return self._post(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[GroupUpdate],
    ) -> Group:
        """Change `name`, `description`, `avatar_url`, `contacts` (replaces all members) or `archived_at`."""
        return self._update(id, changes, if_match, timeout)


class Members:
    """The members of a group. Here `if_match` refers to the group."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, group_id: str, /, *, timeout: Optional[float] = None, **params: Unpack[PageParams]) -> Page[Contact]:
        """List the members in the group's order. Parameters: `limit`, `starting_after`, `ending_before`."""
        return _list_page(self._transport, f"/v1/groups/{_check_id(group_id)}/contacts", params, timeout)

    def add(
        self, group_id: str, contact_id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None
    ) -> None:
        """Add a contact as the last member. An existing member keeps its position."""
        self._transport.call("PUT", _member_path(group_id, contact_id), if_match=if_match, timeout=timeout)

    def remove(
        self, group_id: str, contact_id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None
    ) -> None:
        """Remove a member."""
        self._transport.call("DELETE", _member_path(group_id, contact_id), if_match=if_match, timeout=timeout)


class Contacts(_Resource[Contact]):
    _path = "/v1/contacts"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[ContactList]) -> Page[Contact]:
        """List contacts. Parameters: `username`, `query`, `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[ContactCreate],
    ) -> Contact:
        """Create a contact. Required: `username`. Optional: `phone_number`, `avatar_url`, `display_name`."""
        return self._post(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[ContactUpdate],
    ) -> Contact:
        """Change `username`, `phone_number`, `avatar_url` or `display_name`."""
        return self._update(id, changes, if_match, timeout)


class Conversations(_Resource[Conversation]):
    _path = "/v1/conversations"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[ConversationList]) -> Page[Conversation]:
        """List conversations.

        Parameters: `archived`, `muted`, `pinned`, `group_id`, `contact_id`, `limit`, `starting_after`, `ending_before`.
        """
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[ConversationCreate],
    ) -> Conversation:
        """Create a conversation for a contact or group that has none. Required: `contact_id` or `group_id`."""
        return self._post(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[ConversationUpdate],
    ) -> Conversation:
        """Change `pinned_message_id`, `is_pinned`, `is_muted`, `last_opened_at` or `archived_at`."""
        return self._update(id, changes, if_match, timeout)


class Messages(_Resource[Message]):
    _path = "/v1/messages"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[MessageList]) -> Page[Message]:
        """List messages. Parameters: `conversation_id`, `query`, `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def send(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[MessageSend],
    ) -> Message:
        """Send a message. Required: `conversation_id`, `message`. Optional: `contact_id`, the sender."""
        return self._post(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[MessageUpdate],
    ) -> Message:
        """Change `message`, `reactions` or `read_at`."""
        return self._update(id, changes, if_match, timeout)


def _list_page(transport: Transport, path: str, params: Mapping[str, Any], timeout: Optional[float]) -> Page[Any]:
    backwards = params.get("ending_before") is not None
    cursor = "ending_before" if backwards else "starting_after"
    body = transport.call("GET", path, query=params, timeout=timeout)
    return Page(body, backwards, lambda id: _list_page(transport, path, {**params, cursor: id}, timeout))


def _member_path(group_id: str, contact_id: str) -> str:
    return f"/v1/groups/{_check_id(group_id)}/contacts/{_check_id(contact_id)}"


def _check_id(id: str) -> str:
    """Ids become part of the path, where an empty one would address the list."""
    if isinstance(id, str) and _ID.fullmatch(id):
        return id
    raise ValueError(f"An id must be a string of letters and digits, not {id!r}.")
