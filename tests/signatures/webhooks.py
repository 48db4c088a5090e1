"""Receives webhooks, and verifies them with the reference library of Standard Webhooks and the functions of the documentation. Takes
the page with the functions and an empty folder as arguments; MEMO_URL is the server, which may reach this machine."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import requests
from standardwebhooks import Webhook, WebhookVerificationError

PAGE, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
URL = os.environ["MEMO_URL"]
WEBHOOKS = URL + "/api/v1/me/webhooks"
received = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def sign_in():
    account = {"email": "bob@example.com", "password": "correct horse battery", "display_name": "Bob"}
    requests.post(URL + "/api/v1/auth/sign-up", json=account, timeout=60).raise_for_status()
    form = {"grant_type": "password", "username": account["email"], "password": account["password"]}
    token = requests.post(URL + "/api/v1/auth/token", data=form, timeout=60).json()["access_token"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def post(session, url, body, status):
    response = session.post(url, json=body, timeout=60)
    assert response.status_code == status, f"{response.status_code} {response.text}"
    return response.json()


def refused(secret, headers, body):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def check_functions(secret, headers, body):
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    scope = {}
    exec(blocks["python"], scope)
    assert scope["verify"](secret, headers, body)
    assert not scope["verify"](secret, headers, body + b" ")
    assert not scope["verify"](secret, {**headers, "webhook-timestamp": "1"}, body)
    (FOLDER / "verify.mjs").write_text(blocks["javascript"])
    client = FOLDER / "client.mjs"
    client.write_text(
        'import { verify } from "./verify.mjs";\n'
        "const [secret, headers, body] = JSON.parse(process.env.MESSAGE);\n"
        "const verified = (text) => verify(secret, headers, Buffer.from(text));\n"
        'console.log(verified(body), verified(body + " "));\n'
    )
    message = json.dumps([secret, headers, body.decode()])
    run = subprocess.run(
        ["node", str(client)], env={**os.environ, "MESSAGE": message}, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.split() == ["true", "false"], f"{run.stdout}{run.stderr}"


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = sign_in()
webhook = post(session, WEBHOOKS, {"url": f"http://127.0.0.1:{server.server_port}/in?token=a"}, 201)
memo = post(session, URL + "/api/v1/memos", {"title": "독립"}, 201)
headers, body = received.get(timeout=60)
message = Webhook(webhook["secret"]).verify(body, headers)
assert (message["type"], message["data"]["memo_id"], message["data"]["seq"]) == ("memo.created", memo["id"], 1), message
assert message["data"]["kind"] == message["type"] and message["data"]["version"] == 1, message
assert refused(webhook["secret"], headers, body + b" ")
assert refused("whsec_" + "A" * 44, headers, body)
check_functions(webhook["secret"], headers, body)

post(session, f"{WEBHOOKS}/{webhook['id']}/ping", {}, 202)
headers, body = received.get(timeout=60)
assert Webhook(webhook["secret"]).verify(body, headers)["type"] == "ping"
rotated = session.patch(f"{WEBHOOKS}/{webhook['id']}", json={"rotate_secret": True}, timeout=60).json()["secret"]
delivery = session.get(f"{WEBHOOKS}/{webhook['id']}/deliveries", timeout=60).json()["items"][1]
post(session, f"{WEBHOOKS}/{webhook['id']}/deliveries/{delivery['id']}/redeliver", {}, 202)
headers, body = received.get(timeout=60)
assert Webhook(rotated).verify(body, headers)["data"]["seq"] == 1
assert refused(webhook["secret"], headers, body)
