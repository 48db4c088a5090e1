"""Tests mail from memo to an SMTP server that is down at times, while memo is killed at times. Takes the binary, an empty
folder and the factor of the server's clock as arguments."""

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
# The moment from which the clock of the server runs faster by the factor.
START = int(time.time())
# With factor 1, the binary is `memo` itself.
COMMAND = [BINARY, str(START), str(FACTOR)] if FACTOR > 1 else [BINARY]
PUBLIC_URL = "https://memo.example.com"
SENDER = "메모 <memo@example.com>"
PASSWORD = "a pass phrase of a user"
# How many mails memo sends at once.
AT_ONCE = 4


class MailServer:
    """The handler of the SMTP server: it stores mail, except for addresses that it rejects on purpose."""

    def __init__(self):
        self.lock = threading.Lock()
        self.received = []
        self.attempts = {}
        self.hold = threading.Event()
        self.is_held = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        with self.lock:
            self.attempts[address] = self.attempts.get(address, 0) + 1
            if address.startswith("grey-") and self.attempts[address] == 1:
                return "451 4.7.1 try again later"
            if address.startswith("refused-"):
                return "550 5.1.1 unknown user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.received.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.hold.is_set():
            # The mail is stored, but memo gets no response.
            self.is_held.set()
            while self.hold.is_set():
                await asyncio.sleep(0.05)
        return "250 OK"

    def to(self, address, subject=""):
        """Returns the mails to an address whose subject contains a text, each raw and parsed."""
        with self.lock:
            received = [mail for mail in self.received if mail[1] == [address]]
        mails = [(mail, email.message_from_bytes(mail[2], policy=email.policy.default)) for mail in received]
        return [(raw, mail) for raw, mail in mails if subject in mail["subject"]]


class Memo:
    """The server under test. Each start continues with the data of the previous one."""

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
            assert self.process.poll() is None, f"memo has exited: {self.logged()[-2000:]}"
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
        assert self.process.wait(40) == 0, "memo exits with 0 after SIGTERM"

    def call(self, method, path, body=None, token=None):
        """Returns the status and the body of the response."""
        headers, data = {}, None
        if body is not None:
            is_form = path == "/auth/token"
            data = (urlencode(body) if is_form else json.dumps(body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if is_form else "application/json"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + "/api/v1" + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path, body):
        return self.call("POST", path, body)

    def sign_up(self, address):
        response = self.post("/auth/sign-up", {"email": address, "password": PASSWORD, "display_name": "회원"})
        assert response[0] == 201, response

    def sign_in(self, address, password):
        status, body = self.post("/auth/token", {"grant_type": "password", "username": address, "password": password})
        return status, json.loads(body).get("access_token")


def server_time():
    """Returns the time of the server's clock."""
    return START + (time.time() - START) * FACTOR


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"timeout after {seconds} s: {what}")


def one(server, address, subject, seconds=10):
    """Waits for a mail and returns it. More than one is an error."""
    found = until(lambda: server.to(address, subject), seconds, f"a mail to {address} about {subject!r}")
    assert len(found) == 1, f"{address} got {len(found)} mails about {subject!r}"
    return found[0]


def repeated(server):
    """The ids of the mails that came more than once."""
    ids = [mail["message-id"] for user in {to[0] for _, to, _ in server.received} for _, mail in server.to(user)]
    return {message_id for message_id in ids if ids.count(message_id) > 1}


def check(raw, mail, address, texts, page):
    """Checks the form of a mail. Returns the token in its link."""
    mail_from, _, content = raw
    assert mail_from == "memo@example.com", mail_from
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines), "lines as in RFC 5322"
    assert all(byte < 128 for byte in content), "7-bit content"
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
    assert len(tokens) == 1, f"the same link in both parts: {len(tokens)} tokens"
    return tokens.pop()


def passed(what):
    print(f"mail: {what}", flush=True)


def main():
    # A reserved port that refuses connections.
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    server = MailServer()
    memo = Memo(port.getsockname()[1])
    controller = Controller(server, hostname="127.0.0.1", port=memo.smtp_port)
    try:
        run(memo, server, controller, port)
    finally:
        server.hold.clear()
        if memo.process.poll() is None:
            memo.kill()
        if controller.server is not None:
            controller.stop()


def run(memo, server, controller, port):
    alice, bob, grey, refused = (f"{name}@example.org" for name in ("alice", "bob", "grey-1", "refused-1"))
    memo.sign_up(alice)
    memo.sign_up(bob)
    # Alice changes her language to Korean and requests the link again.
    token = memo.sign_in(alice, PASSWORD)[1]
    assert memo.call("PATCH", "/me", {"locale": "ko"}, token)[0] == 200
    assert memo.call("POST", "/auth/email/verify/resend", token=token)[0] == 202
    until(lambda: memo.logged().count("a job failed") >= 3, 20, "three failed mails")
    port.close()
    controller.start()
    memo.sign_up(grey)
    memo.sign_up(refused)
    first = check(
        *one(server, alice, "이메일 주소를 확인해 주세요", 45),
        alice,
        ["링크는 24시간 동안 한 번만 사용할 수 있습니다", "직접 요청하지 않으셨다면"],
        "verify-email",
    )
    stale = check(*one(server, alice, "Confirm your e-mail address", 45), alice, ["works once"], "verify-email")
    second = check(*one(server, bob, "Confirm your e-mail address", 45), bob, ["works once and expires in 24 hours"], "verify-email")
    passed("failed mails are delivered once the server is up, in Korean and in English")

    one(server, grey, "Confirm", 45)
    assert server.attempts[grey] == 2 and server.attempts[refused] == 1, server.attempts
    passed("a mail is retried after a temporary rejection, but not after a permanent one")

    assert memo.post("/auth/email/verify", {"token": stale})[0] == 422
    assert memo.post("/auth/email/verify", {"token": first})[0] == 204
    status, body = memo.post("/auth/email/verify", {"token": first})
    assert (status, json.loads(body)["code"]) == (422, "token_invalid"), body
    assert memo.post("/auth/email/verify", {"token": second})[0] == 204
    passed("the last requested link verifies the address, once")

    for address in (alice, "unknown@example.org"):
        assert memo.post("/auth/password/forgot", {"email": address})[0] == 202
    reset = check(
        *one(server, alice, "비밀번호를 재설정해 주세요"),
        alice,
        ["링크는 1시간 동안 한 번만 사용할 수 있습니다", "비밀번호는 바뀌지 않습니다"],
        "reset-password",
    )
    assert memo.post("/auth/password/reset", {"token": reset, "password": "다른 비밀번호 문장"})[0] == 204
    assert memo.post("/auth/password/reset", {"token": reset, "password": "다른 비밀번호 문장"})[0] == 422
    assert [memo.sign_in(alice, password)[0] for password in (PASSWORD, "다른 비밀번호 문장")] == [400, 200]
    one(server, alice, "비밀번호가 변경되었습니다")
    passed("the link sets a new password, once")

    assert not repeated(server), "a mail was sent twice, and memo was not killed"

    # The server holds the first of these mails while memo is killed, as many as memo sends at once; the others are queued.
    server.hold.set()
    users = [f"user-{number}@example.org" for number in range(12)]
    for user in users:
        memo.sign_up(user)
    until(server.is_held.is_set, 20, "a mail at the server")
    memo.kill()
    held = [user for user in users if server.to(user)]
    assert 1 <= len(held) <= AT_ONCE, held
    server.hold.clear()
    # Killed right after the response: the mail of this user may or may not have been sent.
    memo.start()
    memo.sign_up("last@example.org")
    memo.kill()
    memo.start()
    everyone = [*users, "last@example.org"]
    # One that was about to be sent at the second kill is sent after its lease of 150 s.
    until(lambda: all(server.to(user, "Confirm") for user in everyone), 180, "the mail of all users")
    # memo does not know that the held mails were delivered, and sends them again with the same Message-ID.
    until(lambda: all(len(server.to(user, "Confirm")) == 2 for user in held), 180, "the mail that was held")
    for user in everyone:
        mails = server.to(user, "Confirm")
        assert len({mail["message-id"] for _, mail in mails}) == 1, user
        # At each kill, some mails may have been in transit: see `repeated` below.
        assert len(mails) <= 2, f"{user} got {len(mails)} mails"
        token = check(*mails[-1], user, ["works once and expires in 24 hours"], "verify-email")
        assert memo.post("/auth/email/verify", {"token": token})[0] == 204, user
    passed("no mail is lost if memo is killed between sign-up and delivery")

    assert len(repeated(server)) <= 2 * AT_ONCE, repeated(server)
    assert server.attempts[refused] == 1 and not server.to("unknown@example.org") and not server.to(refused)
    log = memo.logged()
    assert first not in log and reset not in log, "a link is in the log"
    memo.end()
    passed("no other address got mail, and the log contains no links")


main()
