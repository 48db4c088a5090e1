"""Users who write and follow their change feeds on all nodes at once, and what must hold afterwards.

A write has three outcomes: acknowledged, refused, or unknown, which is 503. An unknown one may or may not have happened, but
wholly; and the writer never touches its memos again, so that the others decide nothing about it."""

import itertools
import threading
import time

from node import Client
from processes import until

USERS = 2
# The pause after a 503, and between two looks at a change feed.
PAUSE = 0.02


class Load:
    """A writer and a reader of every user on every node."""

    def __init__(self, nodes):
        self.nodes, self.errors, self.is_stopping = nodes, [], threading.Event()
        self.users = []
        for number in range(USERS):
            token = Client(nodes[0]).sign_up(f"user-{number}").token
            self.users.append(User(self, [Client(node, token) for node in nodes]))
        self.writers = [Writer(self, user, at) for user in self.users for at in range(len(nodes))]
        self.readers = [Reader(self, user, at) for user in self.users for at in range(len(nodes))]
        everyone = self.writers + self.readers
        self.threads = [threading.Thread(target=self.watch, args=(each,), daemon=True) for each in everyone]
        for thread in self.threads:
            thread.start()

    def watch(self, each):
        try:
            while not self.is_stopping.is_set():
                each.turn()
        except Exception as error:  # noqa: BLE001: it is raised again by `until`
            self.errors.append(error)
            self.is_stopping.set()

    def until(self, condition, seconds, what):
        """Waits until a condition holds, unless a writer or a reader fails."""
        until(lambda: self.errors or condition(), seconds, what)
        if self.errors:
            raise self.errors[0]

    def until_written(self, count, nodes=None):
        """Waits until each writer on these nodes has that many further acknowledgements."""
        writers = [writer for writer in self.writers if nodes is None or self.nodes[writer.at] in nodes]
        targets = [(writer, writer.acknowledged + count) for writer in writers]
        reached = lambda: all(writer.acknowledged >= target for writer, target in targets)
        self.until(reached, 60 + 2 * count, f"{count} writes by each of {len(writers)} writers")

    def until_failing(self, node):
        """Waits until each writer on a node has got a 503."""
        writers = [writer for writer in self.writers if self.nodes[writer.at] is node]
        before = [writer.unknown for writer in writers]
        failing = lambda: all(writer.unknown > count for writer, count in zip(writers, before))
        self.until(failing, 30, f"503 by {node.name}")

    def stop(self):
        """Ends the load."""
        self.is_stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a request hangs"

    def check(self):
        """Checks what the users have on each node. Returns a summary."""
        self.stop()
        if self.errors:
            raise self.errors[0]
        for user in self.users:
            user.check([writer for writer in self.writers if writer.user is user])
        acknowledged, unknown = (sum(getattr(each, name) for each in self.writers) for name in ("acknowledged", "unknown"))
        return f"{acknowledged} writes acknowledged, {unknown} with 503"


class User:
    """A user, with a client for each node; a memo that all writers of the user count up; and what the feed was seen to have."""

    def __init__(self, load, clients):
        self.load, self.clients, self.seen = load, clients, {}
        self.counter = clients[0].call("POST", "/memos", {"title": "counter", "content": "0"}).json["id"]

    def see(self, change):
        """Notes a change. All readers see the same one under its number."""
        content = (change["kind"], change["memo_id"], change["version"])
        seen = self.seen.setdefault(change["seq"], content)
        assert seen == content, f"change {change['seq']} was {seen} and is {content}"

    def check(self, writers):
        for client in self.clients:
            memos = {memo["id"]: memo for memo in pages(client, "/memos")}
            self.check_memos(memos, writers)
            self.check_counter(int(memos[self.counter]["content"]), writers)
            self.check_feed(client, memos, writers)
            expected = {}
            for tag in (tag for memo in memos.values() for tag in memo["tags"]):
                expected[tag] = expected.get(tag, 0) + 1
            assert {tag["tag"]: tag["count"] for tag in pages(client, "/tags")} == expected, "the index of tags"

    def check_memos(self, memos, writers):
        titles = [memo["title"] for memo in memos.values()]
        assert len(set(titles)) == len(titles), "a memo was created twice"
        found = {identity: (memo["title"], tuple(memo["tags"])) for identity, memo in memos.items()}
        known = {self.counter}
        for writer in writers:
            for identity, states in writer.memos.items():
                assert found.get(identity) in states, f"{identity} is {found.get(identity)}, and should be one of {states}"
            known |= writer.memos.keys()
            for created, (changed, state) in writer.batches:
                has_happened = found.get(changed) == state
                assert all((title in titles) == has_happened for title in created), f"a part of a batch: {created}"
        maybe = {title for writer in writers for title in writer.titles}
        unexpected = [memo["title"] for identity, memo in memos.items() if identity not in known]
        assert set(unexpected) <= maybe, f"memos that were never written: {set(unexpected) - maybe}"

    def check_counter(self, value, writers):
        counted = [count for writer in writers for count in writer.counted]
        assert len(set(counted)) == len(counted), "an update was lost: two writers were told that they wrote the same count"
        maybe = sum(writer.maybe_counted for writer in writers)
        assert len(counted) <= value <= len(counted) + maybe, f"the counter is {value}, of {len(counted)} and {maybe} perhaps"
        assert max(counted, default=0) <= value, "an acknowledged count was lost"

    def check_feed(self, client, memos, writers):
        last, versions = 0, {}
        while items := expect(client.call("GET", f"/changes?limit=100&since={last}"), 200)["items"]:
            for change in items:
                last += 1
                assert change["seq"] == last, f"change {change['seq']} follows {last - 1}"
                self.see(change)
                before, is_deleted = versions.get(change["memo_id"], 0), change["kind"] == "memo.deleted"
                assert change["version"] == before + (not is_deleted), f"{change} follows version {before}"
                assert (change["kind"] == "memo.created") == (before == 0), change
                versions[change["memo_id"]] = 0 if is_deleted else change["version"]
        assert last >= max(self.seen, default=0), "changes that were seen are gone"
        left = {identity: version for identity, version in versions.items() if version}
        assert left == {identity: memo["version"] for identity, memo in memos.items()}, "the feed leads to the memos"
        assert all(identity in versions for writer in writers for identity in writer.memos), "a change is not in the feed"


class Writer:
    """Creates, changes, counts, batches and removes in turns."""

    def __init__(self, load, user, at):
        self.load, self.user, self.at, self.client = load, user, at, user.clients[at]
        self.other = user.clients[(at + 1) % len(user.clients)]
        self.acknowledged = self.unknown = self.maybe_counted = 0
        self.counted = []
        # The states that each memo may have: its title and tags, or None if it is deleted.
        self.memos = {}
        # Of creations with an unknown outcome.
        self.titles, self.batches = set(), []
        self.numbers = itertools.count()
        self.turns = itertools.cycle([self.create, self.count, self.batch, self.change, self.create, self.remove])

    def turn(self):
        next(self.turns)()

    def send(self, expected, *request, **options):
        """Returns the response to a write; None if it got 503."""
        response = self.client.call(*request, **options)
        if response.status == 503:
            self.unknown += 1
            time.sleep(PAUSE)
            return None
        assert response.status in expected, f"{self.client.node.name}: {request}: {response.status} {response.json}"
        if response.status < 300:
            self.acknowledged += 1
        return response

    def new_state(self):
        number = next(self.numbers)
        return f"{self.client.node.name} {number}", (f"node-{self.at}", f"tag-{number % 7}")

    def settled(self):
        """Returns a memo whose state is known, and its states; `(None, None)` if there is no such memo."""
        of_memo = lambda item: len(item[1]) == 1 and None not in item[1]
        return next(filter(of_memo, reversed(self.memos.items())), (None, None))

    def create(self):
        title, tags = state = self.new_state()
        response = self.send([201], "POST", "/memos", {"title": title, "tags": tags})
        if response is None:
            self.titles.add(title)
            return
        identity = response.json["id"]
        self.memos[identity] = {state}
        # The user reads the write on another node.
        read = self.other.call("GET", f"/memos/{identity}")
        assert read.status in (200, 503), f"{self.other.node.name} does not have {identity}: {read.status}"
        assert read.status == 503 or read.json["title"] == title, read.json

    def change(self):
        identity, states = self.settled()
        if identity:
            title, tags = state = self.new_state()
            response = self.send([200], "PATCH", f"/memos/{identity}", {"title": title, "tags": tags})
            self.memos[identity] = {state} if response else states | {state}

    def remove(self):
        identity, states = self.settled()
        if identity:
            response = self.send([204], "DELETE", f"/memos/{identity}?permanent=true")
            self.memos[identity] = {None} if response else states | {None}

    def batch(self):
        identity, states = self.settled()
        if not identity:
            return
        state, created = self.new_state(), [self.new_state() for _ in range(3)]
        memo = lambda state: {"title": state[0], "tags": state[1]}
        operations = [{"op": "create", "memo": memo(each)} for each in created]
        operations.append({"op": "update", "id": identity, "memo": memo(state)})
        response = self.send([200], "POST", "/memos/batch", {"operations": operations})
        if response is None:
            self.memos[identity] = states | {state}
            self.titles |= {title for title, _ in created}
            self.batches.append(([title for title, _ in created], (identity, state)))
            return
        self.memos[identity] = {state}
        for result, each in zip(response.json["results"], created):
            self.memos[result["memo"]["id"]] = {each}

    def count(self):
        read = self.client.call("GET", f"/memos/{self.user.counter}")
        if read.status == 503:
            return
        value = int(expect(read, 200)["content"]) + 1
        path, patch = f"/memos/{self.user.counter}", {"content": str(value)}
        response = self.send([200, 412], "PATCH", path, patch, if_match=read.etag)
        if response is None:
            self.maybe_counted += 1
        elif response.status == 200:
            self.counted.append(value)


class Reader:
    """Follows the change feed on one node by its cursor."""

    def __init__(self, load, user, at):
        self.user, self.client, self.since = user, user.clients[at], 0

    def turn(self):
        response = self.client.call("GET", f"/changes?limit=100&since={self.since}")
        if response.status == 503:
            time.sleep(PAUSE)
            return
        page = expect(response, 200)
        for change in page["items"]:
            self.since += 1
            assert change["seq"] == self.since, f"{self.client.node.name}: {change} follows {self.since - 1}"
            self.user.see(change)
        assert page["next_since"] == self.since, page["next_since"]
        if not page["items"]:
            time.sleep(PAUSE)


def expect(response, status):
    assert response.status == status, (response.status, response.json)
    return response.json


def pages(client, path):
    """Returns the items of all pages of a list."""
    items, cursor = [], ""
    while cursor is not None:
        page = expect(client.call("GET", f"{path}?limit=100{cursor}"), 200)
        items += page["items"]
        following = page["page"]["next_cursor"]
        cursor = following and f"&cursor={following}"
    return items
