"""A node of memo, and a client of it."""

import base64
import http.client
import json
import os
import re
import secrets
from urllib.parse import urlencode

from processes import Process, until

BINARY = os.path.realpath(os.environ["MEMO_BIN"])
PASSWORD = "a pass phrase of a user"


class Nodes:
    """What all nodes of one installation share: key files and Redis."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = {
            "MEMO_ENV": "development",
            "MEMO__SERVER__LISTEN": "127.0.0.1:0",
            "MEMO__SERVER__METRICS_LISTEN": "off",
            "MEMO__SERVER__PUBLIC_URL": "https://memo.example.com",
            "MEMO__SERVER__WORKERS": "2",
            "MEMO__RATE_LIMIT__ENABLED": "false",
            "MEMO__LIMITS__HEAVY": "32",
            "MEMO__AUTH__BCRYPT_COST": "4",
            "MEMO__LOG__FORMAT": "json",
            "MEMO__CACHE__URL": os.environ.get("MEMO_TEST_REDIS_URL", "redis://127.0.0.1:6379").rstrip("/") + "/9",
            "MEMO__CACHE__PREFIX": "cluster-" + secrets.token_hex(4),
        }
        for name in ("SIGNING_KEY", "PEPPER"):
            path = os.path.join(folder, f"{name}.key".lower())
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=") + b"\n")
            self.settings[f"MEMO__AUTH__{name}_FILE"] = path

    def start(self, name, url, **settings):
        """Starts a node on a database."""
        further = {f"MEMO__DATABASE__{name.upper()}": value for name, value in settings.items()}
        return Node(name, self.folder, {**self.settings, **further, "MEMO__DATABASE__URL": url})


class Node:
    def __init__(self, name, folder, settings):
        self.name = name
        home = os.path.join(folder, name)
        os.mkdir(home)
        others = {key: value for key, value in os.environ.items() if not key.startswith("MEMO_")}
        settings["MEMO__DATA_DIR"] = os.path.join(home, "data")
        self.process = Process([BINARY], os.path.join(folder, f"{name}.log"), env=others | settings, folder=home)

        def listening():
            self.process.expect_running()
            found = re.search(r'"listening".*?127\.0\.0\.1:(\d+)|127\.0\.0\.1:(\d+).*?"listening"', self.process.output())
            return found and int(found[1] or found[2])

        self.port = until(listening, 90, f"{name} listens")

    def readiness(self):
        """Returns the status of /readyz."""
        return Client(self).call("GET", "/readyz", prefix="").status

    def until_ready(self, seconds=60):
        until(lambda: self.readiness() == 200, seconds, f"{self.name} is ready")


class Response:
    def __init__(self, response):
        self.status, self.etag, body = response.status, response.headers["ETag"], response.read()
        self.json = json.loads(body) if body else None


class Client:
    """Sends requests to a node, as a user if it has a token."""

    def __init__(self, node, token=None):
        self.node, self.token = node, token

    def call(self, method, path, body=None, if_match=None, prefix="/api/v1"):
        """Returns the response. Each request has a connection of its own: none is lost because it was idle."""
        headers = {"Host": "127.0.0.1"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if if_match:
            headers["If-Match"] = if_match
        if body is not None:
            is_form, is_patch = path == "/auth/token", method == "PATCH"
            headers["Content-Type"] = (
                "application/x-www-form-urlencoded" if is_form
                else "application/merge-patch+json" if is_patch else "application/json"
            )
            body = (urlencode(body) if is_form else json.dumps(body)).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=40)
        try:
            connection.request(method, prefix + path, body, headers)
            return Response(connection.getresponse())
        finally:
            connection.close()

    def sign_up(self, name):
        """Creates a user and signs in."""
        email = f"{name}@example.org"
        account = {"email": email, "password": PASSWORD, "display_name": name}
        response = self.call("POST", "/auth/sign-up", account)
        assert response.status == 201, (response.status, response.json)
        form = {"grant_type": "password", "username": email, "password": PASSWORD}
        response = self.call("POST", "/auth/token", form)
        assert response.status == 200, (response.status, response.json)
        self.token = response.json["access_token"]
        return self
