#!/usr/bin/env python3
"""Measures what deleting a group with very many messages does to others.

  scripts/bench/seed.py --out DIR --groups 1000 --messages 1000000
  scripts/bench/deleting.py DIR

Works on a copy in DIR/run. One client updates groups, one request after the other, for --secs seconds while the server
has nothing else to do, then as long again from the deletion on.
"""
import argparse
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("seed")
parser.add_argument("--secs", type=float, default=10)
parser.add_argument("--pause", type=float, default=0, help="milliseconds between two requests")
parser.add_argument("--port", type=int, default=8190)
args = parser.parse_args()

setup = json.load(open(os.path.join(args.seed, "server.json")))
run = os.path.join(args.seed, "run")
shutil.rmtree(run, ignore_errors=True)
shutil.copytree(setup["seed"], run)
os.sync()
db = os.path.join(run, "groups.db")
command = [part.replace("{run}", run).replace("{port}", str(args.port)) for part in setup["cmd"]]
group, conversation = setup["vars"]["group"], setup["vars"]["conversation"]
ids = [line.strip() for line in open(setup["ids"]) if line.strip() != group]


def start():
    server = subprocess.Popen(command + ["--log-level", "warn"], stdout=subprocess.DEVNULL)
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", args.port)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return server, connection
        except OSError:
            time.sleep(0.005)


def ask(method, path, body=None):
    """The status, the milliseconds and the answer."""
    headers = {"authorization": "Bearer " + setup["token"], "content-type": "application/json"}
    began = time.perf_counter()
    connection.request(method, path, body and json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    return response.status, (time.perf_counter() - began) * 1000, answer


def rows(table):
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as file:
        return file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def write(n):
    time.sleep(args.pause / 1000)
    status, took, answer = ask("PUT", "/v1/groups/" + ids[n % len(ids)], {"archived_at": n})
    assert status == 200, answer
    return took


def told(name, times):
    times = sorted(times)
    p99 = times[len(times) * 99 // 100]
    print(f"{name}: {len(times)} writes, p50 {times[len(times) // 2]:.2f} ms, p99 {p99:.2f} ms, longest {times[-1]:.1f} ms")
    return p99


def lists(when):
    print(f"lists {when}, median of 20, in ms:")
    queries = ["groups", "groups?query=group", "contacts", "contacts?query=user", "conversations", "conversations?muted=false",
               "messages", f"messages?conversation_id={conversation}", "messages?query=e", "messages?query=re",
               f"messages?conversation_id={conversation}&query=e"]
    for query in queries:
        took = sorted(ask("GET", "/v1/" + query)[1] for _ in range(20))
        print(f"  {took[10]:7.2f}  {query.replace(conversation, 'ID')}")


server, connection = start()
print(f"{rows('messages')} messages, file {os.path.getsize(db) >> 20} MiB")
lists("before")
until, times = time.monotonic() + args.secs, []
while time.monotonic() < until:
    times.append(write(len(times)))
idle = told("idle", times)

message = json.loads(ask("GET", f"/v1/messages?conversation_id={conversation}&limit=1")[2])["data"][0]["id"]
status, took, _ = ask("DELETE", "/v1/groups/" + group)
print(f"deleted: {status} in {took:.1f} ms")
for path in (f"groups/{group}", f"conversations/{conversation}", f"messages/{message}"):
    assert ask("GET", "/v1/" + path)[0] == 404
lists("just after")
until, times = time.monotonic() + args.secs, []
while time.monotonic() < until:
    times.append(write(len(times)))
assert rows("deleted_conversations"), "everything was cleared away before the end"
print(f"ratio of p99: {told('meanwhile', times) / idle:.2f}, {rows('messages')} messages left")
began = time.monotonic()
while rows("deleted_conversations"):
    time.sleep(0.1)
print(f"without other writes the rest was cleared away in {time.monotonic() - began:.0f} s")
connection.close()
lists("after")
server.terminate()
server.wait()
print(f"file {os.path.getsize(db) >> 20} MiB, {rows('messages')} messages")
