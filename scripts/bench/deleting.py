#!/usr/bin/env python3
"""Measures what deleting a group with very many messages does to others.

  scripts/bench/seed.py --out DIR --groups 1000 --messages 1000000 --newest 90
  scripts/bench/deleting.py DIR

Works on a copy in DIR. One client updates groups, one request after the other, for --secs seconds while the server has
nothing else to do, then as long again from the deletion on. With a million messages it takes 3 minutes.
"""
import argparse
import http.client
import json
import os
import sqlite3
import time

import servers

QUERIES = ["groups", "groups?query=group", "contacts", "contacts?query=user", "conversations",
           "conversations?muted=false", "messages", "messages?conversation_id=ID", "messages?query=e",
           "messages?query=re", "messages?conversation_id=ID&query=e"]


class Client:
    """One connection, and what is asked on it."""

    def __init__(self, server, setup, pause):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port)
        self.token, self.pause = setup["token"], pause
        self.group, self.conversation = setup["newest"]["group"], setup["newest"]["conversation"]
        self.ids = [line.strip() for line in open(setup["lists"]["id"]) if line.strip() != self.group]

    def ask(self, method, path, body=None):
        """The status, the milliseconds and the answer."""
        headers = {"authorization": "Bearer " + self.token, "content-type": "application/json"}
        began = time.perf_counter()
        self.connection.request(method, "/v1/" + path, body and json.dumps(body), headers)
        response = self.connection.getresponse()
        answer = response.read()
        return response.status, (time.perf_counter() - began) * 1000, answer

    def write(self, n):
        time.sleep(self.pause / 1000)
        status, took, answer = self.ask("PUT", "groups/" + self.ids[n % len(self.ids)], {"archived_at": n})
        if status != 200:
            raise SystemExit(f"a write was answered {status}: {answer}")
        return took

    def writes(self, name, secs):
        """Writes for so long, and tells and gives the 99th percentile."""
        until, times = time.monotonic() + secs, []
        while time.monotonic() < until:
            times.append(self.write(len(times)))
        times.sort()
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        print(f"{name}: {len(times)} writes, p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {times[-1]:.1f} ms")
        return p99

    def lists(self, when):
        print(f"lists {when}, median of 20, in ms:")
        for query in QUERIES:
            took = sorted(self.ask("GET", query.replace("ID", self.conversation))[1] for _ in range(20))
            print(f"  {took[10]:7.2f}  {query}")

    def delete(self):
        """Deletes the newest group; it, its conversation and its messages are gone at once."""
        newest = self.ask("GET", f"messages?conversation_id={self.conversation}&limit=1")[2]
        message = json.loads(newest)["data"][0]["id"]
        status, took, _ = self.ask("DELETE", "groups/" + self.group)
        print(f"deleted: {status} in {took:.1f} ms")
        for path in (f"groups/{self.group}", f"conversations/{self.conversation}", f"messages/{message}"):
            if self.ask("GET", path)[0] != 404:
                raise SystemExit(f"{path} is still there")


def rows(db, table):
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as file:
        return file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def measure(client, db, secs):
    print(f"{rows(db, 'messages')} messages, file {os.path.getsize(db) >> 20} MiB")
    client.lists("before")
    idle = client.writes("idle", secs)
    client.delete()
    client.lists("just after")
    meanwhile = client.writes("meanwhile", secs)
    if not rows(db, "deleted_conversations"):
        raise SystemExit("everything was cleared away before the end: it takes more messages or fewer --secs")
    print(f"ratio of p99: {meanwhile / idle:.2f}, {rows(db, 'messages')} messages left")
    began = time.monotonic()
    while rows(db, "deleted_conversations"):
        time.sleep(0.1)
    print(f"without other writes the rest was cleared away in {time.monotonic() - began:.0f} s")
    client.lists("after")
    client.connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed")
    parser.add_argument("--secs", type=float, default=10)
    parser.add_argument("--pause", type=float, default=0, help="milliseconds between two requests")
    args = parser.parse_args()
    servers.end_on_signals()
    work = servers.work_folder(args.seed)
    with open(os.path.join(work, "server.json")) as file:
        setup = json.load(file)
    setup["cmd"] += ["--log-level", "warn"]
    with servers.Server("groups-server", setup, work, load=None) as server:
        server.start()
        db = os.path.join(server.run, "groups.db")
        measure(Client(server, setup, args.pause), db, args.secs)
        server.stop()
        print(f"file {os.path.getsize(db) >> 20} MiB, {rows(db, 'messages')} messages")


if __name__ == "__main__":
    main()
