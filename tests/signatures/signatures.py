"""Signs requests with an independent library, and runs the clients of the documentation. Takes the page with the clients and an
empty folder as arguments; MEMO_URL is the server."""

import os
import re
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import requests
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest

PAGE, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
URL = os.environ["MEMO_URL"]
MEMOS = URL + "/api/v1/memos"
SCOPES = ["memos:read", "memos:write"]
# What runs a client, and what it must print: the statuses of a POST and a GET.
CLIENTS = {"python": [sys.executable], "javascript": ["node"], "sh": ["sh"]}
SUFFIXES = {"python": "py", "javascript": "mjs", "sh": "sh"}


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, secret):
        self.secret = secret

    def resolve_private_key(self, key_id):
        return self.secret.encode()

    resolve_public_key = resolve_private_key


def create_key():
    account = {"email": "alice@example.com", "password": "correct horse battery", "display_name": "Alice"}
    requests.post(URL + "/api/v1/auth/sign-up", json=account, timeout=60).raise_for_status()
    form = {"grant_type": "password", "username": account["email"], "password": account["password"]}
    token = requests.post(URL + "/api/v1/auth/token", data=form, timeout=60).json()["access_token"]
    new = {"name": "test", "kind": "signed", "scopes": SCOPES}
    headers = {"Authorization": f"Bearer {token}"}
    key = requests.post(URL + "/api/v1/me/api-keys", json=new, headers=headers, timeout=60)
    key.raise_for_status()
    return key.json()["id"], key.json()["secret"]


def signed(key, method, url, covered, *, created=None, nonce=None, **body):
    """A prepared request, with a digest if it has a body."""
    request = requests.Request(method, url, headers={"Accept": "application/json"}, **body).prepare()
    if request.body:
        ContentDigest().add(request.headers, request.body if isinstance(request.body, bytes) else request.body.encode())
        covered = (*covered, "content-digest")
    key_id, secret = key
    signer = HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys(secret))
    signer.sign(
        request,
        key_id=key_id,
        covered_component_ids=covered,
        created=created or datetime.now(timezone.utc),
        nonce=nonce or uuid.uuid4().hex,
        include_alg=True,
        use_existing_digest=bool(request.body),
    )
    return request


def send(request, status, code=None):
    with requests.Session() as session:
        response = session.send(request, timeout=60)
    found = response.headers.get("Content-Type", "").startswith("application/problem") and response.json()["code"]
    assert response.status_code == status and (code is None or found == code), f"{response.status_code} {response.text}"
    return response


def check_library(key):
    whole = ("@method", "@target-uri")
    apart = ("@method", "@authority", "@scheme", "@path", "@query", "@request-target")
    memo = send(signed(key, "POST", MEMOS, whole, json={"title": "독립", "tags": ["a b"]}), 201).json()
    one = f"{MEMOS}/{memo['id']}"
    for covered in (whole, apart, (*whole, "accept")):
        found = send(signed(key, "GET", MEMOS, covered, params={"q": "독립", "tag": "a b"}), 200).json()
        assert [item["id"] for item in found["items"]] == [memo["id"]]
        send(signed(key, "GET", one, covered), 200)
    send(signed(key, "PATCH", one, apart, json={"pinned": True}), 200)

    once = signed(key, "GET", one, whole)
    send(once, 200)
    send(once, 401, "signature_replayed")
    for minutes in (-6, 6):
        created = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        send(signed(key, "GET", one, whole, created=created), 401, "signature_expired")
    send(signed((key[0], key[1] + "0"), "GET", one, whole), 401, "signature_invalid")
    send(signed(key, "GET", one, ("@method",)), 401, "signature_invalid")
    other = signed(key, "GET", one, whole)
    other.url = MEMOS
    send(other, 401, "signature_invalid")
    changed = signed(key, "PATCH", one, whole, json={"pinned": True})
    changed.body = changed.body.replace(b"true", b"null")
    send(changed, 400, "digest_mismatch")
    send(signed(key, "DELETE", one, whole), 204)


def check_clients(key):
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    environment = {**os.environ, "URL": URL, "KEY_ID": key[0], "SECRET": key[1]}
    for language, command in CLIENTS.items():
        client = FOLDER / f"client.{SUFFIXES[language]}"
        client.write_text(blocks[language])
        run = subprocess.run(
            [*command, str(client)], env=environment, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
        )
        assert run.stdout.split() == ["201", "200"], f"{language}: {run.stdout}{run.stderr}"


key = create_key()
check_library(key)
check_clients(key)
print("signed requests are accepted, and others are not")
