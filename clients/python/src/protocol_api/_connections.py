"""Keep-alive connections, and responses that must arrive by a deadline."""

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

# poll(), unlike select(), has no upper limit on file descriptor numbers.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Response(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Connections:
    """A pool of idle connections to one host. A connection in use belongs to one call."""

    def __init__(self, url: SplitResult, connect_timeout: float) -> None:
        self._url = url
        self._connect_timeout = connect_timeout
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._lock = threading.Lock()
        self._idle: List[http.client.HTTPConnection] = []
        self._process = os.getpid()

    def send(
        self, method: str, target: str, body: Optional[bytes], headers: Mapping[str, str], deadline: float
    ) -> Response:
        """Send a request once. Exceptions of http.client and socket pass through; socket.timeout means a timeout."""
        connection = self._acquire()
        try:
            if connection.sock is None:
                connection.timeout = min(self._connect_timeout, _remaining(deadline))
                connection.connect()
            connection.sock.settimeout(_remaining(deadline))
            connection.request(method, target, body, dict(headers))
            connection.response_class = _response_class(deadline)
            received = connection.getresponse()
            response = Response(received.status, received.headers, received.read())
        except BaseException:
            connection.close()
            raise
        self._release(connection)
        return response

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _acquire(self) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                if self._process != os.getpid():
                    # After a fork the pooled connections still belong to the parent process.
                    self._idle, self._process = [], os.getpid()
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open()
            if not _is_closed(connection.sock):
                return connection
            connection.close()

    def _open(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._tls is not None:
            return http.client.HTTPSConnection(host, self._url.port, context=self._tls)
        return http.client.HTTPConnection(host, self._url.port)

    def _release(self, connection: http.client.HTTPConnection) -> None:
        # None if the server closes the connection after this response.
        if connection.sock is not None:
            with self._lock:
                self._idle.append(connection)


def _is_closed(sock: socket.socket) -> bool:
    """Whether the server has closed an idle connection: only then is there something to read."""
    with _Selector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise socket.timeout("timed out")
    return remaining


def _response_class(deadline: float) -> Any:
    return lambda sock, **options: http.client.HTTPResponse(
        _DeadlineStream(sock, deadline),  # type: ignore[arg-type]
        **options,
    )


class _DeadlineStream(io.RawIOBase):
    """A stream for http.client that enforces the deadline on every read: a trickle of bytes cannot extend it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._sock.settimeout(_remaining(self._deadline))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
