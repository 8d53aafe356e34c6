"""Shared by the benchmark scripts: builds, servers that run on copies of their seeds and are put under load, tables.

A seed is a directory with a server.json: `cmd` starts the server, with the placeholders {run} and {port}; `data` is the
directory that is copied to {run}; `target` defines the requests, `lists` and `vars` the values of its placeholders;
`health` is a path that returns 200 once the server is ready; `token` is the token, or `login` the request that returns
one; `source` is a fingerprint of what the seed was created from.
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
START_TIMEOUT = 60


def cargo(*arguments):
    """Runs cargo in the server's package and returns its output."""
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"cargo {arguments[0]} failed")
    return done.stdout


def target_directory():
    return json.loads(cargo("metadata", "--locked", "--no-deps", "--format-version", "1"))["target_directory"]


def build_ceiling():
    """Builds benches/ceiling.rs. Build the server afterwards: both leave a binary with the server's name."""
    output = cargo("bench", "--no-run", "--quiet", "--locked", "--bench", "ceiling", "--message-format", "json")
    artifacts = [json.loads(line) for line in output.splitlines()]
    return next(it["executable"] for it in artifacts if it.get("executable") and it["target"]["name"] == "ceiling")


def build_server():
    cargo("build", "--release", "--quiet", "--locked")
    return os.path.join(target_directory(), "release/groups-server")


def build_load():
    directory = os.path.join(target_directory(), "load")
    manifest = os.path.join(HERE, "load/Cargo.toml")
    cargo("build", "--release", "--quiet", "--locked", "--manifest-path", manifest, "--target-dir", directory)
    return os.path.join(directory, "release/load")


def work_directory(path):
    """Creates the directory. It must not be in memory, where syncing is free and figures for writes are meaningless."""
    path = os.path.abspath(path or os.path.join(target_directory(), "measure"))
    os.makedirs(path, exist_ok=True)
    mounts = [line.split()[1:3] for line in open("/proc/self/mounts")]
    above = [mount for mount in mounts if os.path.commonpath([mount[0], path]) == mount[0]]
    kind = max(above, key=lambda mount: len(mount[0]))[1]
    if kind in ("tmpfs", "ramfs"):
        raise SystemExit(f"{path} is in memory ({kind}), where syncing costs nothing; choose a directory on a disk")
    return path


def fingerprint(*files):
    """Returns a hash of the files that a seed is created from."""
    texts = [open(os.path.join(ROOT, file), "rb").read() for file in files]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def seed(directory, source, create):
    """Returns the setup of the seed in the directory. If it is missing, incomplete or outdated, `create` creates it."""
    try:
        with open(os.path.join(directory, "server.json")) as file:
            setup = json.load(file)
    except FileNotFoundError:
        setup = {}
    if setup.get("source") != source:
        print(f"creating {directory} ...", file=sys.stderr, flush=True)
        shutil.rmtree(directory, ignore_errors=True)
        create()
        with open(os.path.join(directory, "server.json")) as file:
            setup = json.load(file)
    return setup


def write_setup(directory, setup):
    """Writes server.json. Call it last: a seed without it is incomplete."""
    with open(os.path.join(directory, "server.json"), "w") as file:
        json.dump(setup, file, indent=1)


def write_lines(directory, name, lines):
    path = os.path.join(directory, name + ".txt")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def exit_on_signals():
    """Makes signals end the script like errors do, so that no server is left running."""
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
    """A server under test. Every start uses a fresh copy of its seed."""

    def __init__(self, name, setup, work, load):
        self.name, self.setup, self.load = name, setup, load
        self.run = os.path.join(work, "run-" + name)
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        """Keeps the server's log, which can be large, only after an error."""
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
        values = {"{run}": self.run, "{port}": str(self.port)}
        command = self.setup["cmd"]
        for placeholder, value in values.items():
            command = [part.replace(placeholder, value) for part in command]
        started = time.perf_counter()
        with open(self.run + ".log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.await_health(started + START_TIMEOUT)
        self.start_ms = (time.perf_counter() - started) * 1000
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
        while not self.is_healthy(request.encode()):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} exited with {self.process.returncode}; see {self.run}.log")
            if time.perf_counter() > deadline:
                raise SystemExit(f"{self.name} did not start within {START_TIMEOUT} s; see {self.run}.log")
            time.sleep(0.001)

    def is_healthy(self, request):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(request)
                return connection.recv(64).split(b" ")[1:2] == [b"200"]
        except OSError:
            return False

    def log_in(self):
        login = self.setup["login"]
        return request_json("POST", f"http://127.0.0.1:{self.port}{login['path']}", login["body"])["token"]

    def memory(self, field):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(field):
                return int(line.split()[1]) / 1024

    def point(self, op, conns, secs, warm, seed=1, most=None, **variables):
        """Puts the server under load and returns what the load generator measured. A wrong response ends the script."""
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
            raise SystemExit(f"void: {where}: the load generator failed; see {self.run}.log")
        point = json.loads(load.stdout)
        if load.returncode or point["errors"]:
            raise SystemExit(f"void: {where}: {point['errors']} errors; the first: {point['first_error']}")
        self.used = point["used"]
        return {"server": self.name, **point}


def request_json(method, url, body=None, token=None):
    """Sends JSON and returns the JSON of the response."""
    headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        text = response.read()
    return json.loads(text) if text else None


def median(points, key):
    values = [point[key] for point in points if point[key] is not None]
    return statistics.median(values) if values else float("nan")


def ratio(one, other):
    return one / other if other else float("nan")


def number(value):
    """Formats a number with its significant digits."""
    if value != value:
        return "-"
    places = next((places for places, least in enumerate((100, 10, 0.1)) if abs(value) >= least), 3)
    return f"{value:,.{places}f}"


def print_table(rows, left=1):
    """Prints rows of strings. The first `left` columns are left-aligned, the others right-aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:left], widths)]
        cells += [cell.rjust(width) for cell, width in zip(row[left:], widths[left:])]
        print("  ".join(cells).rstrip())
