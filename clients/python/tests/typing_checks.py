"""Typical calling code. It is type-checked, never run; lines that the checker must reject say so."""

from typing import List, Optional

from protocol_api import ApiClient, ApiError, Contact, Group, Message, Page, RateLimitError, etag

client = ApiClient("token", base_url="https://a", timeout=1, connect_timeout=1, max_retries=0)


def accepted() -> None:
    page: Page[Group] = client.groups.list()
    more: bool = page.has_more
    after: Optional[Page[Group]] = page.next_page()
    for group in client.groups.list(archived=False, limit=100, timeout=1):
        members: List[Contact] = group["contacts"]
        client.groups.update(group["id"], contacts=[*members, {"username": "Hector"}, "an id"], if_match=group)
    sent: Message = client.messages.send(conversation_id="a", message="b", idempotency_key="mine")
    client.messages.update(sent["id"], reactions=[{"red_angry_face": ["Kate"]}], read_at=None)
    client.conversations.create(group_id="an id")
    client.groups.contacts.add("an id", "another", if_match=etag(sent))
    try:
        client.contacts.list(username="Hector")
    except RateLimitError as error:
        print(error.retry_after, more, after)
    except ApiError as error:
        print(error.status, error.code, error.param, error.request_id)


def rejected() -> None:
    ApiClient()  # type: ignore[call-arg]
    client.groups.create(description="a")  # type: ignore[call-arg]
    client.groups.create(name="a", nmae="a")  # type: ignore[call-arg]
    client.groups.list(limit="10")  # type: ignore[arg-type]
    client.messages.create(conversation_id="a", message="b")  # type: ignore[attr-defined]
    client.groups.get("a")["title"]  # type: ignore[typeddict-item]
