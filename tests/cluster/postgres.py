"""PostgreSQL: a primary, a replica, HAProxy and PgBouncer."""

import glob
import json
import os
import re
import shutil

from processes import Process, free_port, run, until

USER = "postgres"


def binaries():
    """Returns the folder of the programs of the newest version."""
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    return max(folders, key=lambda folder: int(re.search(r"/(\d+)/bin", folder)[1]))


class Postgres:
    """A server with a database `memo`, or a replica of another server."""

    def __init__(self, folder, name, primary=None, bin_folder=None):
        self.name, self.port, self.bin = name, free_port(), bin_folder or binaries()
        self.data, self.sockets = os.path.join(folder, name), os.path.join(folder, name + ".sockets")
        self.log = self.data + ".log"
        for path in (self.data, self.sockets):
            os.mkdir(path, 0o700)
            if os.getuid() == 0:
                shutil.chown(path, USER, USER)
        if primary:
            address = f"host=127.0.0.1 port={primary.port} user=postgres application_name={name}"
            self.program("pg_basebackup", "-D", self.data, "-R", "-d", address, "-c", "fast", "-X", "stream")
        else:
            self.program("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start()
        if not primary:
            self.sql("CREATE DATABASE memo")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/memo"

    def program(self, name, *arguments):
        return run([os.path.join(self.bin, name), *arguments], USER, folder=self.data)


    def start(self, *settings):
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.sockets}",
                   "shared_buffers=32MB", "max_connections=100", *settings]
        command = [os.path.join(self.bin, "postgres"), "-D", self.data]
        command += [part for option in options for part in ("-c", option)]
        self.process = Process(command, self.log, USER, folder=self.data)
        until(self.responds, 60, f"{self.name} responds")

    def responds(self):
        self.process.expect_running()
        try:
            return self.sql("SELECT 1")
        except AssertionError:
            return None

    def sql(self, statement):
        # The packages of other versions have no psql.
        command = [os.path.join(binaries(), "psql"), "-X", "-A", "-t", "-h", self.sockets,
                   "-p", str(self.port), "-U", "postgres", "-d", "postgres", "-c", statement]
        return run(command, USER, folder=self.data).strip()

    def kill(self):
        self.process.kill()

    def require(self, replica):
        """Makes commits wait for a replica. The replica does not inherit it."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{replica.name}'")
        self.sql("SELECT pg_reload_conf()")
        state = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{replica.name}'"
        until(lambda: self.sql(state) == "sync", 30, "the replica is synchronous")

    def promote(self):
        self.program("pg_ctl", "promote", "-D", self.data, "-w")


def from_npm(packages, folder):
    """Copies the servers of npm packages to a folder that their user can read. Returns the folders of their programs."""
    found = []
    for package in sorted(glob.glob(os.path.join(packages, "postgres-*"))):
        native = os.path.join(folder, os.path.basename(package) + ".native")
        shutil.copytree(os.path.join(package, "native"), native, symlinks=True)
        # An npm package has no symbolic links: this file lists them, relative to the package.
        with open(os.path.join(native, "pg-symlinks.json"), encoding="utf-8") as file:
            for link in json.load(file):
                source, target = (os.path.join(folder, native, os.path.relpath(link[key], "native")) for key in ("source", "target"))
                os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
        for program in glob.glob(os.path.join(native, "bin", "*")):
            os.chmod(program, 0o755)
        found.append(os.path.join(native, "bin"))
    assert found, f"there are no packages in {packages}"
    return found


class PgBouncer:
    """A pooler in transaction mode in front of a server."""

    def __init__(self, folder, server):
        self.port = free_port()
        path = os.path.join(folder, "pgbouncer.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
[databases]
memo = host=127.0.0.1 port={server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 200
""")
        self.process = Process(["pgbouncer", path], os.path.join(folder, "pgbouncer.log"), USER)
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/memo"


class HaProxy:
    """A proxy that forwards to the server that is the primary, which it asks three times a second."""

    def __init__(self, folder, servers):
        self.port = free_port()
        user = b"user\0postgres\0database\0postgres\0\0"
        startup = (len(user) + 8).to_bytes(4, "big") + b"\0\3\0\0" + user
        query = b"SELECT pg_is_in_recovery()\0"
        query = b"Q" + (len(query) + 4).to_bytes(4, "big") + query
        # HAProxy takes a server for the primary until its first check has failed, except for a backup.
        lines = "\n".join(
            f"  server {each.name} 127.0.0.1:{each.port} check{' backup' * (each is not servers[0])}" for each in servers
        )
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as file:
            # The answer is one row with the value f.
            file.write(f"""
defaults
  mode tcp
  timeout connect 1s
  timeout client 1m
  timeout server 1m
listen primary
  bind 127.0.0.1:{self.port}
  option tcp-check
  tcp-check connect
  tcp-check send-binary {startup.hex()}
  tcp-check send-binary {query.hex()}
  tcp-check expect binary {'44000000' '0b0001' '00000001' '66'}
  tcp-check send-binary 5800000004
  default-server inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
{lines}
""")
        self.process = Process(["haproxy", "-db", "-f", path], os.path.join(folder, "haproxy.log"), "haproxy")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/memo"
