"""What the measuring scripts share: what is built, servers that are started on copies of their seeds and put under
load, and tables.

A seed is a folder with a server.json: `cmd` starts the server, with {run} and {port} in it; `data` is the folder that
is copied to {run}; `target` says what is sent, `lists` and `vars` what stands in it; `health` is the path that says
that the server is up; `token`, or the `login` that gives one; `made_by`, what the seed was made from.
"""
import hashlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
START_DEADLINE = 60


def cargo(*words):
    """Runs cargo where the server's package is; what it printed."""
    ran = subprocess.run(["cargo", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if ran.returncode:
        raise SystemExit(f"cargo {words[0]} failed")
    return ran.stdout


def target_folder():
    return json.loads(cargo("metadata", "--locked", "--no-deps", "--format-version", "1"))["target_directory"]


def build_ceiling():
    """Builds benches/ceiling.rs. The server is built after it: both leave a program of the server's name."""
    told = cargo("bench", "--no-run", "--quiet", "--locked", "--bench", "ceiling", "--message-format", "json")
    artifacts = [json.loads(line) for line in told.splitlines()]
    return next(it["executable"] for it in artifacts if it.get("executable") and it["target"]["name"] == "ceiling")


def build_server():
    cargo("build", "--release", "--quiet", "--locked")
    return os.path.join(target_folder(), "release/groups-server")


def build_load():
    folder = os.path.join(target_folder(), "load")
    manifest = os.path.join(HERE, "load/Cargo.toml")
    cargo("build", "--release", "--quiet", "--locked", "--manifest-path", manifest, "--target-dir", folder)
    return os.path.join(folder, "release/load")


def work_folder(path):
    """Makes the folder. In memory there is no disk to wait for, so that no figure of a write would mean anything."""
    path = os.path.abspath(path or os.path.join(target_folder(), "measure"))
    os.makedirs(path, exist_ok=True)
    mounts = [line.split()[1:3] for line in open("/proc/self/mounts")]
    above = [mount for mount in mounts if os.path.commonpath([mount[0], path]) == mount[0]]
    kind = max(above, key=lambda mount: len(mount[0]))[1]
    if kind in ("tmpfs", "ramfs"):
        raise SystemExit(f"{path} is in memory ({kind}), where syncing costs nothing: give a --work on a disk")
    return path


def fingerprint(*files):
    """Changes with the files that a seed is made from."""
    texts = [open(os.path.join(ROOT, file), "rb").read() for file in files]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def seed(folder, made_by, make):
    """The seed in the folder; if it is missing, unfinished or made from something else, `make` makes it."""
    try:
        with open(os.path.join(folder, "server.json")) as file:
            setup = json.load(file)
    except FileNotFoundError:
        setup = {}
    if setup.get("made_by") != made_by:
        print(f"making {folder} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        make()
        with open(os.path.join(folder, "server.json")) as file:
            setup = json.load(file)
    return setup


def write_setup(folder, setup):
    """Writes server.json, last: a folder without it is unfinished."""
    with open(os.path.join(folder, "server.json"), "w") as file:
        json.dump(setup, file, indent=1)


def write_lines(folder, name, lines):
    path = os.path.join(folder, name + ".txt")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def end_on_signals():
    """A signal ends the script as an error does, so that no server is left behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """A server that is measured: each start is one on a fresh copy of its seed."""

    def __init__(self, name, setup, work, load):
        self.name, self.setup, self.load = name, setup, load
        self.run = os.path.join(work, "run-" + name)
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        """The log, which may be long, is kept only when it may say what went wrong."""
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)
        if error is None and os.path.exists(self.run + ".log"):
            os.remove(self.run + ".log")

    def start(self):
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self.setup["data"], self.run)
        os.sync()
        self.port, self.used = free_port(), 0
        words = {"{run}": self.run, "{port}": str(self.port)}
        command = self.setup["cmd"]
        for gap, word in words.items():
            command = [part.replace(gap, word) for part in command]
        began = time.perf_counter()
        with open(self.run + ".log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.await_health(began + START_DEADLINE)
        self.start_ms = (time.perf_counter() - began) * 1000
        self.token = self.setup.get("token") or self.log_in()
        time.sleep(1)
        self.idle_mib = self.memory("VmRSS:")

    def stop(self):
        if self.process:
            stop(self.process)
        self.process = None

    def await_health(self, deadline):
        token = self.setup.get("token", "")
        request = f"GET {self.setup['health']} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        while not self.answers(request.encode()):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.process.returncode}; {self.run}.log says why")
            if time.perf_counter() > deadline:
                raise SystemExit(f"{self.name} did not start in {START_DEADLINE} s; {self.run}.log may say why")
            time.sleep(0.001)

    def answers(self, request):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(request)
                return connection.recv(64).split(b" ")[1:2] == [b"200"]
        except OSError:
            return False

    def log_in(self):
        login = self.setup["login"]
        return ask("POST", f"http://127.0.0.1:{self.port}{login['path']}", login["body"])["token"]

    def memory(self, field):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(field):
                return int(line.split()[1]) / 1024

    def point(self, op, conns, secs, warm, seed=1, most=None, **variables):
        """Puts the server under load; what the load generator measured. A wrong answer ends the script."""
        command = [self.load, "--addr", f"127.0.0.1:{self.port}", "--target", self.setup["target"], "--op", op,
                   "--conns", str(conns), "--secs", str(secs), "--warm", str(warm), "--seed", str(seed),
                   "--token", self.token, "--pid", str(self.process.pid), "--skip", str(self.used)]
        command += [] if most is None else ["--max", str(most)]
        for flag, pairs in (("--list", self.setup["lists"]), ("--var", {**self.setup["vars"], **variables})):
            for pair in pairs.items():
                command += [flag, "=".join(pair)]
        load = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        where = f"{self.name}, {op}, {conns} connections"
        if not load.stdout:
            raise SystemExit(f"void: {where}: the load generator failed; {self.run}.log may say why")
        point = json.loads(load.stdout)
        if load.returncode or point["errors"]:
            raise SystemExit(f"void: {where}: {point['errors']} errors, the first: {point['first_error']}")
        self.used = point["used"]
        return {"server": self.name, **point}


def ask(method, url, body=None, token=None):
    """Sends JSON and reads JSON."""
    headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        answer = response.read()
    return json.loads(answer) if answer else None


def median(points, key):
    values = [point[key] for point in points if point[key] is not None]
    return statistics.median(values) if values else float("nan")


def ratio(one, other):
    return one / other if other else float("nan")


def number(value):
    """With as many digits as mean something."""
    if value != value:
        return "-"
    places = next((places for places, least in enumerate((100, 10, 0.1)) if abs(value) >= least), 3)
    return f"{value:,.{places}f}"


def print_table(rows, left=1):
    """Prints rows of texts; the first `left` columns begin at the left, the others end at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    for row in rows:
        begins = [cell.ljust(width) for cell, width in zip(row[:left], widths)]
        ends = [cell.rjust(width) for cell, width in zip(row[left:], widths[left:])]
        print("  ".join(begins + ends).rstrip())
