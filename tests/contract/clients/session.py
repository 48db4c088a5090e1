"""The README's first session, by the client that openapi-python-client generates; mypy checks that its types fit."""

import importlib
import json
import os
import pkgutil
import uuid
from typing import TypeVar

import memo_client
from memo_client import AuthenticatedClient, Client
from memo_client.api.account import export, get_me
from memo_client.api.auth import revoke, sign_up, token
from memo_client.api.memos import create_memo, delete_memo, get_memo, list_memos, patch_memo, restore_memo
from memo_client.models import (
    Memo,
    MemoInput,
    MemoList,
    MemoPatch,
    Problem,
    RevokeForm,
    SignUpRequest,
    TokenForm,
    TokenFormGrantType,
    TokenResponse,
    User,
)
from memo_client.types import UNSET, File, Response, Unset

T = TypeVar("T")
U = TypeVar("U")


def body(kind: type[T], response: Response[U], status: int) -> T:
    """Returns the body of a success."""
    assert response.status_code == status and isinstance(response.parsed, kind), response
    return response.parsed


def sign_in(anonymous: Client) -> tuple[AuthenticatedClient, User, str]:
    """Signs up and in, and returns the client of the new user, the user and the refresh token."""
    email = f"reader-{uuid.uuid4()}@example.com"
    password = f"pass phrase {uuid.uuid4()}"
    request = SignUpRequest(email=email, password=password, display_name="A reader 독자")
    user = body(User, sign_up.sync_detailed(client=anonymous, body=request), 201)
    form = TokenForm(grant_type=TokenFormGrantType.PASSWORD, username=email, password=password)
    tokens = body(TokenResponse, token.sync_detailed(client=anonymous, body=form), 200)
    client = AuthenticatedClient(base_url=os.environ["MEMO_URL"], token=tokens.access_token)
    return client, user, tokens.refresh_token


def all_memos(client: AuthenticatedClient) -> list[Memo]:
    """Returns all memos, by pages of two."""
    found: list[Memo] = []
    cursor: str | Unset = UNSET
    while True:
        page = body(MemoList, list_memos.sync_detailed(client=client, limit=2, cursor=cursor), 200)
        found += page.items
        if not page.page.next_cursor:
            return found
        cursor = page.page.next_cursor


def main() -> None:
    for module in pkgutil.walk_packages(memo_client.__path__, "memo_client."):
        importlib.import_module(module.name)

    with Client(base_url=os.environ["MEMO_URL"]) as anonymous:
        client, user, refresh_token = sign_in(anonymous)
    with client:
        assert body(User, get_me.sync_detailed(client=client), 200).id == user.id
        session(client, refresh_token)


def session(client: AuthenticatedClient, refresh_token: str) -> None:
    kept: dict[uuid.UUID, str] = {}
    for content in ("# Groceries\n\n- [ ] milk\n", "# 주간 회의록\n\n1. 계획 ✅\n", "a tab\there\r\nno end"):
        request = MemoInput(title="A note", content=content, tags=["notes"])
        kept[body(Memo, create_memo.sync_detailed(client=client, body=request), 201).id] = content
    found = all_memos(client)
    assert len(found) == len(kept) and {memo.id: memo.content for memo in found} == kept, found

    edited = found[0]
    etag = get_memo.sync_detailed(edited.id, client=client).headers["ETag"]
    patch = MemoPatch(content="edited")
    result = patch_memo.sync_detailed(edited.id, client=client, body=patch, if_match=etag)
    assert body(Memo, result, 200).version == edited.version + 1, result
    lost = patch_memo.sync_detailed(edited.id, client=client, body=patch, if_match=etag)
    assert body(Problem, lost, 412).code == "precondition_failed", lost

    assert delete_memo.sync_detailed(edited.id, client=client).status_code == 204
    restored = body(Memo, restore_memo.sync_detailed(edited.id, client=client), 200)
    assert restored.deleted_at is None and restored.content == "edited", restored

    lines = body(File, export.sync_detailed(client=client), 200).payload.read().decode().splitlines()
    assert [json.loads(line)["kind"] for line in lines].count("memo") == len(kept), lines

    assert revoke.sync_detailed(client=client, body=RevokeForm(token=refresh_token)).status_code == 200
    assert get_me.sync_detailed(client=client).status_code == 401


if __name__ == "__main__":
    main()
