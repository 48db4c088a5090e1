//! The entities as records: their fields, their keys and the indexes that they are found by.

mod revisions;
mod usage;
mod webhooks;

use memo_domain::{
    ApiKey, ApiKeyId, ApiKeyName, ApiKeyNote, ApiKeySecret, AuditEvent, AuditId, Change, ChangeKind, Content,
    DisplayName, Email, IdempotentRequest, IdempotentResponse, Identity, Job, JobId, JobState, Like, LinkTarget,
    Locale, Memo, MemoFacts, MemoId, MemoState, OneTimeToken, RefreshToken, Role, SecondFactor, SecretDigest, Session,
    SessionId, Share, ShareId, SortPosition, Source, Tag, TimeZone, Title, TokenPurpose, User, UserId, Visibility,
};

use crate::{
    codec::{Codec, Input, enums, record, texts},
    keys::{Hashed, KeyPart, Prefix, ids, key},
};

pub use webhooks::{WEBHOOK_BY_USER, WEBHOOK_DELIVERY_BY_EVENT, WEBHOOK_DELIVERY_BY_WEBHOOK};

ids!(UserId SessionId MemoId JobId AuditId ApiKeyId ShareId);
texts!(Title Content DisplayName Email Tag TimeZone ApiKeyName ApiKeyNote);
enums! {
    Role { Member = 1, Admin = 2 }
    Locale { En = 1, Ko = 2 }
    Visibility { Private = 1, Public = 2 }
    ChangeKind { Created = 1, Updated = 2, Trashed = 3, Restored = 4, Deleted = 5, Liked = 6, Unliked = 7, Reminded = 8 }
    TokenPurpose { VerifyEmail = 1, ResetPassword = 2, SecondFactor = 3 }
    JobState { Waiting = 1, Dead = 2, Done = 3 }
}

pub use usage::{USAGE_BY_DAY, after_user};

/// An index of the records themselves, by their key.
pub const PRIMARY: u8 = 0;

/// A record with a key.
///
/// The numbers of tables and indexes are part of what is stored: one that was used once keeps its meaning.
pub trait Entity: Codec {
    const TABLE: u8;

    /// The key, without the table.
    fn key(&self) -> Vec<u8>;

    /// The index entries that lead to it: the number of the index, and a key that no other record has there.
    fn indexes(&self) -> Vec<(u8, Vec<u8>)>;
}

record!(User, 3, {
    id, email, email_verified, display_name, role, locale, password_hash, disabled_at, version, created_at, updated_at,
    earlier_email_verified: since 2, false, time_zone: since 3, TimeZone::UTC
});

pub const USER_BY_EMAIL: u8 = 1;
pub const ADMINISTRATOR: u8 = 2;

impl Entity for User {
    const TABLE: u8 = 1;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut indexes = vec![(USER_BY_EMAIL, key![Hashed(&[self.email.key()])])];
        if self.role == Role::Admin && self.disabled_at.is_none() {
            indexes.push((ADMINISTRATOR, key![self.id]));
        }
        indexes
    }
}

record!(Session, 2, {
    id, user_id, scopes, cookie, provider, device, ip, created_at, last_seen_at, expires_at, ended_at,
    proved_at: since 2, None
});

pub const SESSION_BY_USER: u8 = 1;
pub const SESSION_BY_COOKIE: u8 = 2;
pub const SESSION_BY_END: u8 = 3;

impl Entity for Session {
    const TABLE: u8 = 2;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let end = self.ended_at.map_or(self.expires_at, |ended| ended.min(self.expires_at));
        let mut indexes = vec![(SESSION_BY_USER, key![self.user_id, self.id]), (SESSION_BY_END, key![end, self.id])];
        indexes.extend(self.cookie.map(|digest| (SESSION_BY_COOKIE, key![digest])));
        indexes
    }
}

record!(RefreshToken, 1, { digest, session_id, issued_at, expires_at, used_at });

pub const REFRESH_TOKEN_BY_SESSION: u8 = 1;

impl Entity for RefreshToken {
    const TABLE: u8 = 3;

    fn key(&self) -> Vec<u8> {
        key![self.digest]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(REFRESH_TOKEN_BY_SESSION, key![self.session_id, self.digest])]
    }
}

record!(Memo, 2, {
    id, owner_id, state, reminded_at, version, created_at, updated_at, deleted_at, facts: since 2, MemoFacts::default()
});
record!(MemoFacts, 1, { snippet, has_tasks, open_tasks });
record!(MemoState, 1, { title, content, tags, pinned, archived, visibility, remind_at });

/// The form in which the texts of a memo are searched.
pub struct SearchForms {
    pub memo_id: MemoId,
    pub title: String,
    pub content: String,
}

record!(SearchForms, 1, { memo_id, title, content });

impl Entity for SearchForms {
    const TABLE: u8 = 13;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}

/// A link of a memo.
pub struct Link {
    pub memo_id: MemoId,
    pub target: LinkTarget,
}

record!(Link, 1, { memo_id, target });

pub const LINK_BY_TARGET: u8 = 1;

impl Entity for Link {
    const TABLE: u8 = 14;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id, self.target]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(LINK_BY_TARGET, key![self.target, self.memo_id])]
    }
}

/// The list that a memo is in.
#[derive(Clone, Copy)]
pub enum MemoList {
    /// The memos of a user that are in the trash, or those that are not.
    Own(UserId, bool),
    /// The public memos of all users.
    Public,
}

impl KeyPart for MemoList {
    fn append_to(&self, key: &mut Vec<u8>) {
        match self {
            Self::Own(owner, trashed) => key.extend(key![0_u8, *owner, *trashed]),
            Self::Public => key.push(1),
        }
    }
}

impl KeyPart for SortPosition {
    fn append_to(&self, key: &mut Vec<u8>) {
        match self {
            Self::Time(time) | Self::Relevance { updated_at: time, .. } => time.append_to(key),
            Self::Text(text) => Prefix(text).append_to(key),
        }
    }
}

pub const MEMO_BY_UPDATE: u8 = 1;
pub const MEMO_BY_CREATION: u8 = 2;
/// Titles as far as they fit: those that are equal there are in no order.
pub const MEMO_BY_TITLE: u8 = 3;
/// The memos of a user that are not in the trash. The spelling of the tag ends the key.
pub const MEMO_BY_TAG: u8 = 4;
/// The memos of all users that are in the trash, by the time since which they are there.
pub const MEMO_BY_TRASHING: u8 = 5;

impl Entity for Memo {
    const TABLE: u8 = 4;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let is_public = self.state.visibility == Visibility::Public && !self.is_trashed();
        let lists = [Some(MemoList::Own(self.owner_id, self.is_trashed())), is_public.then_some(MemoList::Public)];
        let orders = [
            (MEMO_BY_UPDATE, SortPosition::Time(self.updated_at)),
            (MEMO_BY_CREATION, SortPosition::Time(self.created_at)),
            (MEMO_BY_TITLE, SortPosition::Text(self.state.title.sort_key())),
        ];
        let mut indexes = Vec::new();
        for list in lists.into_iter().flatten() {
            indexes.extend(orders.iter().map(|(index, position)| (*index, key![list, *position, self.id])));
        }
        for tag in self.state.tags.iter().filter(|_| !self.is_trashed()) {
            let mut key = key![self.owner_id, Hashed(&[tag.key()]), self.id];
            key.extend_from_slice(tag.as_str().as_bytes());
            indexes.push((MEMO_BY_TAG, key));
        }
        indexes.extend(self.deleted_at.map(|time| (MEMO_BY_TRASHING, key![time, self.id])));
        indexes
    }
}

/// The greatest number that a change of a user's memos ever had.
pub struct Feed {
    pub owner: UserId,
    pub last_seq: u64,
}

record!(Feed, 1, { owner, last_seq });

impl Entity for Feed {
    const TABLE: u8 = 5;

    fn key(&self) -> Vec<u8> {
        key![self.owner]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}

/// A change of a user's memos.
pub struct FeedEntry {
    pub owner: UserId,
    pub change: Change,
}

record!(FeedEntry, 1, { owner, change });
record!(Change, 1, { seq, kind, memo_id, version, at });

pub const CHANGE_BY_TIME: u8 = 1;

impl Entity for FeedEntry {
    const TABLE: u8 = 6;

    fn key(&self) -> Vec<u8> {
        key![self.owner, self.change.seq]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(CHANGE_BY_TIME, key![self.change.at, self.owner, self.change.seq])]
    }
}

record!(Identity, 2, {
    user_id, provider, issuer, subject, email, created_at, message_tokens: since 2, None
});

pub const IDENTITY_BY_SUBJECT: u8 = 1;

impl Entity for Identity {
    const TABLE: u8 = 7;

    fn key(&self) -> Vec<u8> {
        key![self.user_id, Hashed(&[&self.provider])]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(IDENTITY_BY_SUBJECT, key![Hashed(&[&self.issuer, &self.subject])])]
    }
}

record!(OneTimeToken, 1, { digest, user_id, purpose, email_key, scopes, tries, created_at, expires_at });

pub const ONE_TIME_TOKEN_BY_USER: u8 = 1;
pub const ONE_TIME_TOKEN_BY_END: u8 = 2;

impl Entity for OneTimeToken {
    const TABLE: u8 = 8;

    fn key(&self) -> Vec<u8> {
        key![self.digest]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![
            (ONE_TIME_TOKEN_BY_USER, key![self.user_id, self.purpose, self.digest]),
            (ONE_TIME_TOKEN_BY_END, key![self.expires_at, self.digest]),
        ]
    }
}

record!(SecondFactor, 1, { user_id, secret, confirmed_at, last_step, created_at });

impl Entity for SecondFactor {
    const TABLE: u8 = 9;

    fn key(&self) -> Vec<u8> {
        key![self.user_id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}

/// A recovery code of a user's second factor.
pub struct RecoveryCode {
    pub user: UserId,
    pub digest: SecretDigest,
}

record!(RecoveryCode, 1, { user, digest });

impl Entity for RecoveryCode {
    const TABLE: u8 = 10;

    fn key(&self) -> Vec<u8> {
        key![self.user, self.digest]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}

record!(Job, 1, { id, owner, kind, label, payload, state, attempts, begun, run_at, created_at, error });

pub const JOB_BY_OWNER: u8 = 1;
pub const JOB_BY_TIME: u8 = 2;
pub const DEAD_JOB: u8 = 3;
/// The jobs that are done or dead, by the time they were due.
pub const ENDED_JOB: u8 = 4;

impl Entity for Job {
    const TABLE: u8 = 11;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let kind = Prefix(self.kind.as_str());
        let ended = || (ENDED_JOB, key![kind, self.run_at, self.id]);
        let mut indexes = match self.state {
            JobState::Waiting => vec![(JOB_BY_TIME, key![kind, self.run_at, self.id])],
            JobState::Dead => vec![(DEAD_JOB, key![kind, self.id]), ended()],
            JobState::Done => vec![ended()],
        };
        indexes.extend(self.owner.map(|owner| (JOB_BY_OWNER, key![owner, self.id])));
        indexes
    }
}

record!(AuditEvent, 2, {
    id, user_id, actor_id, kind, at, ip, device, request_id, detail,
    api_key_id: since 2, None
});

pub const EVENT_BY_USER: u8 = 1;
pub const EVENT_BY_TIME: u8 = 2;

impl Entity for AuditEvent {
    const TABLE: u8 = 12;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(EVENT_BY_USER, key![self.user_id, self.id]), (EVENT_BY_TIME, key![self.at, self.id])]
    }
}

record!(IdempotentResponse, 1, { request, status, location, etag, body, created_at });
record!(IdempotentRequest, 1, { user_id, id, fingerprint });

pub const IDEMPOTENT_RESPONSE_BY_USER: u8 = 1;
pub const IDEMPOTENT_RESPONSE_BY_TIME: u8 = 2;

impl Entity for IdempotentResponse {
    const TABLE: u8 = 31;

    fn key(&self) -> Vec<u8> {
        key![self.request.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let IdempotentRequest { user_id, id, .. } = self.request;
        vec![(IDEMPOTENT_RESPONSE_BY_USER, key![user_id, id]), (IDEMPOTENT_RESPONSE_BY_TIME, key![self.created_at, id])]
    }
}

record!(Like, 1, { memo_id, user_id, at });

pub const LIKE_BY_USER: u8 = 1;

impl Entity for Like {
    const TABLE: u8 = 16;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id, self.user_id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(LIKE_BY_USER, key![self.user_id, self.memo_id])]
    }
}

/// The number of likes of a memo, if it has any.
pub struct LikeCount {
    pub memo_id: MemoId,
    pub count: u64,
}

record!(LikeCount, 1, { memo_id, count });

impl Entity for LikeCount {
    const TABLE: u8 = 15;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}

record!(Share, 1, { id, memo_id, digest, password_hash, expires_at, created_at, reads });

pub const SHARE_BY_DIGEST: u8 = 1;
pub const SHARE_BY_MEMO: u8 = 2;
/// The shares that expire, by when they do.
pub const SHARE_BY_END: u8 = 3;

impl Entity for Share {
    const TABLE: u8 = 25;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut indexes = vec![(SHARE_BY_DIGEST, key![self.digest]), (SHARE_BY_MEMO, key![self.memo_id, self.id])];
        indexes.extend(self.expires_at.map(|end| (SHARE_BY_END, key![end, self.id])));
        indexes
    }
}

impl Codec for ApiKeySecret {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Digest(digest) => {
                out.push(1);
                digest.write(out);
            }
            Self::Sealed(sealed) => {
                out.push(2);
                sealed.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            1 => Codec::read(input).map(Self::Digest),
            2 => Codec::read(input).map(Self::Sealed),
            number => Err(format!("no kind of an API key has number {number}").into()),
        }
    }
}

record!(ApiKey, 1, {
    id, user_id, name, note, secret, scopes, networks, created_at, expires_at, last_used_at
});

pub const API_KEY_BY_USER: u8 = 1;

impl Entity for ApiKey {
    const TABLE: u8 = 23;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(API_KEY_BY_USER, key![self.user_id, self.id])]
    }
}
