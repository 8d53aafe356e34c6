"""Lists: a page, from which iterating goes on to the next."""

from __future__ import annotations

from typing import Any, Callable, Generic, Iterator, List, Mapping, Optional, TypeVar

T = TypeVar("T")


class Page(Generic[T]):
    """`data`, newest first, and whether there is more. Iterating gives these objects and those of the pages after."""

    has_more: bool
    data: List[T]

    def __init__(self, answer: Mapping[str, Any], backwards: bool, next: Callable[[str], Page[T]]) -> None:
        self.has_more = answer["has_more"]
        self.data = answer["data"]
        self._backwards = backwards
        self._next = next

    def next_page(self) -> Optional[Page[T]]:
        """The page after this one, in the direction of the list; None after the last."""
        if not self.has_more or not self.data:
            return None
        last: Any = self.data[0 if self._backwards else -1]
        return self._next(last["id"])

    def __iter__(self) -> Iterator[T]:
        page: Optional[Page[T]] = self
        while page is not None:
            objects = page.data[::-1] if self._backwards else page.data
            yield from objects[:-1]
            # The page after an object cannot be asked for once it is deleted, and loops may delete what they are given.
            next_page = page.next_page()
            yield from objects[-1:]
            page = next_page

    def __repr__(self) -> str:
        return f"Page(has_more={self.has_more!r}, data={self.data!r})"
