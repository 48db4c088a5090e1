"""Mail from memo to an SMTP server that is away at times, while memo is killed at times. Called with the binary and an
empty folder."""

import asyncio
import email
import email.policy
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

from aiosmtpd.controller import Controller

BINARY, FOLDER, FACTOR = sys.argv[1], sys.argv[2], int(sys.argv[3])
# Since this moment the clock of the server runs faster than real time by the factor: retries and leases come sooner.
START = int(time.time())
# With the clock of the machine it is `memo` itself.
COMMAND = [BINARY, str(START), str(FACTOR)] if FACTOR > 1 else [BINARY]
PUBLIC_URL = "https://memo.example.com"
SENDER = "메모 <memo@example.com>"
PASSWORD = "a pass phrase of a member"


class Post:
    """What the server does with mail: it keeps it, but for those who are told otherwise."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kept = []
        self.tries = {}
        self.hold = threading.Event()
        self.is_held = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        with self.lock:
            self.tries[address] = self.tries.get(address, 0) + 1
            if address.startswith("grey-") and self.tries[address] == 1:
                return "451 4.7.1 come again later"
            if address.startswith("refused-"):
                return "550 5.1.1 there is nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.kept.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.hold.is_set():
            # The mail is here, and memo never hears of it.
            self.is_held.set()
            while self.hold.is_set():
                await asyncio.sleep(0.05)
        return "250 OK"

    def to(self, address, subject=""):
        """The mails to an address whose subject has this text."""
        with self.lock:
            kept = [mail for mail in self.kept if mail[1] == [address]]
        mails = [(mail, email.message_from_bytes(mail[2], policy=email.policy.default)) for mail in kept]
        return [(raw, mail) for raw, mail in mails if subject in mail["subject"]]


class Memo:
    """The server under test; each start goes on with what the one before has left."""

    def __init__(self, smtp_port):
        self.smtp_port = smtp_port
        self.log = os.path.join(FOLDER, "memo.log")
        self.start()

    def start(self):
        settings = {
            "MEMO_ENV": "development",
            "MEMO__DATA_DIR": os.path.join(FOLDER, "data"),
            "MEMO__SERVER__LISTEN": "127.0.0.1:0",
            "MEMO__SERVER__METRICS_LISTEN": "off",
            "MEMO__SERVER__PUBLIC_URL": PUBLIC_URL,
            "MEMO__RATE_LIMIT__ENABLED": "false",
            "MEMO__AUTH__BCRYPT_COST": "4",
            "MEMO__MAIL__URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "MEMO__MAIL__FROM": SENDER,
            "MEMO__LOG__FORMAT": "json",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("MEMO_")}
        begin = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                COMMAND, cwd=FOLDER, env=others | settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

        def listening():
            assert self.process.poll() is None, f"memo has ended: {self.logged()[-2000:]}"
            lines = (line for line in self.logged()[begin:].splitlines() if '"listening"' in line)
            return next((found[0] for found in (re.findall(r"127\.0\.0\.1:\d+", line) for line in lines) if found), None)

        self.url = "http://" + until(listening, 20, "memo to listen")

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def end(self):
        self.process.terminate()
        assert self.process.wait(40) == 0, "memo ends with 0 after SIGTERM"

    def call(self, method, path, body=None, token=None):
        """The status and the body of the answer."""
        headers, data = {}, None
        if body is not None:
            is_form = path == "/auth/token"
            data = (urlencode(body) if is_form else json.dumps(body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if is_form else "application/json"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + "/api/v1" + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path, body):
        return self.call("POST", path, body)

    def sign_up(self, address):
        answer = self.post("/auth/sign-up", {"email": address, "password": PASSWORD, "display_name": "회원"})
        assert answer[0] == 201, answer

    def sign_in(self, address, password):
        status, body = self.post("/auth/token", {"grant_type": "password", "username": address, "password": password})
        return status, json.loads(body).get("access_token")


def server_time():
    """What the clock of the server shows."""
    return START + (time.time() - START) * FACTOR


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def one(post, address, subject, seconds=10):
    found = until(lambda: post.to(address, subject), seconds, f"a mail to {address} about {subject!r}")
    assert len(found) == 1, f"{address} got {len(found)} mails about {subject!r}"
    return found[0]


def check(raw, mail, address, texts, page):
    """The mail is as it must be; the token of its link."""
    mail_from, _, content = raw
    assert mail_from == "memo@example.com", mail_from
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines), "lines of RFC 5322"
    assert all(byte < 128 for byte in content), "seven bits"
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type"):
        assert len(mail.get_all(name, [])) == 1, f"{name}: {mail.get_all(name)}"
    assert mail["from"] == SENDER, mail["from"]
    assert mail["to"] == address, mail["to"]
    assert mail["auto-submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f-]{36}@example\.com>", mail["message-id"].strip()), mail["message-id"]
    assert abs(mail["date"].datetime.timestamp() - server_time()) < 300, mail["date"]
    assert not mail.defects, mail.defects
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    tokens = set()
    for part in (plain, html):
        assert part.get_content_charset() == "utf-8" and not part.defects
        text = part.get_content()
        for expected in texts:
            assert expected in text, f"{expected!r} is not in {text!r}"
        tokens |= set(re.findall(re.escape(f"{PUBLIC_URL}/{page}?token=") + r"([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])", text))
    assert len(tokens) == 1, f"one link in both parts: {len(tokens)}"
    return tokens.pop()


def passed(what):
    print(f"mail: {what}", flush=True)


def main():
    # A port that is taken, and that nobody listens on.
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    post = Post()
    memo = Memo(port.getsockname()[1])
    server = Controller(post, hostname="127.0.0.1", port=memo.smtp_port)
    try:
        walk(memo, post, server, port)
    finally:
        post.hold.clear()
        if memo.process.poll() is None:
            memo.kill()
        if server.server is not None:
            server.stop()


def walk(memo, post, server, port):
    alice, bob, grey, refused = (f"{name}@example.org" for name in ("alice", "bob", "grey-1", "refused-1"))
    memo.sign_up(alice)
    memo.sign_up(bob)
    # Alice reads Korean: she asks for the link once more.
    token = memo.sign_in(alice, PASSWORD)[1]
    assert memo.call("PATCH", "/me", {"locale": "ko"}, token)[0] == 200
    assert memo.call("POST", "/auth/email/verify/resend", token=token)[0] == 202
    until(lambda: memo.logged().count("a mail was not sent") >= 3, 20, "three mails that can't be sent")
    port.close()
    server.start()
    memo.sign_up(grey)
    memo.sign_up(refused)
    first = check(
        *one(post, alice, "이메일 주소를 확인해 주세요", 45),
        alice,
        ["링크는 24시간 동안 한 번만 쓸 수 있습니다", "요청하신 적이 없다면"],
        "verify-email",
    )
    stale = check(*one(post, alice, "Confirm your e-mail address", 45), alice, ["works once"], "verify-email")
    second = check(*one(post, bob, "Confirm your e-mail address", 45), bob, ["works once, for 24 hours"], "verify-email")
    passed("what could not be sent comes once the server is back, in Korean and in English")

    one(post, grey, "Confirm", 45)
    assert post.tries[grey] == 2 and post.tries[refused] == 1, post.tries
    passed("a mail that is refused for now is tried again, one that is refused for good is not")

    assert memo.post("/auth/email/verify", {"token": stale})[0] == 422
    assert memo.post("/auth/email/verify", {"token": first})[0] == 204
    status, body = memo.post("/auth/email/verify", {"token": first})
    assert (status, json.loads(body)["code"]) == (422, "token_invalid"), body
    assert memo.post("/auth/email/verify", {"token": second})[0] == 204
    passed("the last link that was asked for proves the address, once")

    for address in (alice, "nobody@example.org"):
        assert memo.post("/auth/password/forgot", {"email": address})[0] == 202
    reset = check(
        *one(post, alice, "새 비밀번호를 정하세요"),
        alice,
        ["링크는 한 시간 동안 한 번만 쓸 수 있습니다", "비밀번호는 그대로입니다"],
        "reset-password",
    )
    assert memo.post("/auth/password/reset", {"token": reset, "password": "다른 비밀번호 문장"})[0] == 204
    assert memo.post("/auth/password/reset", {"token": reset, "password": "다른 비밀번호 문장"})[0] == 422
    assert [memo.sign_in(alice, password)[0] for password in (PASSWORD, "다른 비밀번호 문장")] == [400, 200]
    one(post, alice, "비밀번호가 바뀌었습니다")
    passed("the link sets a new password, once")

    # Of these the first is held at the server while memo is killed; the others wait.
    post.hold.set()
    members = [f"member-{number}@example.org" for number in range(12)]
    for member in members:
        memo.sign_up(member)
    until(post.is_held.is_set, 20, "a mail at the server")
    memo.kill()
    held = [member for member in members if post.to(member)]
    assert len(held) == 1, held
    post.hold.clear()
    # And one of whom nobody can know whether the post has heard: killed at once after the answer.
    memo.start()
    memo.sign_up("last@example.org")
    memo.kill()
    memo.start()
    everyone = [*members, "last@example.org"]
    until(lambda: all(post.to(member, "Confirm") for member in everyone), 150, "the mail of all who signed up")
    # The one that was held is not known to have come, and comes again under the same name.
    until(lambda: len(post.to(held[0], "Confirm")) == 2, 150, "the mail that was held")
    for member in everyone:
        mails = post.to(member, "Confirm")
        assert len({mail["message-id"] for _, mail in mails}) == 1, member
        # One may be on its way at each kill, whichever it is: see `repeated` below.
        assert len(mails) <= 2, f"{member} got {len(mails)} mails"
        token = check(*mails[-1], member, ["works once, for 24 hours"], "verify-email")
        assert memo.post("/auth/email/verify", {"token": token})[0] == 204, member
    passed("nothing is lost where memo is killed between sign-up and delivery")

    names = [mail["message-id"] for member in {to[0] for _, to, _ in post.kept} for _, mail in post.to(member)]
    repeated = {name for name in names if names.count(name) > 1}
    assert len(repeated) <= 2, repeated
    assert post.tries[refused] == 1 and not post.to("nobody@example.org") and not post.to(refused)
    log = memo.logged()
    assert first not in log and reset not in log, "a link is in the log"
    memo.end()
    passed("nobody else got mail, and the log has no links")


main()
