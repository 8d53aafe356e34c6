"""Keeps the ETag with which an object was answered beside it, so that the object is what the API says and no more."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional


class Tagged(Dict[str, Any]):
    """An object that was answered with an ETag."""

    etag: str


def etag(answer: Mapping[str, Any]) -> Optional[str]:
    """The ETag of an object that `get`, `create`, `send` or `update` answered; None for others, such as a list's."""
    return answer.etag if isinstance(answer, Tagged) else None
