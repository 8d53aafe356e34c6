"""What the scripts that break disks share: the server, writers that note what they were told, and the comparison of
that with what is there."""
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
PATIENCE = 20


def need_root(what):
    if os.geteuid() != 0:
        raise SystemExit(f"this needs root: {what}; nothing was done")


def run(*words):
    ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode:
        raise SystemExit(f"{' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


def build(server):
    """The program to be tried: the one given, or a release build of this tree."""
    if server:
        return os.path.abspath(server)
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    told = subprocess.run(["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE).stdout
    return os.path.join(json.loads(told)["target_directory"], "release/groups-server")


class Mounted:
    """A file system on a mount point of its own, gone with this."""

    def __init__(self, *mount):
        self.work = tempfile.mkdtemp(prefix="groups-faults-")
        self.path = os.path.join(self.work, "disk")
        self.log = os.path.join(self.work, "log")
        self.command = ["mount", *(word.replace("{work}", self.work) for word in mount), self.path]
        os.mkdir(self.path)

    def mount(self):
        run(*self.command)

    def unmount(self):
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(["umount", self.path], stderr=subprocess.PIPE).returncode:
            if time.monotonic() > deadline:
                raise SystemExit(f"cannot unmount {self.path}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if failed and os.path.exists(self.log):
            sys.stderr.write(f"the server's log ends:\n{open(self.log).read()[-4000:]}\n")
        for server in Server.started:
            server.kill()
        if os.path.ismount(self.path):
            self.unmount()
        shutil.rmtree(self.work)


class Server:
    """A server on the folder `path`, listening; what it tells of errors goes to `log`, which is on a disk that lasts."""

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
        """What a first start prints."""
        return next(line.strip() for line in self.process.stdout if line.strip().startswith("groups_"))

    def end(self, by):
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)

    def kill(self):
        self.end(signal.SIGKILL)

    def objects(self):
        told = run(self.program, "export", "--db", self.db, "-")
        return [json.loads(line) for line in told.splitlines()]

    def request(self, token, path="/v1/groups?limit=1"):
        return Client(self.address, token).send("GET", path)[0]


class Client:
    def __init__(self, address, token):
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


class Cut:
    """A power cut. What was answered before it begins is on the disk. For what is sent when it is over there is no disk
    any more. In between Linux may confirm a sync under way of which nothing is on the disk, when a real cut would let no
    answer out: such a request may have been done or not."""
    begun = over = False


class Writer:
    """One that makes, changes and deletes groups of its own and sends messages to them. `groups` is what must be there,
    by id; `unanswered`, the one request of which nobody was told whether it took effect."""

    def __init__(self, number):
        self.name, self.names = f"w{number}", 0
        self.random = random.Random(number)
        self.groups, self.unanswered = {}, None
        self.acknowledged = self.refused = 0
        # What was acknowledged without a disk, and the answer after which nothing can be told.
        self.lied = self.doubt = None

    def write(self, address, token, stop, cut):
        """Until the server is gone, cannot tell whether it wrote, or `stop` is set."""
        client = Client(address, token)
        while not stop.is_set():
            self.unanswered, too_late = self.choose(), cut.over
            try:
                status, answer = client.send(*self.request(*self.unanswered))
            except (OSError, http.client.HTTPException):
                return
            if status == 507:
                self.unanswered, self.refused = None, self.refused + 1
            elif status // 100 == 2 and too_late:
                self.lied = self.unanswered
                return
            elif status // 100 == 2 and cut.begun:
                return
            elif status // 100 == 2:
                self.apply(self.groups, self.unanswered, answer)
                self.unanswered, self.acknowledged = None, self.acknowledged + 1
            elif status // 100 == 5:
                self.doubt = status, answer
                return
            else:
                raise SystemExit(f"{self.unanswered}: {status} {answer}")

    def choose(self):
        self.names += 1
        name = f"{self.name}x{self.names}"
        if len(self.groups) < 2 or len(self.groups) < 8 and self.random.random() < 0.3:
            return "make", name, None
        group = self.random.choice(sorted(self.groups))
        return self.random.choice(["send", "send", "send", "describe", "describe", "delete"]), name, group

    def request(self, what, name, group):
        if what == "make":
            return "POST", "/v1/groups", {"name": name, "contacts": [{"username": f"{name}{n}"} for n in "ab"]}
        if what == "describe":
            return "PUT", f"/v1/groups/{group}", {"description": name}
        if what == "delete":
            return "DELETE", f"/v1/groups/{group}"
        conversation = self.groups[group]["conversation"]
        return "POST", "/v1/messages", {"conversation_id": conversation, "message": name}

    @staticmethod
    def apply(groups, request, made):
        what, name, group = request
        if what == "make":
            groups[made["id"]] = {"name": name, "description": None, "conversation": made["conversation_id"],
                                  "members": [f"{name}a", f"{name}b"], "active": None, "messages": []}
        elif what == "describe":
            groups[group]["description"] = name
        elif what == "delete":
            del groups[group]
        else:
            groups[group]["messages"].append(name)
            groups[group]["active"] = made["created_at"]

    def settle(self, there, objects):
        """Holds what is there against what must be; the unanswered request may have been done, as a whole."""
        if self.lied:
            raise SystemExit(f"acknowledged after the cut: {self.lied}")
        if there != self.groups and self.unanswered:
            what, name, _ = self.unanswered
            of = {"make": "name", "send": "message"}.get(what)
            made = next((it for it in objects if of and it.get(of) == name), None)
            if made or not of:
                self.apply(self.groups, self.unanswered, made)
        if there != self.groups:
            ids = [it for it in there.keys() | self.groups.keys() if there.get(it) != self.groups.get(it)]
            told = "\n".join(f"{it}: expected {self.groups.get(it)}\n  there is {there.get(it)}" for it in ids)
            raise SystemExit(f"LOST or half there; unanswered was {self.unanswered}\n{told}")
        self.unanswered = None


def settle(server, writers):
    """Compares everything that is there with what every writer was told. Contacts stay when their group goes."""
    objects = server.objects()
    there = {it["id"]: {"name": it["name"], "description": it["description"], "conversation": it["conversation_id"],
                        "members": [contact["username"] for contact in it["contacts"]], "messages": []}
             for it in objects if it["kind"] == "group"}
    of_conversation = {}
    for it in objects:
        if it["kind"] == "conversation" and it["group_id"]:
            there[it["group_id"]]["active"] = it["last_active_at"]
            of_conversation[it["id"]] = there[it["group_id"]]
        elif it["kind"] == "message":
            of_conversation[it["conversation_id"]]["messages"].append(it["message"])
    for writer in writers:
        mine = {key: it for key, it in there.items() if it["name"].startswith(f"{writer.name}x")}
        writer.settle(mine, objects)
        for key in mine:
            del there[key]
    if there:
        raise SystemExit(f"there is what nobody made: {there}")


class Load:
    """Writers at work, each on a thread."""

    def __init__(self, server, token, writers):
        self.writers, self.stopped, self.cut = writers, threading.Event(), Cut()
        words = (server.address, token, self.stopped, self.cut)
        self.threads = [threading.Thread(target=writer.write, args=words, daemon=True) for writer in writers]
        for thread in self.threads:
            thread.start()

    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def wait(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                doubts = [writer.doubt for writer in self.writers if writer.doubt]
                raise SystemExit(f"not within {PATIENCE} s: {what}; writers gave up after {doubts}")
            time.sleep(0.002)

    def wait_for_more(self, count):
        goal = self.acknowledged() + count
        self.wait(lambda: self.acknowledged() >= goal, f"{count} more acknowledgements")

    def is_over(self):
        return not any(thread.is_alive() for thread in self.threads)

    def end(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE)
