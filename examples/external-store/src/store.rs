//! The store, and its unit of work.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use memo_domain::{
    Access, AuditRepository, ChangeRepository, IdentityRepository, JobRepository, MemoRepository,
    OneTimeTokenRepository, RefreshTokenRepository, SecondFactorRepository, SessionRepository, Store, StoreError,
    UnitOfWork, UserRepository,
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    task::spawn_blocking,
};

use crate::{
    file::File,
    state::{Row, State},
};

/// A store that keeps everything in memory, and each commit in a file.
///
/// Readers see what was committed when they began, and wait for nobody; writers wait for each other.
pub struct FileStore {
    committed: Arc<watch::Sender<Arc<State>>>,
    /// Whoever holds it is the one who writes.
    file: Arc<Mutex<File>>,
}

impl FileStore {
    /// Opens a file, or makes it. No other process may have it open.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read or written, or is the file of something else.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut state = State::default();
        let file = File::open(path, |row| state.apply(row))?;
        Ok(Self { committed: Arc::new(watch::Sender::new(Arc::new(state))), file: Arc::new(Mutex::new(file)) })
    }
}

#[async_trait]
impl Store for FileStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let turn = match access {
            Access::Read | Access::Snapshot => None,
            Access::Write => {
                let file = Arc::clone(&self.file).lock_owned().await;
                Some(Turn { file, rows: Vec::new(), committed: Arc::clone(&self.committed) })
            }
        };
        // A writer looks only now that it is alone: it must see what the one before it has committed.
        let state = Arc::clone(&self.committed.borrow());
        Ok(Box::new(Unit { state, turn }))
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {
        self.file.lock().await.close();
    }
}

/// What a writer has beside a reader.
struct Turn {
    file: OwnedMutexGuard<File>,
    /// What it has written so far.
    rows: Vec<Row>,
    committed: Arc<watch::Sender<Arc<State>>>,
}

/// A unit of work: a state of its own, which a commit makes that of all. It is all ten repositories.
pub struct Unit {
    pub state: Arc<State>,
    turn: Option<Turn>,
}

impl Unit {
    /// Takes the steps that a change makes of the present state, all or none. How many they were.
    pub fn write(&mut self, change: impl FnOnce(&State) -> Result<Vec<Row>, StoreError>) -> Result<usize, StoreError> {
        let Some(turn) = &mut self.turn else {
            return Err(StoreError::Other { source: "a unit of work that was begun for reading can't write".into() });
        };
        let rows = change(&self.state)?;
        let number = rows.len();
        // The first step copies the maps, those behind it change the copy.
        let state = Arc::make_mut(&mut self.state);
        for row in &rows {
            state.apply(row);
        }
        turn.rows.extend(rows);
        Ok(number)
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

    fn jobs(&mut self) -> &mut dyn JobRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { state, turn } = *self;
        let Some(mut turn) = turn.filter(|turn| !turn.rows.is_empty()) else { return Ok(()) };
        // The disk is slow: its thread is none that serves. What it has begun it ends, also where nobody waits any more.
        let written = spawn_blocking(move || {
            turn.file.append(&turn.rows)?;
            turn.committed.send_replace(state);
            Ok(())
        });
        written.await.unwrap_or_else(|panic| Err(StoreError::Other { source: panic.into() }))
    }
}
