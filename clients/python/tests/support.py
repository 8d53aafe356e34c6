"""Where the tests run: a server, and a proxy that does to requests what its path says (tests/clients/proxy.rs)."""

import json
import os
import socket
import urllib.request
import uuid

from protocol_api import ApiClient

TOKEN = os.environ["PROTOCOL_API_TOKEN"]
READ_ONLY_TOKEN = os.environ["PROTOCOL_API_READ_ONLY_TOKEN"]
PROXY = os.environ["PROTOCOL_API_PROXY"]

client = ApiClient(TOKEN)


def proxied(name, steps="pass", **options):
    """A client whose first request under the name meets the first of the steps, and so on."""
    return ApiClient(TOKEN, base_url=f"{PROXY}/{name}/{steps}", **options)


def report(name):
    """What came to the proxy under the name: `connections`, `requests`."""
    with urllib.request.urlopen(f"{PROXY}/report/{name}") as answer:
        return json.load(answer)


def word():
    """Whoever calls it has a word of its own."""
    return f"word{uuid.uuid4().hex[:8]}"


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return closed.getsockname()[1]
