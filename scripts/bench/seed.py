#!/usr/bin/env python3
"""Makes a seeded groups.db for measuring: N groups with 4 of 1,000 contacts each, and M messages, of which the
last nine in ten are in the newest group.

  scripts/bench/seed.py --out DIR [--groups 100000] [--messages 0] [--server target/release/groups-server]

Leaves DIR/data/groups.db, DIR/ids.txt and DIR/contacts.txt (shuffled group ids, contact ids, one a line), and
DIR/server.json, which says how the server is started on a copy of it and holds its token. The objects go in by
`groups-server import`; the same N gives the same objects.
"""
import argparse
import itertools
import json
import os
import random
import string
import subprocess

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", required=True)
parser.add_argument("--groups", type=int, default=100_000)
parser.add_argument("--messages", type=int, default=0)
parser.add_argument("--contacts", type=int, default=1_000)
parser.add_argument("--server", default=os.path.join(here, "../../target/release/groups-server"))
args = parser.parse_args()

out, server = os.path.abspath(args.out), os.path.abspath(args.server)
data = os.path.join(out, "data")
os.makedirs(data, exist_ok=True)
db = os.path.join(data, "groups.db")
if os.path.exists(db):
    raise SystemExit(f"{db} exists already; remove it or give another --out")
rng = random.Random(7)


def new_id():
    return "".join(rng.choices(string.ascii_letters + string.digits, k=16))


# Words as people use them: few often, many seldom.
vocabulary = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 10))) for _ in range(20_000)]
weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(vocabulary))))

contacts = [new_id() for _ in range(args.contacts)]
groups = [new_id() for _ in range(args.groups)]
conversations = [new_id() for _ in range(args.groups)]
importing = subprocess.Popen([server, "import", "--db", db, "-"], stdin=subprocess.PIPE, text=True)
for n, contact in enumerate(contacts):
    line = {"kind": "contact", "id": contact, "username": f"user{n:05d}", "phone_number": f"+1555{n:07d}",
            "avatar_url": f"https://img.example.com/u/{contact}.png", "display_name": f"User Number {n}",
            "last_active_at": 1_700_000_000 + n, "created_at": 1_700_000_000 + n}
    importing.stdin.write(json.dumps(line) + "\n")
for n, group in enumerate(groups):
    line = {"kind": "group", "id": group, "name": f"Group {n:08d} seed",
            "description": f"Seeded bench group {new_id()}{new_id()} for tests",
            "avatar_url": f"https://img.example.com/a/{group}.png", "contacts": rng.sample(contacts, 4),
            "conversation_id": conversations[n], "created_at": 1_700_000_000 + n, "archived_at": None}
    importing.stdin.write(json.dumps(line) + "\n")
for n in range(args.messages):
    conversation = conversations[rng.randrange(args.groups)] if n < args.messages // 10 else conversations[-1]
    line = {"kind": "message", "conversation_id": conversation, "contact": contacts[n % len(contacts)],
            "message": " ".join(rng.choices(vocabulary, cum_weights=weights, k=10)), "created_at": 1_700_000_000 + n}
    importing.stdin.write(json.dumps(line) + "\n")
importing.stdin.close()
if importing.wait() != 0:
    raise SystemExit("the import failed")
token = subprocess.run([server, "token", "create", "--db", db], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

cursor = groups[args.groups // 10]
shuffled = groups[:]
rng.shuffle(shuffled)
for name, ids in (("ids.txt", shuffled), ("contacts.txt", contacts)):
    with open(os.path.join(out, name), "w") as file:
        file.write("\n".join(ids) + "\n")
with open(os.path.join(out, "server.json"), "w") as file:
    json.dump({"cmd": [server, "--db", "{run}/groups.db", "--listen", "127.0.0.1:{port}"], "seed": data,
               "target": os.path.join(here, "groups.json"), "health": "/healthz", "token": token,
               "ids": os.path.join(out, "ids.txt"), "contacts": os.path.join(out, "contacts.txt"),
               "vars": {"cursor": cursor, "group": groups[-1], "conversation": conversations[-1]}}, file, indent=1)
print(f"{db}: {os.path.getsize(db) / (args.groups + args.messages):.0f} bytes a group or message")
