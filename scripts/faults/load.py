"""Shared by the scripts that break disks: the server, writers that record what was acknowledged, and the comparison of
that with what the server has."""
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT = 20


def require_root(reason):
    if os.geteuid() != 0:
        raise SystemExit(f"root is required because this script {reason}; nothing was done")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def build(server):
    """Returns the binary to test: the given one, or a release build of this tree."""
    if server:
        return os.path.abspath(server)
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    metadata = subprocess.run(["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"], cwd=ROOT,
                              check=True, stdout=subprocess.PIPE).stdout
    return os.path.join(json.loads(metadata)["target_directory"], "release/groups-server")


class Filesystem:
    """A file system with its own mount point, in a temporary directory that is removed on exit."""

    def __init__(self, *mount):
        self.work = tempfile.mkdtemp(prefix="groups-faults-")
        self.path = os.path.join(self.work, "disk")
        self.log = os.path.join(self.work, "log")
        self.command = ["mount", *(argument.replace("{work}", self.work) for argument in mount), self.path]
        os.mkdir(self.path)

    def mount(self):
        run(*self.command)

    def unmount(self):
        deadline = time.monotonic() + TIMEOUT
        while subprocess.run(["umount", self.path], stderr=subprocess.PIPE).returncode:
            if time.monotonic() > deadline:
                raise SystemExit(f"cannot unmount {self.path}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if failed and os.path.exists(self.log):
            sys.stderr.write(f"the end of the server's log:\n{open(self.log).read()[-4000:]}\n")
        for server in Server.started:
            server.kill()
        if os.path.ismount(self.path):
            self.unmount()
        shutil.rmtree(self.work)


class Server:
    """A running server with its database in the directory `path`. It logs errors to `log`, which is on another disk."""

    started = []

    def __init__(self, program, path, log):
        self.program, self.db = program, os.path.join(path, "groups.db")
        with open(log, "a") as errors:
            self.process = subprocess.Popen(
                [program, "--db", self.db, "--listen", "127.0.0.1:0", "--log-level", "error"],
                stdout=subprocess.PIPE, stderr=errors, text=True)
        self.started.append(self)
        first = self.process.stdout.readline()
        if "http://" not in first:
            raise SystemExit(f"the server does not start: {open(log).read()[-2000:]}")
        self.address = first.strip().rsplit("/", 1)[1]

    def first_token(self):
        """The token that the first start prints."""
        return next(line.strip() for line in self.process.stdout if line.strip().startswith("groups_"))

    def stop(self, signal_number):
        self.process.send_signal(signal_number)
        return self.process.wait(TIMEOUT)

    def kill(self):
        self.stop(signal.SIGKILL)

    def objects(self):
        exported = run(self.program, "export", "--db", self.db, "-")
        return [json.loads(line) for line in exported.splitlines()]

    def status(self, token, path="/v1/groups?limit=1"):
        return Client(self.address, token).send("GET", path)[0]


class Client:
    def __init__(self, address, token):
        self.connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), self.headers)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None


class PowerCut:
    """The state of a power cut. What was acknowledged before `begun` is on the disk; after `over` there is no disk any
    more. In between, Linux may confirm a sync that was in progress although nothing of it reached the disk. A real
    power cut would let no response out then, so such a request may or may not have taken effect."""
    begun = over = False


class Writer:
    """Creates, updates and deletes its own groups and sends messages to them. `groups` is what must exist, by id;
    `pending` is the one request whose outcome is unknown."""

    def __init__(self, number):
        self.name, self.names = f"w{number}", 0
        self.random = random.Random(number)
        self.groups, self.pending = {}, None
        self.acknowledged = self.rejected = 0
        # A request that was acknowledged after the power cut, and the 5xx response that ended this writer.
        self.falsely_acknowledged = self.error = None

    def write(self, address, token, stop, cut):
        """Writes until the server is gone or does not know whether it wrote, or until `stop` is set."""
        client = Client(address, token)
        while not stop.is_set():
            self.pending, too_late = self.choose(), cut.over
            try:
                status, body = client.send(*self.request(*self.pending))
            except (OSError, http.client.HTTPException):
                return
            if status == 507:
                self.pending, self.rejected = None, self.rejected + 1
            elif status // 100 == 2 and too_late:
                self.falsely_acknowledged = self.pending
                return
            elif status // 100 == 2 and cut.begun:
                return
            elif status // 100 == 2:
                self.apply(self.groups, self.pending, body)
                self.pending, self.acknowledged = None, self.acknowledged + 1
            elif status // 100 == 5:
                self.error = status, body
                return
            else:
                raise SystemExit(f"{self.pending}: {status} {body}")

    def choose(self):
        self.names += 1
        name = f"{self.name}x{self.names}"
        if len(self.groups) < 2 or len(self.groups) < 8 and self.random.random() < 0.3:
            return "create", name, None
        group = self.random.choice(sorted(self.groups))
        return self.random.choice(["send", "send", "send", "describe", "describe", "delete"]), name, group

    def request(self, action, name, group):
        if action == "create":
            return "POST", "/v1/groups", {"name": name, "contacts": [{"username": f"{name}{n}"} for n in "ab"]}
        if action == "describe":
            return "PUT", f"/v1/groups/{group}", {"description": name}
        if action == "delete":
            return "DELETE", f"/v1/groups/{group}"
        conversation = self.groups[group]["conversation"]
        return "POST", "/v1/messages", {"conversation_id": conversation, "message": name}

    @staticmethod
    def apply(groups, request, created):
        action, name, group = request
        if action == "create":
            groups[created["id"]] = {"name": name, "description": None, "conversation": created["conversation_id"],
                                     "members": [f"{name}a", f"{name}b"], "active": None, "messages": []}
        elif action == "describe":
            groups[group]["description"] = name
        elif action == "delete":
            del groups[group]
        else:
            groups[group]["messages"].append(name)
            groups[group]["active"] = created["created_at"]

    def verify(self, found, objects):
        """Compares what the server has with what must exist; the pending request may have taken effect as a whole."""
        if self.falsely_acknowledged:
            raise SystemExit(f"acknowledged after the power cut: {self.falsely_acknowledged}")
        if found != self.groups and self.pending:
            action, name, _ = self.pending
            named_by = {"create": "name", "send": "message"}.get(action)
            created = next((it for it in objects if named_by and it.get(named_by) == name), None)
            if created or not named_by:
                self.apply(self.groups, self.pending, created)
        if found != self.groups:
            ids = [it for it in found.keys() | self.groups.keys() if found.get(it) != self.groups.get(it)]
            differences = "\n".join(f"{it}: expected {self.groups.get(it)}\n  found {found.get(it)}" for it in ids)
            raise SystemExit(f"LOST or incomplete; the pending request was {self.pending}\n{differences}")
        self.pending = None


def verify(server, writers):
    """Compares everything the server has with what was acknowledged. Contacts outlive their group."""
    objects = server.objects()
    found = {it["id"]: {"name": it["name"], "description": it["description"], "conversation": it["conversation_id"],
                        "members": [contact["username"] for contact in it["contacts"]], "messages": []}
             for it in objects if it["kind"] == "group"}
    by_conversation = {}
    for it in objects:
        if it["kind"] == "conversation" and it["group_id"]:
            found[it["group_id"]]["active"] = it["last_active_at"]
            by_conversation[it["id"]] = found[it["group_id"]]
        elif it["kind"] == "message":
            by_conversation[it["conversation_id"]]["messages"].append(it["message"])
    for writer in writers:
        own = {key: it for key, it in found.items() if it["name"].startswith(f"{writer.name}x")}
        writer.verify(own, objects)
        for key in own:
            del found[key]
    if found:
        raise SystemExit(f"groups that no writer created: {found}")


class Load:
    """Writers at work, one thread each."""

    def __init__(self, server, token, writers):
        self.writers, self.stopped, self.cut = writers, threading.Event(), PowerCut()
        arguments = (server.address, token, self.stopped, self.cut)
        self.threads = [threading.Thread(target=writer.write, args=arguments, daemon=True) for writer in writers]
        for thread in self.threads:
            thread.start()

    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def wait(self, condition, what):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                errors = [writer.error for writer in self.writers if writer.error]
                raise SystemExit(f"waited {TIMEOUT} s in vain for {what}; errors that ended writers: {errors}")
            time.sleep(0.002)

    def wait_for_more(self, count):
        goal = self.acknowledged() + count
        self.wait(lambda: self.acknowledged() >= goal, f"{count} more acknowledgements")

    def is_over(self):
        return not any(thread.is_alive() for thread in self.threads)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(TIMEOUT)
