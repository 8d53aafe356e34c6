"""Types of objects and parameters. Properties use the API's names; timestamps are UNIX seconds.

Returned objects are dicts with every property, including those that this version does not list.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, TypedDict, Union


class Contact(TypedDict):
    id: str
    username: str
    phone_number: Optional[str]
    avatar_url: Optional[str]
    display_name: Optional[str]
    conversation_id: Optional[str]
    last_active_at: Optional[int]
    created_at: int


class Group(TypedDict):
    id: str
    name: str
    description: Optional[str]
    avatar_url: Optional[str]
    conversation_id: Optional[str]
    contacts: List[Contact]
    created_at: int
    archived_at: Optional[int]


class Conversation(TypedDict):
    id: str
    contact_id: Optional[str]
    group_id: Optional[str]
    pinned_message_id: Optional[str]
    is_pinned: bool
    is_muted: bool
    last_active_at: Optional[int]
    last_opened_at: Optional[int]
    created_at: int
    archived_at: Optional[int]


#: For example `{"red_angry_face": ["KateMcCallister"]}`.
Reaction = Dict[str, List[str]]


class Message(TypedDict):
    id: str
    conversation_id: str
    #: The sender, or None if the sender is you or a deleted contact.
    contact: Optional[Contact]
    message: str
    reactions: List[Reaction]
    read_at: Optional[int]
    created_at: int
    updated_at: Optional[int]


class _ContactName(TypedDict):
    username: str


class ContactCreate(_ContactName, total=False):
    phone_number: Optional[str]
    avatar_url: Optional[str]
    display_name: Optional[str]


class ContactId(TypedDict):
    id: str


#: A contact: its id, an object with its `id`, or an object with a `username`, which creates the contact if it does not
#: exist.
ContactRef = Union[str, ContactId, Contact, ContactCreate]


class PageParams(TypedDict, total=False):
    #: Objects per page, 1 to 100. Default: 10.
    limit: int
    #: Return the page after the object with this id.
    starting_after: str
    #: Return the page just before the object with this id. Iteration then continues toward the newest object.
    ending_before: str


class GroupList(PageParams, total=False):
    archived: bool
    #: Only groups with this member.
    contact_id: str
    #: Search terms, matched against name and description.
    query: str


class _GroupName(TypedDict):
    name: str


class GroupCreate(_GroupName, total=False):
    description: Optional[str]
    avatar_url: Optional[str]
    contacts: Sequence[ContactRef]


class GroupUpdate(TypedDict, total=False):
    name: str
    description: Optional[str]
    avatar_url: Optional[str]
    contacts: Sequence[ContactRef]
    #: A timestamp archives the group; None restores it.
    archived_at: Optional[int]


class ContactList(PageParams, total=False):
    username: str
    #: Search terms, matched against username, display_name and phone_number.
    query: str


class ContactUpdate(TypedDict, total=False):
    username: str
    phone_number: Optional[str]
    avatar_url: Optional[str]
    display_name: Optional[str]


class ConversationList(PageParams, total=False):
    archived: bool
    muted: bool
    pinned: bool
    group_id: str
    contact_id: str


class ConversationCreate(TypedDict, total=False):
    #: Exactly one of the two is required.
    contact_id: Optional[str]
    group_id: Optional[str]


class ConversationUpdate(TypedDict, total=False):
    pinned_message_id: Optional[str]
    is_pinned: bool
    is_muted: bool
    last_opened_at: Optional[int]
    archived_at: Optional[int]


class MessageList(PageParams, total=False):
    conversation_id: str
    #: Search terms, matched against the message text.
    query: str


class _MessageText(TypedDict):
    conversation_id: str
    message: str


class MessageSend(_MessageText, total=False):
    #: The sender: a member of the group, or the conversation's contact. Default: you.
    contact_id: Optional[str]


class MessageUpdate(TypedDict, total=False):
    message: str
    reactions: Union[Sequence[Reaction], Reaction]
    read_at: Optional[int]
