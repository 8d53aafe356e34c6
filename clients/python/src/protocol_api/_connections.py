"""Connections that are kept alive, and answers that must be there by a deadline."""

from __future__ import annotations

import http.client
import io
import os
import selectors
import socket
import ssl
import threading
import time
from typing import Any, List, Mapping, NamedTuple, Optional
from urllib.parse import SplitResult

# Knows sockets of any number, where the system has it.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Connections:
    """The idle connections to one host. One that is taken belongs to its thread until it is given back."""

    def __init__(self, url: SplitResult, connect_timeout: float) -> None:
        self._url = url
        self._connect_timeout = connect_timeout
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._lock = threading.Lock()
        self._idle: List[http.client.HTTPConnection] = []
        self._process = os.getpid()

    def send(
        self, method: str, target: str, body: Optional[bytes], headers: Mapping[str, str], deadline: float
    ) -> Answer:
        """Sends a request once. Raises what http.client and socket raise, TimeoutError's kind after the deadline."""
        connection = self._take()
        try:
            if connection.sock is None:
                connection.timeout = min(self._connect_timeout, _left(deadline))
                connection.connect()
            connection.sock.settimeout(_left(deadline))
            connection.request(method, target, body, dict(headers))
            connection.response_class = _answer_by(deadline)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            connection.close()
            raise
        self._give(connection)
        return answer

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                if self._process != os.getpid():
                    # After a fork the connections are the parent's, who goes on using them.
                    self._idle, self._process = [], os.getpid()
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open()
            if not _has_ended(connection.sock):
                return connection
            connection.close()

    def _open(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._tls is not None:
            return http.client.HTTPSConnection(host, self._url.port, context=self._tls)
        return http.client.HTTPConnection(host, self._url.port)

    def _give(self, connection: http.client.HTTPConnection) -> None:
        # None: the server ends it after this answer.
        if connection.sock is not None:
            with self._lock:
                self._idle.append(connection)


def _has_ended(sock: socket.socket) -> bool:
    """An idle connection has something to read only when the server has closed it."""
    with _Selector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


def _answer_by(deadline: float) -> Any:
    return lambda sock, **options: http.client.HTTPResponse(_Timed(sock, deadline), **options)  # type: ignore[arg-type]


class _Timed(io.RawIOBase):
    """A socket's stream for http.client of which each read has only what is left of the time: many small ones too."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._sock.settimeout(_left(self._deadline))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
