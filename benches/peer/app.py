"""The peer: the operations that `benches/run` measures, in a typical implementation with FastAPI and SQLAlchemy.

Plain `def` endpoints, which FastAPI runs in its thread pool, on SQLAlchemy's pool and a SQLite file in WAL mode with
synchronous=FULL: a POST is durable before the response, as with memo. All differences are in favour of the peer: ids
are integers, a memo has fewer fields, nothing is indexed for search, counted, rate-limited or logged.

`python app.py seed` fills the database: memo n belongs to user (n - 1) % 100 + 1.
Environment: PEER_DATABASE is the file, PEER_SECRET the key of the tokens.
"""

import os
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import bcrypt
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, Index, Text, create_engine, event, insert, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from sqlalchemy.pool import QueuePool

USERS = 100
MEMOS = 100_000
PASSWORD = b"a password for the load"
SECRET = os.environ.get("PEER_SECRET", "only for measuring, on the loopback interface")

engine = create_engine(
    f"sqlite:///{os.environ['PEER_DATABASE']}",
    poolclass=QueuePool,
    pool_size=5,
    max_overflow=10,
    connect_args={"check_same_thread": False, "timeout": 5},
)


@event.listens_for(engine, "connect")
def set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "mmap_size=268435456"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


# Without expire_on_commit=False, a POST would read its row again for the response.
sessions = sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Memo(Base):
    __tablename__ = "memos"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime)
    updated_at: Mapped[datetime] = mapped_column(DateTime)


Index("memos_of_owner", Memo.owner_id, Memo.updated_at.desc(), Memo.id.desc())


class NewMemo(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    content: str = Field(default="", max_length=100_000)


class MemoPatch(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    content: str | None = Field(default=None, max_length=100_000)


class MemoBody(NewMemo):
    model_config = ConfigDict(from_attributes=True)

    id: int
    owner_id: int
    created_at: datetime
    updated_at: datetime


class SignIn(BaseModel):
    user: int = Field(ge=1, le=USERS)
    password: str


app = FastAPI()
bearer = HTTPBearer()
password_hash = bcrypt.hashpw(PASSWORD, bcrypt.gensalt(12))


async def authenticate(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> int:
    try:
        return int(jwt.decode(credentials.credentials, SECRET, ["HS256"])["sub"])
    except (jwt.PyJWTError, KeyError, ValueError):
        raise HTTPException(401, "the token is not valid") from None


User = Annotated[int, Depends(authenticate)]


@app.get("/healthz", status_code=204)
def healthz() -> None:
    pass


@app.post("/token")
def token(body: SignIn) -> dict[str, str]:
    if not bcrypt.checkpw(body.password.encode(), password_hash):
        raise HTTPException(401, "the password is wrong")
    now = datetime.now(UTC)
    claims = {"sub": str(body.user), "iat": now, "exp": now + timedelta(minutes=15)}
    return {"access_token": jwt.encode(claims, SECRET, "HS256")}


@app.get("/memos/{memo_id}", response_model=MemoBody)
def get_memo(memo_id: int, user: User) -> Memo:
    with sessions() as session:
        memo = session.scalar(select(Memo).where(Memo.id == memo_id, Memo.owner_id == user))
    if memo is None:
        raise HTTPException(404, "the memo does not exist")
    return memo


@app.get("/memos", response_model=list[MemoBody])
def list_memos(user: User, limit: int = 20, q: str | None = None) -> Sequence[Memo]:
    newest = select(Memo).where(Memo.owner_id == user).order_by(Memo.updated_at.desc(), Memo.id.desc()).limit(limit)
    if q is not None:
        newest = newest.where(or_(Memo.title.contains(q, autoescape=True), Memo.content.contains(q, autoescape=True)))
    with sessions() as session:
        return session.scalars(newest).all()


@app.post("/memos", response_model=MemoBody, status_code=201)
def create_memo(body: NewMemo, user: User) -> Memo:
    now = datetime.now(UTC)
    memo = Memo(owner_id=user, title=body.title, content=body.content, created_at=now, updated_at=now)
    with sessions() as session:
        session.add(memo)
        session.commit()
    return memo


@app.patch("/memos/{memo_id}", response_model=MemoBody)
def update_memo(memo_id: int, body: MemoPatch, user: User) -> Memo:
    with sessions() as session:
        memo = session.scalar(select(Memo).where(Memo.id == memo_id, Memo.owner_id == user))
        if memo is None:
            raise HTTPException(404, "the memo does not exist")
        for name, value in body.model_dump(exclude_unset=True).items():
            setattr(memo, name, value)
        memo.updated_at = datetime.now(UTC)
        session.commit()
    return memo


def seed() -> None:
    Base.metadata.create_all(engine)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    words = random.Random(1)
    rows = []
    for number in range(1, MEMOS + 1):
        at = start + timedelta(seconds=number)
        rows.append(
            {
                "id": number,
                "owner_id": (number - 1) % USERS + 1,
                "title": f"memo {number}",
                "content": " ".join(f"{words.randrange(16**7):07x}" for _ in range(50)),
                "created_at": at,
                "updated_at": at,
            }
        )
    with engine.begin() as connection:
        connection.execute(insert(Memo), rows)
    # Closing checkpoints the write-ahead log, so that copying the file is enough.
    engine.dispose()


if __name__ == "__main__":
    if sys.argv[1:] != ["seed"]:
        sys.exit("usage: python app.py seed")
    seed()
