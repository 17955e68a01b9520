#!/usr/bin/env python3
"""What a connected client costs a coordinator: 2,000 encrypted clients on loopback.

Calm memory per peer, beside that of a bare ROUTER; then the coordinator is killed and started
again: time until 99 % are back, the peak of its CPU, its memory before, during and after.

    cmake --preset release
    cmake --build --preset release --target peer_crowd psephos-coordinator
    bench/peer_memory.py [PEERS]

The last line is one JSON object. The clients share the machine's cores with what is measured.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
CROWD = BUILD / "bench" / "peers" / "peer_crowd"
COORDINATOR = BUILD / "bin" / "psephos-coordinator"
SETTLE_S = 12
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_bytes(pid, field="Private"):
    """Memory that is the process's own (its resident set less shared libraries)."""
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field):
            total += int(line.split()[1]) * 1024
    return total


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Watch(threading.Thread):
    """Peaks of a process's memory and of its CPU over half a second, until stop()."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.bytes, self.cores, self.over = pid, 0, 0.0, threading.Event()
        self.start()

    def run(self):
        before, then = cpu_s(self.pid), time.monotonic()
        while not self.over.wait(0.5):
            self.bytes = max(self.bytes, memory_bytes(self.pid))
            used, now = cpu_s(self.pid), time.monotonic()
            self.cores = max(self.cores, (used - before) / (now - then))
            before, then = used, now

    def stop(self):
        self.over.set()
        self.join()


CHILDREN = []


def child(command, **streams):
    """A process that does not outlive this one."""
    process = subprocess.Popen([str(word) for word in command], text=True, **streams)
    CHILDREN.append(process)
    return process


class Crowd:
    def __init__(self, folder, endpoint):
        self.joined = 0
        self.process = child(
            [CROWD, "crowd", "--folder", folder, "--endpoint", endpoint], stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.joined = int(line)

    def wait_for(self, count, since):
        """Seconds from `since` until so many have joined."""
        while self.joined < count:
            if time.monotonic() - since > 300:
                sys.exit(f"only {self.joined} of {count} joined")
            time.sleep(0.01)
        return time.monotonic() - since

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def started(command):
    """The process once it listens, when it was started, and a Watch from then on: clients that look
    for it come in its first second."""
    begun = time.monotonic()
    process = child(command, stderr=subprocess.PIPE)
    watch = Watch(process.pid)
    for line in process.stderr:
        if "waiting for" in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, begun, watch
    sys.exit("it did not start")


def main():
    peers = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    try:
        with tempfile.TemporaryDirectory(prefix="psephos-peers-") as scratch:
            measure(peers, scratch + "/keys")
    finally:
        for process in CHILDREN:
            process.kill()
            process.wait()


def measure(peers, folder):
    subprocess.run([CROWD, "keys", "--folder", folder, "--peers", str(peers)], check=True)
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    bare = [CROWD, "bare", "--folder", folder, "--endpoint", endpoint]
    coordinator = [
        COORDINATOR, "--bind", endpoint, "--key", f"{folder}/server.key", "--allow",
        f"{folder}/clients.allow", "--dataset", "synthetic", "--model", "softmax", "--min-voters",
        peers + 1, "--max-clients", 2 * peers, "--heartbeat-ms", 2000]
    result = {"peers": peers}

    def calm(name, command):
        process, _, watch = started(command)
        time.sleep(1)
        empty = memory_bytes(process.pid)
        crowd = Crowd(folder, endpoint)
        result[f"{name}_all_in_s"] = round(crowd.wait_for(peers, time.monotonic()), 2)
        time.sleep(SETTLE_S)
        watch.stop()
        result[f"{name}_empty_bytes"] = empty
        result[f"{name}_bytes_per_peer"] = round((memory_bytes(process.pid) - empty) / peers)
        result[f"{name}_peak_bytes_per_peer"] = round((watch.bytes - empty) / peers)
        return process, crowd

    process, crowd = calm("bare", bare)
    crowd.end()
    process.kill()
    process.wait()

    process, crowd = calm("coordinator", coordinator)
    before = cpu_s(process.pid)
    time.sleep(10)
    result["calm_cores"] = round((cpu_s(process.pid) - before) / 10, 3)
    process.kill()
    process.wait()
    while crowd.joined > 0:  # everybody has noticed
        time.sleep(0.05)
    process, begun, watch = started(coordinator)
    empty = result["coordinator_empty_bytes"]
    result["killed_99_back_s"] = round(crowd.wait_for(peers * 99 // 100, begun), 2)
    result["killed_all_back_s"] = round(crowd.wait_for(peers, begun), 2)
    time.sleep(SETTLE_S)
    watch.stop()
    result["storm_peak_cores"] = round(watch.cores, 2)
    result["storm_peak_bytes_per_peer"] = round((watch.bytes - empty) / peers)
    result["storm_after_bytes_per_peer"] = round((memory_bytes(process.pid) - empty) / peers)
    crowd.end()
    time.sleep(SETTLE_S)
    result["gone_bytes_per_peer"] = round((memory_bytes(process.pid) - empty) / peers)
    process.kill()
    process.wait()
    result["ours_bytes_per_peer"] = (
        result["coordinator_bytes_per_peer"] - result["bare_bytes_per_peer"])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
