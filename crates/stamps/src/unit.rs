use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Change, ChangeRepository, Email, Limit, NewChange, Page, PageRequest, Stamp, StoreError, Sweep, Timestamp,
    UnitOfWork, User, UserFilter, UserId, UserRepository, Version, for_each_repository,
};

use crate::{commit::Commit, stamps::Stamps};

/// A unit of work that notes whose stamps it changes.
pub struct Unit {
    inner: Box<dyn UnitOfWork>,
    stamps: Arc<Stamps>,
    /// How many commits had ended when a reader began; `None` for a writer, which sees what it has written itself.
    begun: Option<u64>,
    changed: Vec<UserId>,
}

impl Unit {
    pub const fn reader(inner: Box<dyn UnitOfWork>, stamps: Arc<Stamps>, begun: u64) -> Self {
        Self { inner, stamps, begun: Some(begun), changed: Vec::new() }
    }

    pub const fn writer(inner: Box<dyn UnitOfWork>, stamps: Arc<Stamps>) -> Self {
        Self { inner, stamps, begun: None, changed: Vec::new() }
    }

    fn note(&mut self, owner: UserId) {
        if !self.changed.contains(&owner) {
            self.changed.push(owner);
        }
    }
}

/// The repositories of this unit of work: its own, or that of the inner one.
macro_rules! repository {
    ($unit:ident users) => {
        $unit
    };
    ($unit:ident changes) => {
        $unit
    };
    ($unit:ident $other:ident) => {
        $unit.inner.$other()
    };
}

macro_rules! unit_of_work {
    ($($accessor:ident: $repository:path { $($methods:tt)* })*) => {
        #[async_trait]
        impl UnitOfWork for Unit {
            $(fn $accessor(&mut self) -> &mut dyn $repository {
                repository!(self $accessor)
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                let Self { inner, stamps, changed, .. } = *self;
                if changed.is_empty() {
                    return inner.commit().await;
                }
                Commit::new(inner.commit(), stamps.begin(changed)).await
            }
        }
    };
}
for_each_repository!(unit_of_work);

#[async_trait]
impl ChangeRepository for Unit {
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError> {
        self.note(owner);
        self.inner.changes().append(owner, changes).await
    }

    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError> {
        self.inner.changes().list(owner, since, limit).await
    }

    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError> {
        self.inner.changes().last_seq(owner).await
    }

    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError> {
        let watch = match self.begun.map(|begun| self.stamps.look(owner, begun)) {
            Some(Ok(stamp)) => return Ok(Some(stamp)),
            Some(Err(watch)) => watch,
            None => None,
        };
        let stamp = self.inner.changes().lookup_stamp(owner).await?;
        if let (Some(stamp), Some(watch)) = (stamp, watch) {
            self.stamps.keep(owner, stamp, watch);
        }
        Ok(stamp)
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.inner.changes().remove_before(time, most).await
    }
}

#[async_trait]
impl UserRepository for Unit {
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.inner.users().lookup(id).await
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        self.inner.users().find_by_email(email).await
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        self.inner.users().insert(user).await
    }

    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError> {
        self.note(user.id);
        self.inner.users().update(user, from).await
    }

    async fn remove(&mut self, id: UserId, from: Version) -> Result<(), StoreError> {
        self.note(id);
        self.inner.users().remove(id, from).await
    }

    async fn sweep(&mut self, id: UserId, what: Sweep, most: u32) -> Result<u64, StoreError> {
        self.note(id);
        self.inner.users().sweep(id, what, most).await
    }

    async fn list(
        &mut self,
        filter: &UserFilter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        self.inner.users().list(filter, page).await
    }

    async fn count(&mut self, filter: &UserFilter) -> Result<u64, StoreError> {
        self.inner.users().count(filter).await
    }

    async fn lock_administrators(&mut self) -> Result<Vec<UserId>, StoreError> {
        self.inner.users().lock_administrators().await
    }
}
