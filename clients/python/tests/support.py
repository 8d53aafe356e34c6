"""Shared by the tests. They run against a server, directly or through a proxy that injects the faults named in its URL
(tests/clients/proxy.rs)."""

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


def via_proxy(name, faults="pass", **options):
    """A client whose requests go through the proxy: its nth request meets the nth of the comma-separated faults."""
    return ApiClient(TOKEN, base_url=f"{PROXY}/{name}/{faults}", **options)


def proxy_report(name):
    """What the proxy received under a name: `connections` (a number) and `requests`."""
    with urllib.request.urlopen(f"{PROXY}/report/{name}") as response:
        return json.load(response)


def unique_word():
    """A word that no other call returns, for names and search terms."""
    return f"word{uuid.uuid4().hex[:8]}"


def closed_port():
    """A port on which nothing listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return closed.getsockname()[1]
