"""Keep each object's ETag beside its items, so that the dict holds only the API's own properties."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional


class Tagged(Dict[str, Any]):
    """An object whose response had an ETag."""

    etag: str


def etag(answer: Mapping[str, Any]) -> Optional[str]:
    """The ETag of an object returned by `get`, `create`, `send` or `update`; None for others, such as list items."""
    return answer.etag if isinstance(answer, Tagged) else None
