"""A Galera cluster: MariaDB nodes, each of which accepts writes."""

import os
import re
import shutil

from processes import Process, free_port, run, until

PROVIDER = "/usr/lib/galera/libgalera_smm.so"
USER = "mysql"


class Galera:
    def __init__(self, folder, count=3):
        self.ports = [free_port() for _ in range(count)]
        self.nodes = [DatabaseNode(self, folder, number) for number in range(count)]
        self.nodes[0].install()
        for node in self.nodes:
            # One after the other: a node copies the data of the others when it joins.
            node.start()
        self.nodes[0].sql("CREATE DATABASE memo")

    @property
    def addresses(self):
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)


class DatabaseNode:
    def __init__(self, cluster, folder, number):
        self.cluster, self.name, self.is_new = cluster, f"galera-{number}", number == 0
        self.port, self.replication = free_port(), cluster.ports[number]
        home, self.log = os.path.join(folder, self.name), os.path.join(folder, self.name + ".log")
        self.data, self.socket, self.pid = (os.path.join(home, name) for name in ("data", "socket", "pid"))
        for path in (home, self.data):
            os.mkdir(path)
            if os.getuid() == 0:
                shutil.chown(path, USER, USER)

    @property
    def url(self):
        return f"mysql://root@127.0.0.1:{self.port}/memo"

    def install(self):
        run(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", f"--user={USER}"])

    def command(self, *further):
        options = f"gmcast.listen_addr=tcp://127.0.0.1:{self.replication}; ist.recv_addr=127.0.0.1:{free_port()}; gcache.size=32M"
        return ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--pid-file={self.pid}", "--binlog-format=ROW", "--skip-name-resolve",
                "--innodb-autoinc-lock-mode=2", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M",
                "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--wsrep-cluster-name=memo",
                f"--wsrep-node-name={self.name}", f"--wsrep-node-address=127.0.0.1:{self.replication}",
                "--wsrep-sst-method=rsync", f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}",
                f"--wsrep-provider-options={options}", f"--wsrep-cluster-address=gcomm://{self.cluster.addresses}",
                # A read waits for the writes that the other nodes have acknowledged.
                "--wsrep-sync-wait=1", *further]

    def start(self, seconds=90):
        """Starts the node, or starts it again after a crash, and waits until it is in the cluster."""
        further = ["--wsrep-new-cluster"] if self.is_new else []
        if os.path.exists(os.path.join(self.data, "grastate.dat")):
            # As mysqld_safe does it: the node gets only what it has missed.
            further.append(f"--wsrep-start-position={self.position()}")
        self.is_new = False
        self.process = Process(self.command(*further), self.log, USER, folder=self.data)
        until(self.is_synced, seconds, f"{self.name} is in the cluster")

    def position(self):
        found = run(self.command("--wsrep-recover"), USER)
        return re.search(r"Recovered position:?\s*(\S+:-?\d+)", found)[1]

    def is_synced(self):
        self.process.expect_running()
        try:
            return "\t4" in self.sql("SHOW STATUS LIKE 'wsrep_local_state'")
        except AssertionError:
            return False

    def sql(self, statement):
        return run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--execute", statement])

    def kill(self):
        self.process.kill()
