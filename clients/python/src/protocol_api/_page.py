"""Pagination: pages of objects that continue on the next page when iterated."""

from __future__ import annotations

from typing import Any, Callable, Generic, Iterator, List, Mapping, Optional, TypeVar

T = TypeVar("T")


class Page(Generic[T]):
    """One page of a list, newest object first. Iterating continues through the pages that follow."""

    has_more: bool
    data: List[T]

    def __init__(self, body: Mapping[str, Any], backwards: bool, fetch_page: Callable[[str], Page[T]]) -> None:
        self.has_more = body["has_more"]
        self.data = body["data"]
        self._backwards = backwards
        self._fetch_page = fetch_page

    def next_page(self) -> Optional[Page[T]]:
        """Request the next page in the list's direction; None if this is the last one."""
        if not self.has_more or not self.data:
            return None
        last: Any = self.data[0 if self._backwards else -1]
        return self._fetch_page(last["id"])

    def __iter__(self) -> Iterator[T]:
        page: Optional[Page[T]] = self
        while page is not None:
            objects = page.data[::-1] if self._backwards else page.data
            yield from objects[:-1]
            # The last object is the cursor of the next page, so that page is requested before the caller can delete it.
            next_page = page.next_page()
            yield from objects[-1:]
            page = next_page

    def __repr__(self) -> str:
        return f"Page(has_more={self.has_more!r}, data={self.data!r})"
