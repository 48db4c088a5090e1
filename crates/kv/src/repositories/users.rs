use async_trait::async_trait;
use memo_domain::{
    Conflict, DisplayName, Email, Locale, Page, PageRequest, Role, Source, StoreError, Sweep, TimeZone, User,
    UserFilter, UserId, UserRepository, Version,
};

use super::{FEW_OF_USER, MANY_OF_USER, memos};
use crate::{
    Direction,
    codec::{Codec, Input, enums, record, texts},
    entity::{Entity, PRIMARY},
    keys::{Hashed, key},
    store::Unit,
    transaction::{Transaction, range, require},
};

texts!(DisplayName Email TimeZone);
enums! {
    Role { Member = 1, Admin = 2 }
    Locale { En = 1, Ko = 2 }
}

record!(User, 3, {
    id, email, email_verified, display_name, role, locale, password_hash, disabled_at, version, created_at, updated_at,
    earlier_email_verified: since 2, false, time_zone: since 3, TimeZone::UTC
});

const USER_BY_EMAIL: u8 = 1;
const ADMINISTRATOR: u8 = 2;

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
            for remove in MANY_OF_USER {
                remove(tx, id, usize::MAX)?;
            }
            for remove in FEW_OF_USER {
                remove(tx, id)?;
            }
            tx.remove(&user);
            Ok(())
        })
        .await
    }

    async fn sweep(&mut self, id: UserId, what: Sweep, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let most = most as usize;
            if what == Sweep::PublicMemos {
                return Ok(memos::remove_some(tx, id, what, most)? as u64);
            }
            let mut removed = 0;
            for remove in MANY_OF_USER {
                removed += remove(tx, id, most - removed)?;
            }
            Ok(removed as u64)
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
