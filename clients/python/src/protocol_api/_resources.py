"""The API's resources, each request a method. Parameters are keywords; their types are in _types.py."""

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
    # Every type checker has it; nothing needs it when the program runs.
    from typing_extensions import Unpack

T = TypeVar("T")
#: An object that was answered, or its ETag.
IfMatch = Union[Mapping[str, Any], str, None]
_ID = re.compile(r"[A-Za-z0-9_-]+")


class _Resource(Generic[T]):
    _path: str

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, id: str, /, *, timeout: Optional[float] = None) -> T:
        """Retrieves an object by its id."""
        return self._transport.call("GET", self._at(id), timeout=timeout)  # type: ignore[no-any-return]

    def delete(self, id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None) -> None:
        """Deletes an object for good; with `if_match` only if it is still this one."""
        self._transport.call("DELETE", self._at(id), if_match=if_match, timeout=timeout)

    def _at(self, id: str) -> str:
        return f"{self._path}/{_checked_id(id)}"

    def _list(self, params: Mapping[str, Any], timeout: Optional[float]) -> Page[T]:
        return _page(self._transport, self._path, params, timeout)

    def _make(self, params: Mapping[str, Any], idempotency_key: Optional[str], timeout: Optional[float]) -> T:
        # One key a call: all tries of a call have the same, so that it takes effect once.
        key = secrets.token_hex(16) if idempotency_key is None else idempotency_key
        return self._transport.call(  # type: ignore[no-any-return]
            "POST", self._path, body=params, idempotency_key=key, timeout=timeout
        )

    def _update(self, id: str, changes: Mapping[str, Any], if_match: IfMatch, timeout: Optional[float]) -> T:
        return self._transport.call(  # type: ignore[no-any-return]
            "PUT", self._at(id), body=changes, if_match=if_match, timeout=timeout
        )


class Groups(_Resource[Group]):
    _path = "/v1/groups"

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        #: The members of a group.
        self.contacts = Members(transport)

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[GroupList]) -> Page[Group]:
        """Lists groups: `archived`, `contact_id`, `query`; `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[GroupCreate],
    ) -> Group:
        """Creates a group: `name`; `description`, `avatar_url`, `contacts`."""
        return self._make(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[GroupUpdate],
    ) -> Group:
        """Changes what is given: `name`, `description`, `avatar_url`, `contacts` (all members), `archived_at`."""
        return self._update(id, changes, if_match, timeout)


class Members:
    """The contacts that are members of a group. `if_match` is asked of the group here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, group_id: str, /, *, timeout: Optional[float] = None, **params: Unpack[PageParams]) -> Page[Contact]:
        """Lists the members in the group's order: `limit`, `starting_after`, `ending_before`."""
        return _page(self._transport, f"/v1/groups/{_checked_id(group_id)}/contacts", params, timeout)

    def add(
        self, group_id: str, contact_id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None
    ) -> None:
        """Adds a member at the end; one that is a member stays where it is."""
        self._transport.call("PUT", _member_path(group_id, contact_id), if_match=if_match, timeout=timeout)

    def remove(
        self, group_id: str, contact_id: str, /, *, if_match: IfMatch = None, timeout: Optional[float] = None
    ) -> None:
        """Takes a member out."""
        self._transport.call("DELETE", _member_path(group_id, contact_id), if_match=if_match, timeout=timeout)


class Contacts(_Resource[Contact]):
    _path = "/v1/contacts"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[ContactList]) -> Page[Contact]:
        """Lists contacts: `username`, `query`; `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[ContactCreate],
    ) -> Contact:
        """Creates a contact: `username`; `phone_number`, `avatar_url`, `display_name`."""
        return self._make(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[ContactUpdate],
    ) -> Contact:
        """Changes what is given: `username`, `phone_number`, `avatar_url`, `display_name`."""
        return self._update(id, changes, if_match, timeout)


class Conversations(_Resource[Conversation]):
    _path = "/v1/conversations"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[ConversationList]) -> Page[Conversation]:
        """Lists conversations: `archived`, `muted`, `pinned`, `group_id`, `contact_id`; `limit` and so on."""
        return self._list(params, timeout)

    def create(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[ConversationCreate],
    ) -> Conversation:
        """Creates the conversation of a contact or group that has none: `contact_id` or `group_id`."""
        return self._make(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[ConversationUpdate],
    ) -> Conversation:
        """Changes what is given: `pinned_message_id`, `is_pinned`, `is_muted`, `last_opened_at`, `archived_at`."""
        return self._update(id, changes, if_match, timeout)


class Messages(_Resource[Message]):
    _path = "/v1/messages"

    def list(self, *, timeout: Optional[float] = None, **params: Unpack[MessageList]) -> Page[Message]:
        """Lists messages: `conversation_id`, `query`; `limit`, `starting_after`, `ending_before`."""
        return self._list(params, timeout)

    def send(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **params: Unpack[MessageSend],
    ) -> Message:
        """Sends a message: `conversation_id`, `message`; `contact_id`, the sender."""
        return self._make(params, idempotency_key, timeout)

    def update(
        self,
        id: str,
        /,
        *,
        if_match: IfMatch = None,
        timeout: Optional[float] = None,
        **changes: Unpack[MessageUpdate],
    ) -> Message:
        """Changes what is given: `message`, `reactions`, `read_at`."""
        return self._update(id, changes, if_match, timeout)


def _page(transport: Transport, path: str, params: Mapping[str, Any], timeout: Optional[float]) -> Page[Any]:
    backwards = params.get("ending_before") is not None
    cursor = "ending_before" if backwards else "starting_after"
    answer = transport.call("GET", path, query=params, timeout=timeout)
    return Page(answer, backwards, lambda id: _page(transport, path, {**params, cursor: id}, timeout))


def _member_path(group_id: str, contact_id: str) -> str:
    return f"/v1/groups/{_checked_id(group_id)}/contacts/{_checked_id(contact_id)}"


def _checked_id(id: str) -> str:
    """An id goes into the path: an empty one would name the list."""
    if isinstance(id, str) and _ID.fullmatch(id):
        return id
    raise ValueError(f"An id must be a string of letters and digits, not {id!r}.")
