//! A store that says in the log what was written to the audit log, once it is committed: what was rolled back has not happened.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Access, AuditEvent, AuditId, AuditRepository, ChangeRepository, IdentityRepository, JobRepository, MemoRepository,
    OneTimeTokenRepository, Page, PageRequest, RefreshTokenRepository, SecondFactorRepository, SessionRepository,
    Store, StoreError, Timestamp, UnitOfWork, UserId, UserRepository,
};

use crate::audit::tell;

/// Passes every call on to another store.
pub struct AuditedStore {
    store: Arc<dyn Store>,
    tell: fn(&AuditEvent),
}

impl AuditedStore {
    /// In front of this one.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, tell }
    }
}

#[async_trait]
impl Store for AuditedStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let unit = self.store.begin(access).await?;
        Ok(match access {
            Access::Write => Box::new(AuditedUnit { unit, events: Vec::new(), tell: self.tell }),
            Access::Read | Access::Snapshot => unit,
        })
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

struct AuditedUnit {
    unit: Box<dyn UnitOfWork>,
    /// What was written so far.
    events: Vec<AuditEvent>,
    tell: fn(&AuditEvent),
}

#[async_trait]
impl UnitOfWork for AuditedUnit {
    fn users(&mut self) -> &mut dyn UserRepository {
        self.unit.users()
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self.unit.sessions()
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository {
        self.unit.refresh_tokens()
    }

    fn memos(&mut self) -> &mut dyn MemoRepository {
        self.unit.memos()
    }

    fn changes(&mut self) -> &mut dyn ChangeRepository {
        self.unit.changes()
    }

    fn identities(&mut self) -> &mut dyn IdentityRepository {
        self.unit.identities()
    }

    fn one_time_tokens(&mut self) -> &mut dyn OneTimeTokenRepository {
        self.unit.one_time_tokens()
    }

    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository {
        self.unit.second_factors()
    }

    fn jobs(&mut self) -> &mut dyn JobRepository {
        self.unit.jobs()
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.unit.commit().await?;
        self.events.iter().for_each(self.tell);
        Ok(())
    }
}

#[async_trait]
impl AuditRepository for AuditedUnit {
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        self.unit.audit().append(event).await?;
        self.events.push(event.clone());
        Ok(())
    }

    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError> {
        self.unit.audit().list(user, page).await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.unit.audit().remove_before(time, most).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use memo_domain::{AuditKind, DisplayName, Email, Locale, User};
    use memo_memory::MemoryStore;
    use uuid::Uuid;

    use super::*;

    static TOLD: Mutex<Vec<AuditEvent>> = Mutex::new(Vec::new());

    #[tokio::test]
    async fn what_is_rolled_back_is_not_told() {
        let tell = |event: &AuditEvent| TOLD.lock().expect("nobody panicked").push(event.clone());
        let store = AuditedStore { store: Arc::new(MemoryStore::new()), tell };
        let (id, at) = (Uuid::from_u128(7 << 76 | 2 << 62), Timestamp::from_micros(0));
        let email = Email::new("alice@example.com").expect("an address");
        let name = DisplayName::new("Alice").expect("a name");
        let user = User::without_password(UserId::new(id), email, name, Locale::En, at);
        let event = |n: u128| AuditEvent {
            id: AuditId::new(Uuid::from_u128(id.as_u128() + n)),
            user_id: user.id,
            actor_id: None,
            kind: AuditKind::SignedIn,
            at,
            ip: None,
            device: None,
            request_id: None,
            detail: None,
        };
        for (n, commits) in [(1, false), (2, true)] {
            let mut unit = store.begin(Access::Write).await.expect("a unit of work");
            unit.users().insert(&user).await.expect("the member is added");
            unit.audit().append(&event(n)).await.expect("the event is added");
            assert!(TOLD.lock().expect("nobody panicked").is_empty());
            if commits {
                unit.commit().await.expect("it is committed");
            }
        }
        assert_eq!(*TOLD.lock().expect("nobody panicked"), [event(2)]);
    }
}
