"""What the contract says and no JSON Schema can: each exception with its reason, as narrow as it can be.

One check is added. Nothing is switched off. A request that a schema allows may be refused only where the answer itself names one of the
reasons below; whatever else the server says stays a failure.
"""

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import ObjectLevelAuthorizationViolation, RejectedPositiveData, UseAfterFree

# Reasons that a 422 may give for a request that fits its schema, by the `code` in `errors`.
BEYOND_SCHEMA = {
    # A cursor is opaque: only one that this list gave, for these filters and this sort, is good.
    "invalid_cursor",
    # `cursor` and `offset` both say where a page starts. Each is good without the other.
    "conflicting_parameters",
    # The list of the commonest passwords is longer than a pattern can be.
    "password_too_common",
    # What a link or an authenticator gave: the server alone knows which one is good.
    "token_invalid",
    "code_wrong",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A new `remind_at` lies in the future, and what is the future no schema knows: a past one is moved there.

    Only in requests that are meant to be good. In the others the past is one more reason to refuse.
    """
    global _calls
    _calls += 1
    # Guesses are slowed by the address that they come from; a client of its own for each call is believed from loopback.
    case.headers = {**(case.headers or {}), "X-Forwarded-For": f"198.18.{_calls // 256 % 256}.{_calls % 256}"}
    # The run signs in by a token; a cookie beside it is ambiguous, which the HTTP suite asks of each operation.
    case.cookies = {name: value for name, value in (case.cookies or {}).items() if name != COOKIE}
    if case.operation.path == ME and case.method == "PATCH" and isinstance(case.body, dict):
        # Another address needs the password, and ten wrong ones shut the account that the run itself signs in to.
        if isinstance(case.body.get("email"), str):
            case.body = {name: value for name, value in case.body.items() if name not in ("email", "current_password")}
            case.headers[DROPPED] = "email"
    if case.meta is None or not case.meta.generation.mode.is_positive or not isinstance(case.body, dict):
        return
    case.body = _in_future(case.body)
    operations = case.body.get("operations")
    if isinstance(operations, list):
        case.body = {**case.body, "operations": [_with_memo_in_future(operation) for operation in operations]}


def _with_memo_in_future(operation):
    memo = operation.get("memo") if isinstance(operation, dict) else None
    return {**operation, "memo": _in_future(memo)} if isinstance(memo, dict) else operation


def _in_future(memo):
    text = memo.get("remind_at")
    if isinstance(text, str) and _is_past(text):
        return {**memo, "remind_at": "2999" + text[4:].replace("02-29", "02-28")}
    return memo


def _is_past(text):
    try:
        moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    try:
        return moment < datetime.now(timezone.utc) + timedelta(hours=1)
    except OverflowError:
        # Too near to the year 1 to be compared in UTC.
        return moment.year < 2000


@schemathesis.hook
def after_call(context, case, response):
    """Remembers which memos are in the trash, were taken out of it, or are gone for good."""
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
# Says in a request what `before_call` took out of it.
DROPPED = "X-Contract-Dropped"
_calls = 0

MEMO = "/api/v1/memos/{id}"
BATCH = "/api/v1/memos/batch"
_fates = {}


def _id(case):
    return str(case.path_parameters.get("id")).lower()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """False drops the failure."""
    if isinstance(failure, AcceptedNegativeData) and DROPPED in response.request.headers:
        # Perhaps what was wrong with it was what was taken out.
        return False
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422 and case.operation.path == SESSION:
        # Two fields for the first step, two others for the second.
        return set(case.body) in ({"email", "password"}, {"mfa_token", "otp"})
    if isinstance(failure, (RejectedPositiveData, AcceptedNegativeData)) and response.status_code == 412:
        # Whether a tag or a version is the memo's is no matter of form: any `If-Match`, any `if_version` may lose.
        return "If-Match" not in response.request.headers and case.operation.path != BATCH
    if isinstance(failure, RejectedPositiveData) and response.status_code == 410:
        # Any number may be asked for, but the changes are followed only from one that a change has had.
        since = parse_qs(urlsplit(response.request.url).query).get("since", ["0"])[0]
        return not (since.isdecimal() and int(since) > _json(response).get("next_since", int(since)))
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        codes = {error.get("code") for error in _json(response).get("errors", [])}
        return not codes or not codes <= BEYOND_SCHEMA
    if isinstance(failure, UseAfterFree) and case.operation.path.startswith(MEMO):
        # DELETE moves a memo to the trash, where its owner reads it with `deleted_at` set, or takes it out again. A
        # memo deleted for good, or one that looks as if nothing had happened to it, is a failure.
        fate = _fates.get(_id(case))
        if response.status_code == 304:
            return fate not in ("trashed", "restored")
        deleted_at = _json(response).get("deleted_at")
        return not (fate == "trashed" and deleted_at or fate == "restored" and not deleted_at)
    if isinstance(failure, ObjectLevelAuthorizationViolation):
        # A public memo is read by every user, until it is in the trash.
        memo = _json(response)
        return memo.get("visibility") != "public" or memo.get("deleted_at") is not None
    return True


@schemathesis.check
def private_memos_stay_private(ctx, response, case):
    """What is private, or in the trash, is absent for every other user, to read and to change.

    `object_level_authorization` asks only once in a run, for a memo that may well be a public one.
    """
    if case.operation.path != MEMO or case.method != "GET" or response.status_code != 200:
        return
    memo = _json(response)
    if case.auth_identity is None or memo.get("id") in _tried:
        return
    if memo.get("visibility") == "public" and memo.get("deleted_at") is None:
        return
    _tried.add(memo.get("id"))
    url = urljoin(response.request.url, urlsplit(response.request.url).path)
    headers = {"Authorization": f"Bearer {_token_of_another(case.auth_identity, url)}"}
    answers = {
        "GET": requests.get(url, headers=headers, timeout=10),
        "PATCH": requests.patch(url, headers=headers, json={"pinned": True}, timeout=10),
        "DELETE": requests.delete(url, headers=headers, timeout=10),
    }
    for method, answer in answers.items():
        assert answer.status_code == 404, f"another user's {method} of a private memo: {answer.status_code}, not 404"


_tried = set()
_tokens = {}


def _token_of_another(user, url):
    token, until = _tokens.get(user, (None, 0))
    if time.monotonic() >= until:
        users = json.loads(Path("users.json").read_text())["auth"]
        sign_in = next(other["loginEndpointAuth"] for other in users if other["name"] != user)
        answer = requests.post(
            urljoin(url, sign_in["endpoint"]),
            data=sign_in["payloadRaw"],
            headers={"Content-Type": sign_in["contentType"]},
            timeout=10,
        )
        answer.raise_for_status()
        token = answer.json()["access_token"]
        _tokens[user] = (token, time.monotonic() + 300)
    return token


def _json(response):
    try:
        value = json.loads(response.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
