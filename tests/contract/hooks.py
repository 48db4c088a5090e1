"""Rules of the contract that JSON Schema can't express: exceptions, each with a reason and as narrow as possible.

One check is added, and none is disabled. A request that a schema allows may be rejected only if the response names one of
the reasons below; any other rejection is a failure.
"""

import json
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import ObjectLevelAuthorizationViolation, RejectedPositiveData, UseAfterFree

# The values of `code` in `errors` with which a 422 may reject a request that matches its schema.
BEYOND_SCHEMA = {
    # A cursor is opaque: only one that this list returned, for the same filters and sort order, is valid.
    "invalid_cursor",
    # `cursor` and `offset` both select the start of a page. Each is valid without the other.
    "conflicting_parameters",
    # The list of common passwords is too long for a pattern.
    "password_too_common",
    # The list of time zones is too long for a pattern.
    "unknown_time_zone",
    # Which addresses the name in a URL has is looked up.
    "address_not_allowed",
    # `http` is for networks that the operator allows.
    "insecure_url",
    # The time in an id is compared with the present.
    "too_far_ahead",
    # From a link or an authenticator: only the server knows which ones are valid.
    "token_invalid",
    "code_wrong",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Moves a `remind_at` or `expires_at` in the past to the future, which no schema can require.

    Only in valid requests: in an invalid one, a time in the past is one more reason to reject it.
    """
    global _calls
    _calls += 1
    # Attempts to sign in are limited by client address. The server trusts this header from loopback, so each call has an
    # address of its own.
    case.headers = {**(case.headers or {}), "X-Forwarded-For": f"198.18.{_calls // 256 % 256}.{_calls % 256}"}
    # The run authenticates with a token. A session cookie in addition is an error, which the HTTP suite tests for each
    # operation.
    case.cookies = {name: value for name, value in (case.cookies or {}).items() if name != COOKIE}
    if case.operation.path == ME and case.method == "PATCH" and isinstance(case.body, dict):
        # A new e-mail address requires the password, and ten wrong ones lock the account of the run itself.
        if isinstance(case.body.get("email"), str):
            case.body = {name: value for name, value in case.body.items() if name not in ("email", "current_password")}
            case.headers[DROPPED] = "email"
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in case.headers:
        # A key belongs to one request: another one with it is an error, which no schema can say.
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if not isinstance(case.body, dict):
        return
    case.body = _in_future(case.body)
    operations = case.body.get("operations")
    if isinstance(operations, list):
        case.body = {**case.body, "operations": [_with_memo_in_future(operation) for operation in operations]}


def _with_memo_in_future(operation):
    memo = operation.get("memo") if isinstance(operation, dict) else None
    return {**operation, "memo": _in_future(memo)} if isinstance(memo, dict) else operation


def _in_future(memo):
    for name in ("remind_at", "expires_at"):
        text = memo.get(name)
        if isinstance(text, str) and _is_past(text):
            memo = {**memo, name: "2999" + text[4:].replace("02-29", "02-28")}
    return memo


def _is_past(text):
    try:
        moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    try:
        return moment < datetime.now(timezone.utc) + timedelta(hours=1)
    except OverflowError:
        # Too close to the year 1 to be converted to UTC.
        return moment.year < 2000


@schemathesis.hook
def after_call(context, case, response):
    """Records which memos were trashed, restored or deleted permanently."""
    if not 200 <= response.status_code < 300 or not case.operation.path.startswith(MEMO):
        return
    if case.method == "DELETE" and case.operation.path == MEMO:
        permanent = parse_qs(urlsplit(response.request.url).query).get("permanent") == ["true"]
        _fates[_id(case)] = "gone" if permanent else "trashed"
    elif case.method == "POST" and case.operation.path == MEMO + "/restore":
        _fates[_id(case)] = "restored"


ME = "/api/v1/me"
SESSION = "/api/v1/auth/session"
COOKIE = "memo_session"
# A request header that names the field that `before_call` has removed.
DROPPED = "X-Contract-Dropped"
_calls = 0

WEBHOOKS = "/api/v1/me/webhooks"
USAGE = ("/api/v1/me/usage", "/api/v1/admin/usage")
API_KEYS = "/api/v1/me/api-keys"
MEMO = "/api/v1/memos/{id}"
MEMOS = "/api/v1/memos"
TASK = "/api/v1/memos/{id}/tasks/{n}"
BATCH = "/api/v1/memos/batch"
BELOW = (MEMO + "/like", MEMO + "/shares")
SHARED = "/api/v1/shared/{token}"
BACKLINKS = "/api/v1/memos/{id}/backlinks"
REVISIONS = "/api/v1/memos/{id}/revisions"
_fates = {}


def _id(case):
    return str(case.path_parameters.get("id")).lower()


def _is_text(response):
    return response.request.headers.get("Content-Type", "").startswith("text/")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Returns whether a failure is one. False discards it."""
    if isinstance(failure, AcceptedNegativeData) and DROPPED in response.request.headers:
        # The removed field may have been the invalid part of the request.
        return False
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422 and case.operation.path == SESSION:
        # The first step takes two fields, the second step two other ones.
        return set(case.body) in ({"email", "password"}, {"mfa_token", "otp"})
    if isinstance(failure, (RejectedPositiveData, AcceptedNegativeData)) and response.status_code == 412:
        # No schema can tell whether an ETag or a version is current, or whether there is a memo: any `If-Match`,
        # `If-None-Match: *` and `if_version` may fail.
        conditional = {"If-Match", "If-None-Match"} & set(response.request.headers)
        return not conditional and case.operation.path not in (BATCH, TASK)
    if isinstance(failure, AcceptedNegativeData) and case.operation.path == MEMOS and _is_text(response):
        # Any body is a text; only its query can be invalid.
        return "body" not in failure.message
    if isinstance(failure, AcceptedNegativeData) and case.operation.path == SHARED:
        # A share without a password ignores the one in the header or the form; only the query can be invalid.
        return "query" in failure.message
    if isinstance(failure, RejectedPositiveData) and case.operation.path == MEMOS and response.status_code == 422:
        # Which line of a text makes a title is no matter of a pattern.
        found = {(error.get("pointer"), error.get("code")) for error in _json(response).get("errors", [])}
        if _is_text(response) and found <= {("/title", "no_visible_character")}:
            return False
        # The tags of the query are added to those of the body.
        parameters = {(error.get("parameter"), error.get("code")) for error in _json(response).get("errors", [])}
        if not _is_text(response) and parameters == {("tag", "too_many")}:
            return False
    if isinstance(failure, RejectedPositiveData) and case.operation.path == MEMO and response.status_code == 422:
        # The id in the path of a PUT has any version, unless it creates a memo.
        found = {(error.get("parameter"), error.get("code")) for error in _json(response).get("errors", [])}
        if "If-None-Match" in response.request.headers and found <= {("id", "malformed"), ("id", "too_far_ahead")}:
            return False
    if isinstance(failure, RejectedPositiveData) and case.operation.path.startswith(API_KEYS):
        # No pattern has all networks in CIDR notation, and an expiry is compared with the present.
        errors = _json(response).get("errors", [])
        found = {(str(error.get("pointer")).split("/")[1], error.get("code")) for error in errors}
        if response.status_code == 422 and found <= {("ip_allowlist", "malformed"), ("expires_at", "not_in_future")}:
            return False
    if isinstance(failure, RejectedPositiveData) and case.operation.path.startswith(WEBHOOKS):
        # No pattern has all names and addresses of hosts.
        found = {(error.get("pointer"), error.get("code")) for error in _json(response).get("errors", [])}
        if response.status_code == 422 and found == {("/url", "malformed")}:
            return False
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422 and case.operation.path in USAGE:
        # No schema can compare two days.
        return not {error.get("parameter") for error in _json(response).get("errors", [])} <= {"from", "to"}
    if isinstance(failure, RejectedPositiveData) and response.status_code == 414:
        # No schema can limit the sum of all parameters.
        return len(response.request.path_url) <= 8192
    if isinstance(failure, RejectedPositiveData) and response.status_code == 410:
        # Any number matches the schema, but the change feed can be read only from the number of an existing change.
        since = parse_qs(urlsplit(response.request.url).query).get("since", ["0"])[0]
        return not (since.isdecimal() and int(since) > _json(response).get("next_since", int(since)))
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        codes = {error.get("code") for error in _json(response).get("errors", [])}
        return not codes or not codes <= BEYOND_SCHEMA
    if isinstance(failure, UseAfterFree) and case.operation.path.startswith(BELOW):
        # The likes and shares of a memo in the trash can be read, and its shares revoked.
        return _fates.get(_id(case)) == "gone"
    if isinstance(failure, UseAfterFree) and case.operation.path.startswith(MEMO):
        # DELETE moves a memo to the trash, where its owner can read it with `deleted_at` set, or restore it. If a
        # permanently deleted memo is returned, or a trashed one without `deleted_at`, it is a failure.
        fate = _fates.get(_id(case))
        # What belongs to a memo does not say whether it is in the trash.
        is_part = case.method == "GET" and case.operation.path.startswith((BACKLINKS, REVISIONS))
        if response.status_code == 304 or is_part:
            return fate not in ("trashed", "restored")
        deleted_at = _json(response).get("deleted_at")
        return not (fate == "trashed" and deleted_at or fate == "restored" and not deleted_at)
    if isinstance(failure, ObjectLevelAuthorizationViolation) and case.operation.path.startswith(MEMO + "/like"):
        # Every user can like a public memo and see who does. The response does not say whether it is one; the HTTP suite tests
        # that with a table.
        return False
    if isinstance(failure, ObjectLevelAuthorizationViolation):
        # Every user can read a public memo, unless it is in the trash, and the memos that link to it.
        if case.operation.path == BACKLINKS:
            return False
        memo = _json(response)
        return memo.get("visibility") != "public" or memo.get("deleted_at") is not None
    return True


@schemathesis.check
def private_memos_stay_private(ctx, response, case):
    """A private or trashed memo does not exist for another user, neither for reading nor for writing.

    `object_level_authorization` checks this only once in a run, for a memo that may be public.
    """
    if case.operation.path != MEMO or case.method != "GET" or response.status_code != 200:
        return
    memo = _json(response)
    if case.auth_identity is None or memo.get("id") in _checked:
        return
    if memo.get("visibility") == "public" and memo.get("deleted_at") is None:
        return
    _checked.add(memo.get("id"))
    url = urljoin(response.request.url, urlsplit(response.request.url).path)
    headers = {"Authorization": f"Bearer {_token_of_another(case.auth_identity, url)}"}
    responses = {
        "GET": requests.get(url, headers=headers, timeout=60),
        "PATCH": requests.patch(url, headers=headers, json={"pinned": True}, timeout=60),
        "DELETE": requests.delete(url, headers=headers, timeout=60),
    }
    for method, other in responses.items():
        assert other.status_code == 404, f"another user's {method} of a private memo: {other.status_code}, not 404"


_checked = set()
_tokens = {}


def _token_of_another(user, url):
    token, until = _tokens.get(user, (None, 0))
    if time.monotonic() >= until:
        users = json.loads(Path("users.json").read_text())["auth"]
        sign_in = next(other["loginEndpointAuth"] for other in users if other["name"] != user)
        response = requests.post(
            urljoin(url, sign_in["endpoint"]),
            data=sign_in["payloadRaw"],
            headers={"Content-Type": sign_in["contentType"]},
            timeout=60,
        )
        response.raise_for_status()
        token = response.json()["access_token"]
        _tokens[user] = (token, time.monotonic() + 300)
    return token


def _json(response):
    try:
        value = json.loads(response.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
