"""Processes of a test: each ends with the test, also if the test fails or is killed."""

import os
import random
import signal
import socket
import subprocess
import time

# Below the ports that systems give to outgoing connections.
PORTS = iter(random.sample(range(15_000, 32_000), 10_000))
running = []


class Process:
    """A process that writes its output to a file, as `user` if the test runs as root."""

    def __init__(self, command, log, user=None, env=None, folder=None):
        # setpriv replaces itself with the command. The kernel ends the command if this process is killed.
        prefix = ["setpriv", "--pdeathsig=KILL"]
        if user and os.getuid() == 0:
            prefix += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [*prefix, "--", *command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        running.append(self)

    @property
    def is_running(self):
        return self.process.poll() is None

    def kill(self):
        """Kills the process with all its descendants, like a power cut."""
        for pid in reversed(descendants(self.process.pid)) if self.is_running else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        if self in running:
            running.remove(self)

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def expect_running(self):
        assert self.is_running, f"{self.log}: the process has ended: {self.output()[-3000:]}"


def descendants(pid):
    """Returns a process and its descendants. A process may end meanwhile."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                for child in children.read().split():
                    found += descendants(int(child))
    except FileNotFoundError:
        pass
    return found


def end_all():
    for process in reversed(running[:]):
        process.kill()


def run(command, user=None, seconds=60, env=None, folder=None):
    """Runs a command to its end and returns its output, standard error included."""
    as_user = {"user": user, "group": user, "extra_groups": []} if user and os.getuid() == 0 else {}
    done = subprocess.run(
        command, env=env, cwd=folder, timeout=seconds, check=False, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **as_user,
    )
    assert done.returncode == 0, f"{command[0]} fails with {done.returncode}: {done.stdout[-3000:]}"
    return done.stdout


def free_port():
    """Returns a port of this machine that no process uses."""
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def until(condition, seconds, what):
    """Waits until a condition holds, and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"timeout after {seconds} s: {what}")
