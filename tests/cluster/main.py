"""Tests memo on distributed databases: see `run`."""

import os
import shutil
import signal
import sys
import tempfile
import time

import postgres
from galera import Galera
from load import Load
from node import Nodes
from processes import Process, end_all, until
from postgres import HaProxy, PgBouncer, Postgres

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
IS_LONG = os.environ.get("LONG") == "1"
# Further writes of each writer, between two events.
STEP = 100 if IS_LONG else 10


def galera(folder):
    cluster, nodes = Galera(folder), Nodes(folder)
    memos = [nodes.start(f"memo-{number}", database.url) for number, database in enumerate(cluster.nodes)]
    load = Load(memos)
    # The one that started the cluster is first: it has no special part in it later.
    for number in range(3) if IS_LONG else [0]:
        database, memo = cluster.nodes[number], memos[number]
        load.until_written(STEP)
        database.kill()
        load.until_failing(memo)
        assert memo.readiness() == 503, "the node reports that its database is away"
        load.until_written(STEP, [other for other in memos if other is not memo])
        database.start()
        memo.until_ready()
        load.until_written(STEP)
    passed(f"Galera: a node is killed and comes back: {load.check()}")
    suites(folder, cluster.nodes[1])


def suites(folder, database):
    """Runs suites of this workspace on a node of Galera, and kills memo there and on the other databases."""
    server = {"MEMO_TEST_MYSQL_URL": f"mysql://root@127.0.0.1:{database.port}/mysql", "MEMO_TEST_REQUIRE": "mysql"}
    # Each word is a part of names of tests.
    tests = [
        ("conformance", ["mysql::"] if IS_LONG else ["mysql::concurrency", "mysql::feed_races", "mysql::jobs"]),
        ("servers", ["mysql::"] if IS_LONG else ["mysql::concurrent_migrations"]),
        ("api", ["mysql::"] if IS_LONG else ["mysql::memos::conditions", "mysql::changes"]),
    ]
    number = os.environ.get("MEMO_TEST_KILLS") or ("100" if IS_LONG else "10")
    kills = {"MEMO_TEST_KILLS": number, "MEMO_TEST_REQUIRE": "postgres,mysql"}
    what = f"memo is killed {kills['MEMO_TEST_KILLS']} times on SQLite, PostgreSQL and Galera"
    # At the same time: both wait for disks more than they compute.
    killing = start_tests(folder, "process", ["kill_loses"], server | kills)
    for binary, names in tests:
        process = start_tests(folder, binary, names, server)
        expect_passed(f"Galera: the tests {' '.join(names)} of {binary}", process)
    expect_passed(what, killing)


def start_tests(folder, binary, names, variables):
    """Starts tests of this workspace: those of a binary whose name contains one of these words."""
    command = ["cargo", "test", "--workspace", "--quiet", "--test", binary, "--", "--test-threads=4", *names]
    return Process(command, os.path.join(folder, f"{binary}.log"), env=os.environ | variables, folder=ROOT)


def expect_passed(what, process):
    """Waits for the end of tests, and expects that there are some and none has failed."""
    until(lambda: not process.is_running, 3600 if IS_LONG else 900, what)
    output = process.output()
    assert process.process.returncode == 0, f"{what}: {output[-5000:]}"
    count = sum(int(line.split()[3]) for line in output.splitlines() if line.startswith("test result: ok."))
    assert count > 0, f"{what}: there are no such tests"
    passed(f"{what}: {count} tests")


def pooler(folder):
    server, nodes = Postgres(folder, "primary"), Nodes(folder)
    url = PgBouncer(folder, server).url
    load = Load([nodes.start(name, url, pooler="true") for name in ("memo-0", "memo-1")])
    load.until_written(3 * STEP)
    passed(f"PgBouncer in transaction mode: {load.check()}")


def failover(folder):
    primary, nodes = Postgres(folder, "primary"), Nodes(folder)
    replica = Postgres(folder, "replica", primary)
    primary.require(replica)
    url = HaProxy(folder, [primary, replica]).url
    memos = [nodes.start("memo-0", url), nodes.start("memo-1", url, read_url=replica.url)]
    load = Load(memos)
    load.until_written(2 * STEP)
    primary.kill()
    load.until_failing(memos[0])
    replica.promote()
    for memo in memos:
        memo.until_ready()
    load.until_written(2 * STEP)
    passed(f"PostgreSQL: the replica is promoted after the primary was killed: {load.check()}")


def lonely_primary(folder):
    """A write that the replica does not have is never acknowledged."""
    primary, nodes = Postgres(folder, "primary"), Nodes(folder)
    replica = Postgres(folder, "replica", primary)
    primary.require(replica)
    memo = nodes.start("memo-0", HaProxy(folder, [primary, replica]).url)
    load = Load([memo])
    load.until_written(STEP)
    replica.kill()
    for _ in range(3):
        load.until_failing(memo)
    primary.kill()
    replica.start()
    replica.promote()
    memo.until_ready()
    load.until_written(STEP)
    passed(f"PostgreSQL: the primary was alone before it was killed: {load.check()}")


def versions(folder):
    """The conformance suite on each released version of PostgreSQL that the npm packages have."""
    for number, programs in enumerate(postgres.from_npm(os.path.join(ROOT, "tests/cluster/node_modules"), folder)):
        server = Postgres(folder, f"server-{number}", bin_folder=programs)
        variables = {"MEMO_TEST_POSTGRES_URL": server.url, "MEMO_TEST_REQUIRE": "postgres"}
        version = server.sql("SHOW server_version")
        for binary in ("conformance", "servers"):
            process = start_tests(folder, binary, ["postgres::"], variables)
            expect_passed(f"PostgreSQL {version}: the tests postgres:: of {binary}", process)
            os.remove(process.log)
        server.kill()


def passed(what):
    print(f"cluster: {what} ({time.monotonic() - START:.0f} s)", flush=True)


def interrupted(*_):
    raise KeyboardInterrupt


START = time.monotonic()
SCENARIOS = [galera, pooler, failover, lonely_primary] + [versions] * IS_LONG
signal.signal(signal.SIGTERM, interrupted)
names = [scenario.__name__ for scenario in SCENARIOS]
chosen = sys.argv[1:] or names
if unknown := set(chosen) - set(names):
    sys.exit(f"cluster: no part is named {', '.join(unknown)}; there are {', '.join(names)} (versions with LONG=1)")
for scenario in SCENARIOS:
    if scenario.__name__ not in chosen:
        continue
    folder = tempfile.mkdtemp(prefix="memo-cluster-")
    os.chmod(folder, 0o755)
    try:
        scenario(folder)
    except BaseException:
        logs = os.path.join(ROOT, "target", "cluster", scenario.__name__)
        shutil.rmtree(logs, ignore_errors=True)
        shutil.copytree(folder, logs, ignore=lambda _, names: [name for name in names if not name.endswith((".log", ".ini", ".cfg"))])
        print(f"cluster: {scenario.__name__} fails; its logs are in {logs}", file=sys.stderr)
        raise
    finally:
        end_all()
        shutil.rmtree(folder)
