use async_trait::async_trait;
use memo_domain::{
    ApiKey, AuditEvent, Conflict, DisplayName, Email, IdempotentResponse, Identity, Job, Memo, OneTimeToken, Page,
    PageRequest, SecondFactor, Session, StoreError, Sweep, Usage, User, UserFilter, UserId, UserRepository, Version,
    Visibility,
};

use super::{likes, memos::remove_memo, sessions::remove_session, webhooks};
use crate::{
    Direction,
    keys::{Hashed, key},
    records::{
        ADMINISTRATOR, API_KEY_BY_USER, EVENT_BY_USER, Feed, FeedEntry, IDEMPOTENT_RESPONSE_BY_USER, JOB_BY_OWNER,
        MEMO_BY_UPDATE, MemoList, ONE_TIME_TOKEN_BY_USER, PRIMARY, RecoveryCode, SESSION_BY_USER, USER_BY_EMAIL,
    },
    store::Unit,
    transaction::{Transaction, range, require},
};

#[async_trait]
impl UserRepository for Unit {
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let email = email.clone();
        self.read(move |tx| find_by_email(tx, &email)).await
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |tx| {
            require(!exists(tx, user.id)?, Conflict::Id)?;
            require(find_by_email(tx, &user.email)?.is_none(), Conflict::Email)?;
            tx.insert(&user)
        })
        .await
    }

    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |tx| {
            let old = in_version(tx, user.id, from)?;
            let holder = find_by_email(tx, &user.email)?;
            require(holder.is_none_or(|holder| holder.id == user.id), Conflict::Email)?;
            tx.replace(&old, &user)
        })
        .await
    }

    async fn remove(&mut self, id: UserId, from: Version) -> Result<(), StoreError> {
        self.write(move |tx| {
            let user = in_version(tx, id, from)?;
            for session in tx.all::<Session>(SESSION_BY_USER, &key![id])? {
                remove_session(tx, &session)?;
            }
            for trashed in [false, true] {
                for memo in tx.all::<Memo>(MEMO_BY_UPDATE, &key![MemoList::Own(id, trashed)])? {
                    remove_memo(tx, &memo)?;
                }
            }
            likes::remove_of_user(tx, id)?;
            webhooks::remove_of_user(tx, id)?;
            tx.remove_all::<FeedEntry>(PRIMARY, &key![id])?;
            tx.remove_all::<Feed>(PRIMARY, &key![id])?;
            tx.remove_all::<Identity>(PRIMARY, &key![id])?;
            tx.remove_all::<OneTimeToken>(ONE_TIME_TOKEN_BY_USER, &key![id])?;
            tx.remove_all::<SecondFactor>(PRIMARY, &key![id])?;
            tx.remove_all::<RecoveryCode>(PRIMARY, &key![id])?;
            tx.remove_all::<ApiKey>(API_KEY_BY_USER, &key![id])?;
            tx.remove_all::<Job>(JOB_BY_OWNER, &key![id])?;
            tx.remove_all::<AuditEvent>(EVENT_BY_USER, &key![id])?;
            tx.remove_all::<IdempotentResponse>(IDEMPOTENT_RESPONSE_BY_USER, &key![id])?;
            tx.remove_all::<Usage>(PRIMARY, &key![id])?;
            tx.remove(&user);
            Ok(())
        })
        .await
    }

    async fn sweep(&mut self, id: UserId, what: Sweep, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let mut left = most as usize;
            for trashed in [false, true] {
                let memos = range::<Memo>(MEMO_BY_UPDATE, &key![MemoList::Own(id, trashed)]);
                let is_swept = |memo: &Memo| what == Sweep::All || memo.state.visibility == Visibility::Public;
                let memos = tx.scan::<Memo>(MEMO_BY_UPDATE, &memos, Direction::Ascending);
                let memos = memos.filter(|memo| memo.as_ref().map_or(true, is_swept)).take(left);
                for memo in memos.collect::<Result<Vec<_>, _>>()? {
                    remove_memo(tx, &memo)?;
                    left -= 1;
                }
            }
            if what == Sweep::All {
                left -= tx.remove_some::<FeedEntry>(PRIMARY, &range::<FeedEntry>(PRIMARY, &key![id]), left)?;
                let events = range::<AuditEvent>(EVENT_BY_USER, &key![id]);
                left -= tx.remove_some::<AuditEvent>(EVENT_BY_USER, &events, left)?;
                let responses = range::<IdempotentResponse>(IDEMPOTENT_RESPONSE_BY_USER, &key![id]);
                left -= tx.remove_some::<IdempotentResponse>(IDEMPOTENT_RESPONSE_BY_USER, &responses, left)?;
                let jobs = range::<Job>(JOB_BY_OWNER, &key![id]);
                left -= tx.remove_some::<Job>(JOB_BY_OWNER, &jobs, left)?;
                left -= tx.remove_some::<Usage>(PRIMARY, &range::<Usage>(PRIMARY, &key![id]), left)?;
                let sessions = range::<Session>(SESSION_BY_USER, &key![id]);
                let sessions = tx.scan::<Session>(SESSION_BY_USER, &sessions, Direction::Ascending).take(left);
                for session in sessions.collect::<Result<Vec<_>, _>>()? {
                    remove_session(tx, &session)?;
                    left -= 1;
                }
            }
            Ok((most as usize - left) as u64)
        })
        .await
    }

    async fn list(
        &mut self,
        filter: &UserFilter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read(move |tx| {
            let cursor = (|user: &User| user.id, |id: &UserId| key![*id]);
            tx.page((PRIMARY, &[], Direction::Ascending), &page, cursor, |user| filter.matches(user))
        })
        .await
    }

    async fn count(&mut self, filter: &UserFilter) -> Result<u64, StoreError> {
        let filter = filter.clone();
        self.read(move |tx| {
            let mut count = 0;
            for user in tx.scan::<User>(PRIMARY, &range::<User>(PRIMARY, &[]), Direction::Ascending) {
                count += u64::from(filter.matches(&user?));
            }
            Ok(count)
        })
        .await
    }

    async fn lock_administrators(&mut self) -> Result<Vec<UserId>, StoreError> {
        // There is one writer at a time: no other can change them before this unit of work ends.
        self.read(|tx| Ok(tx.all::<User>(ADMINISTRATOR, &[])?.into_iter().map(|user| user.id).collect())).await
    }
}

/// Whether there is a user with this id.
pub fn exists(tx: &Transaction, id: UserId) -> Result<bool, StoreError> {
    tx.contains::<User>(&key![id])
}

/// Fails unless there is a user with this id.
pub fn require_user(tx: &Transaction, id: UserId) -> Result<(), StoreError> {
    require(exists(tx, id)?, Conflict::Parent)
}

/// The display name of a user who has to exist: something refers to them.
pub fn display_name(tx: &Transaction, id: UserId) -> Result<DisplayName, StoreError> {
    let user = tx.get::<User>(&key![id])?;
    user.map(|user| user.display_name).ok_or_else(|| StoreError::corrupt("a user who is referred to does not exist"))
}

fn find_by_email(tx: &Transaction, email: &Email) -> Result<Option<User>, StoreError> {
    tx.find(USER_BY_EMAIL, &key![Hashed(&[email.key()])])
}

fn in_version(tx: &Transaction, id: UserId, version: Version) -> Result<User, StoreError> {
    tx.get(&key![id])?.filter(|user: &User| user.version == version).ok_or(StoreError::Stale)
}
