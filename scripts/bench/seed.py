#!/usr/bin/env python3
"""Creates a seed for benchmarks: a groups.db with N groups, each with 4 of 1,000 contacts, and M messages, spread over
conversations with ten or more each.

  scripts/bench/seed.py --out DIR [--groups 100000] [--messages 0] [--newest PERCENT] [--server FILE]

Leaves DIR/data/groups.db, lists of ids and texts with one per line, and DIR/server.json, which says how to start a
server on a copy of the database and contains its token. The objects are imported with `groups-server import`; the same
arguments produce the same objects. 100,000 groups take 5 seconds and 70 MB; with as many messages, 15 seconds and
120 MB.
"""
import argparse
import itertools
import json
import os
import random
import string
import subprocess

import servers

# Depths, in percent of the list, for which the seed stores the cursor of the page there.
DEPTHS = (10, 50, 90, 99)


class Seed:
    """The objects, in import order."""

    def __init__(self, groups, messages, newest, contacts):
        self.rng = random.Random(7)
        # Words with a Zipf distribution, as in natural language.
        self.vocabulary = [self.letters(self.rng.randint(2, 10)) for _ in range(20_000)]
        self.weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(self.vocabulary))))
        self.contacts = [self.new_id() for _ in range(contacts)]
        self.groups = [self.new_id() for _ in range(groups)]
        self.conversations = [self.new_id() for _ in range(groups)]
        self.messages = messages
        self.spread = messages * (100 - newest) // 100
        # The conversations that have messages, spread evenly over the groups.
        active = min(groups, self.spread // 10)
        self.active = [self.conversations[n * groups // active] for n in range(active)]

    def letters(self, count):
        return "".join(self.rng.choices(string.ascii_lowercase, k=count))

    def new_id(self):
        return "".join(self.rng.choices(string.ascii_letters + string.digits, k=16))

    def text(self):
        return " ".join(self.rng.choices(self.vocabulary, cum_weights=self.weights, k=10))

    def objects(self):
        for n, contact in enumerate(self.contacts):
            yield {"kind": "contact", "id": contact, "username": f"user{n:05d}", "phone_number": f"+1555{n:07d}",
                   "avatar_url": f"https://img.example.com/u/{contact}.png", "display_name": f"User Number {n}",
                   "last_active_at": 1_700_000_000 + n, "created_at": 1_700_000_000 + n}
        for n, group in enumerate(self.groups):
            yield {"kind": "group", "id": group, "name": f"Group {n:08d} seed",
                   "description": f"Seeded bench group {self.new_id()}{self.new_id()} for tests",
                   "avatar_url": f"https://img.example.com/a/{group}.png",
                   "contacts": self.rng.sample(self.contacts, 4),
                   "conversation_id": self.conversations[n], "created_at": 1_700_000_000 + n, "archived_at": None}
        for n in range(self.messages):
            spread = n < self.spread and self.active
            conversation = self.active[n % len(self.active)] if spread else self.conversations[-1]
            yield {"kind": "message", "conversation_id": conversation, "contact": self.contacts[n % len(self.contacts)],
                   "message": self.text(), "created_at": 1_700_000_000 + n}

    def shuffled_groups(self):
        return self.rng.sample(self.groups, len(self.groups))


def fingerprint():
    return servers.fingerprint("schema.sql", "scripts/bench/seed.py")


def create(out, server, groups=100_000, messages=0, newest=0, contacts=1_000):
    """Creates the seed and returns the size of its database."""
    data = os.path.join(out, "data")
    os.makedirs(data)
    db = os.path.join(data, "groups.db")
    seed = Seed(groups, messages, newest, contacts)
    load_objects(server, db, seed)
    token = subprocess.run([server, "token", "create", "--db", db], check=True, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True).stdout.strip()
    lists = {"id": seed.shuffled_groups(), "contact": seed.contacts}
    if seed.active:
        lists |= {"conversation": seed.active, "text": [seed.text() for _ in range(10_000)]}
    cursors = {str(depth): seed.groups[groups * (100 - depth) // 100] for depth in DEPTHS}
    servers.write_setup(out, {
        "cmd": [server, "--db", "{run}/groups.db", "--listen", "127.0.0.1:{port}"], "data": data,
        "target": os.path.join(servers.HERE, "groups.json"), "health": "/healthz", "token": token,
        "lists": {name: servers.write_lines(out, name, lines) for name, lines in lists.items()},
        "vars": {"cursor": cursors["90"]}, "cursors": cursors,
        "newest": {"group": seed.groups[-1], "conversation": seed.conversations[-1]}, "source": fingerprint()})
    return os.path.getsize(db)


def load_objects(server, db, seed):
    importing = subprocess.Popen([server, "import", "--db", db, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
    try:
        for item in seed.objects():
            importing.stdin.write(json.dumps(item) + "\n")
    except BrokenPipeError:
        pass
    finally:
        errors = importing.communicate()[1]
    if importing.returncode != 0:
        raise SystemExit(f"the import failed: {errors}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="DIR", help="where to create the seed")
    parser.add_argument("--groups", type=int, default=100_000, help="number of groups (default: 100000)")
    parser.add_argument("--messages", type=int, default=0, help="number of messages (default: 0)")
    parser.add_argument("--newest", type=int, default=0, metavar="PERCENT",
                        help="put this share of the messages, the last ones, into the newest group (default: 0)")
    parser.add_argument("--contacts", type=int, default=1_000, help="number of contacts (default: 1000)")
    parser.add_argument("--server", metavar="FILE", default=os.path.join(servers.ROOT, "target/release/groups-server"),
                        help="server binary that imports the objects (default: the release build in target/)")
    args = parser.parse_args()
    out = os.path.abspath(args.out)
    if os.path.exists(os.path.join(out, "data")):
        raise SystemExit(f"{out}/data already exists; remove it or use another --out")
    size = create(out, os.path.abspath(args.server), args.groups, args.messages, args.newest, args.contacts)
    print(f"{out}: {size / (args.groups + args.messages):.0f} bytes per group or message")


if __name__ == "__main__":
    main()
