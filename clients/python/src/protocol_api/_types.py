"""The shapes of objects and parameters, with the API's names. Times are UNIX seconds.

An answer is a dict that has every property; one that this version does not know is in it all the same.
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


#: Such as `{"red_angry_face": ["KateMcCallister"]}`.
Reaction = Dict[str, List[str]]


class Message(TypedDict):
    id: str
    conversation_id: str
    #: The sender; None: you, or a contact that is deleted.
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


#: A contact by its id, by an object with its `id`, or by a `username`, which makes the contact if there is none.
ContactRef = Union[str, ContactId, Contact, ContactCreate]


class PageParams(TypedDict, total=False):
    #: Objects a page, 1 to 100: 10 unless told.
    limit: int
    #: Begins after the object with this id.
    starting_after: str
    #: The page before the object with this id. Iterating goes on towards the newest object then.
    ending_before: str


class GroupList(PageParams, total=False):
    archived: bool
    #: Only groups with this member.
    contact_id: str
    #: Words of name and description.
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
    #: Set: archived at that time; None: restored.
    archived_at: Optional[int]


class ContactList(PageParams, total=False):
    username: str
    #: Words of username, display_name and phone_number.
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
    #: One of the two.
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
    #: Words of the message.
    query: str


class _MessageText(TypedDict):
    conversation_id: str
    message: str


class MessageSend(_MessageText, total=False):
    #: The sender, a member of the group or the conversation's contact: you unless told.
    contact_id: Optional[str]


class MessageUpdate(TypedDict, total=False):
    message: str
    reactions: Union[Sequence[Reaction], Reaction]
    read_at: Optional[int]
