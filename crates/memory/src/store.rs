use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use memo_domain::{
    Access, AuditRepository, ChangeRepository, IdentityRepository, MemoRepository, OneTimeTokenRepository,
    OutboxRepository, RefreshTokenRepository, SecondFactorRepository, SessionRepository, Store, StoreError, UnitOfWork,
    UserRepository,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::state::State;

/// A store that forgets everything when it is dropped.
///
/// Readers see the state that was committed when they began and wait for nobody; writers wait for each other.
#[derive(Default)]
pub struct MemoryStore {
    committed: Arc<Committed>,
    writer: Arc<Mutex<()>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let turn = match access {
            Access::Read | Access::Snapshot => None,
            Access::Write => Some(Turn {
                // The order matters: what the writer before committed must be seen.
                _guard: Arc::clone(&self.writer).lock_owned().await,
                committed: Arc::clone(&self.committed),
            }),
        };
        Ok(Box::new(Unit { state: self.committed.get(), turn, failed: false }))
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}

#[derive(Default)]
struct Committed(RwLock<Arc<State>>);

// The lock is held for one assignment, which can't panic: a poisoned one holds a whole state too.
impl Committed {
    fn get(&self) -> Arc<State> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, state: Arc<State>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// The right to commit, which one unit of work has at a time.
struct Turn {
    _guard: OwnedMutexGuard<()>,
    committed: Arc<Committed>,
}

/// A unit of work: a state of its own, which a commit makes that of all.
pub struct Unit {
    pub state: Arc<State>,
    turn: Option<Turn>,
    failed: bool,
}

impl Unit {
    /// Makes a change, on a copy from the first one on.
    pub fn write<T>(&mut self, change: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.turn.is_none() {
            return Err(refused("a unit of work that was begun for reading can't write"));
        }
        let result = change(Arc::make_mut(&mut self.state));
        self.failed |= result.is_err();
        result
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository {
        self
    }

    fn memos(&mut self) -> &mut dyn MemoRepository {
        self
    }

    fn changes(&mut self) -> &mut dyn ChangeRepository {
        self
    }

    fn identities(&mut self) -> &mut dyn IdentityRepository {
        self
    }

    fn one_time_tokens(&mut self) -> &mut dyn OneTimeTokenRepository {
        self
    }

    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.failed {
            // Databases refuse it too, each in its own way: better a use case that tries it fails here first.
            return Err(refused("a unit of work can't be committed after an error of a write"));
        }
        if let Some(turn) = self.turn {
            turn.committed.set(self.state);
        }
        Ok(())
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::Other { source: reason.into() }
}

#[cfg(test)]
mod tests {
    use memo_domain::{DisplayName, Email, Locale, PasswordHash, Timestamp, User, UserId};
    use uuid::Uuid;

    use super::*;

    fn user() -> User {
        User::sign_up(
            UserId::new(Uuid::from_u128(1)),
            Email::new("alice@example.com").expect("a valid address"),
            DisplayName::new("Alice").expect("a valid name"),
            PasswordHash::new(String::new()),
            Locale::En,
            Timestamp::from_micros(0),
        )
    }

    #[tokio::test]
    async fn what_was_begun_for_reading_writes_nothing() {
        let store = MemoryStore::new();
        for access in [Access::Read, Access::Snapshot] {
            let mut uow = store.begin(access).await.expect("a unit of work");
            assert!(matches!(uow.users().insert(&user()).await, Err(StoreError::Other { .. })));
            uow.commit().await.expect("nothing was written");
        }
        assert!(store.committed.get().users.is_empty());
    }

    #[tokio::test]
    async fn after_an_error_of_a_write_nothing_is_committed() {
        let store = MemoryStore::new();
        let mut uow = store.begin(Access::Write).await.expect("a unit of work");
        uow.users().insert(&user()).await.expect("the member is added");
        uow.users().insert(&user()).await.expect_err("the id is taken");
        assert!(matches!(uow.commit().await, Err(StoreError::Other { .. })));
        assert!(store.committed.get().users.is_empty());
    }
}
