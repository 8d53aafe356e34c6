#!/usr/bin/env python3
"""Makes a seeded groups.db for measuring: N groups with 4 of 1,000 contacts each, and M messages, ten or more in each
of the conversations that have any.

  scripts/bench/seed.py --out DIR [--groups 100000] [--messages 0] [--newest PERCENT] [--server FILE]

Leaves DIR/data/groups.db, lists of ids and texts, one a line, and DIR/server.json, which says how the server is started
on a copy of the file and holds its token. The objects go in by `groups-server import`; the same numbers give the same
objects. 100,000 groups take 5 seconds and 70 MB, with as many messages 15 seconds and 120 MB.
"""
import argparse
import itertools
import json
import os
import random
import string
import subprocess

import servers

# The page after which group begins at so many percent of the list.
DEPTHS = (10, 50, 90, 99)


class Seed:
    """The objects, in the order in which they are imported."""

    def __init__(self, groups, messages, newest, contacts):
        self.rng = random.Random(7)
        # Words as people use them: few often, many seldom.
        self.vocabulary = [self.letters(self.rng.randint(2, 10)) for _ in range(20_000)]
        self.weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(self.vocabulary))))
        self.contacts = [self.new_id() for _ in range(contacts)]
        self.groups = [self.new_id() for _ in range(groups)]
        self.conversations = [self.new_id() for _ in range(groups)]
        self.messages = messages
        self.spread = messages * (100 - newest) // 100
        # Those that the messages are spread over, evenly among the groups.
        talks = min(groups, self.spread // 10)
        self.talks = [self.conversations[n * groups // talks] for n in range(talks)]

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
            talk = self.talks[n % len(self.talks)] if n < self.spread and self.talks else self.conversations[-1]
            yield {"kind": "message", "conversation_id": talk, "contact": self.contacts[n % len(self.contacts)],
                   "message": self.text(), "created_at": 1_700_000_000 + n}

    def shuffled_groups(self):
        return self.rng.sample(self.groups, len(self.groups))


def made_by():
    return servers.fingerprint("schema.sql", "scripts/bench/seed.py")


def make(out, server, groups=100_000, messages=0, newest=0, contacts=1_000):
    """Makes the seed; the bytes of its file."""
    data = os.path.join(out, "data")
    os.makedirs(data)
    db = os.path.join(data, "groups.db")
    seed = Seed(groups, messages, newest, contacts)
    load_objects(server, db, seed)
    token = subprocess.run([server, "token", "create", "--db", db], check=True, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True).stdout.strip()
    lists = {"id": seed.shuffled_groups(), "contact": seed.contacts}
    if seed.talks:
        lists |= {"conversation": seed.talks, "text": [seed.text() for _ in range(10_000)]}
    cursors = {str(depth): seed.groups[groups * (100 - depth) // 100] for depth in DEPTHS}
    servers.write_setup(out, {
        "cmd": [server, "--db", "{run}/groups.db", "--listen", "127.0.0.1:{port}"], "data": data,
        "target": os.path.join(servers.HERE, "groups.json"), "health": "/healthz", "token": token,
        "lists": {name: servers.write_lines(out, name, lines) for name, lines in lists.items()},
        "vars": {"cursor": cursors["90"]}, "cursors": cursors,
        "newest": {"group": seed.groups[-1], "conversation": seed.conversations[-1]}, "made_by": made_by()})
    return os.path.getsize(db)


def load_objects(server, db, seed):
    importing = subprocess.Popen([server, "import", "--db", db, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
    try:
        for thing in seed.objects():
            importing.stdin.write(json.dumps(thing) + "\n")
    except BrokenPipeError:
        pass
    finally:
        told = importing.communicate()[1]
    if importing.returncode != 0:
        raise SystemExit(f"the import failed: {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--newest", type=int, default=0, metavar="PERCENT",
                        help="so many of the messages, the last ones, are in the newest group")
    parser.add_argument("--contacts", type=int, default=1_000)
    parser.add_argument("--server", default=os.path.join(servers.ROOT, "target/release/groups-server"))
    args = parser.parse_args()
    out = os.path.abspath(args.out)
    if os.path.exists(os.path.join(out, "data")):
        raise SystemExit(f"{out}/data exists already; remove it or give another --out")
    size = make(out, os.path.abspath(args.server), args.groups, args.messages, args.newest, args.contacts)
    print(f"{out}: {size / (args.groups + args.messages):.0f} bytes a group or message")


if __name__ == "__main__":
    main()
