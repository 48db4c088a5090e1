//! Writers that share a transaction, so that many of them wait for the disk once.
//!
//! SQLite has one writer at a time, and a commit waits for the disk. While writers queue up, each unit of work is a
//! savepoint in one transaction; the last of the queue commits for all of them, and only then does each learn that it is
//! kept. A unit of work that fails is rolled back to its own savepoint and touches no other. A writer that is alone gets a
//! transaction of its own, as if none of this were here.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnAcquireErr, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, oneshot},
    time::{Instant, timeout},
};

use crate::sea_orm::dialect;

/// How many units of work share a transaction at most, whether they commit or not: the first one waits for all of them.
const MOST: usize = 64;
/// When a transaction is ended at the next opportunity, however few have shared it.
const OLD: Duration = Duration::from_millis(10);

/// Hands the writing connection from one unit of work to the next.
#[derive(Debug, Clone)]
pub struct GroupWriter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: DatabaseConnection,
    patience: Duration,
    group: Arc<Mutex<Group>>,
    /// How many wait for their turn.
    waiting: AtomicUsize,
}

/// The units of work that are done in a transaction that is still open.
#[derive(Debug, Default)]
struct Group {
    transaction: Option<DatabaseTransaction>,
    /// When the transaction began, and how many have had a turn in it.
    began: Option<Instant>,
    turns: usize,
    done: Vec<oneshot::Sender<Result<(), DbErr>>>,
}

impl GroupWriter {
    pub fn new(pool: DatabaseConnection, patience: Duration) -> Self {
        let group = Arc::default();
        Self(Arc::new(Shared { pool, patience, group, waiting: AtomicUsize::new(0) }))
    }

    /// Ends the transaction that is open, where there is one.
    pub async fn close(&self) {
        if let Ok(group) = timeout(self.0.patience, self.0.group.clone().lock_owned()).await {
            finish(group).await;
        }
    }

    /// The connections, of which there is one.
    pub fn pool(&self) -> &DatabaseConnection {
        &self.0.pool
    }

    /// Waits for a turn and begins a unit of work.
    pub async fn begin(&self) -> Result<Turn, DbErr> {
        let mut waiting = Waiting::new(self.0.clone());
        let lock = timeout(self.0.patience, self.0.group.clone().lock_owned());
        let group = lock.await.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        waiting.got_turn = true;
        drop(waiting);
        let mut turn = Turn { shared: self.0.clone(), group: Some(group), savepoint: None, is_first: false };
        // On its own: a savepoint that is given up while it is made would roll back the transaction around it, and with it
        // what others were told is kept. Made, it is dropped like any other.
        let (sender, opened) = oneshot::channel();
        spawn(async move {
            let result = turn.open().await;
            let _ = sender.send(result.map(|()| turn));
        });
        opened.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Counts one who waits. One who gives up may have been the one that the group counted on.
struct Waiting {
    shared: Arc<Shared>,
    got_turn: bool,
}

impl Waiting {
    fn new(shared: Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Self { shared, got_turn: false }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let others = self.shared.waiting.fetch_sub(1, Ordering::SeqCst) - 1;
        if !self.got_turn && others == 0 {
            let shared = self.shared.clone();
            spawn(async move {
                let group = shared.group.clone().lock_owned().await;
                shared.pass_on(group).await;
            });
        }
    }
}

impl Shared {
    /// Leaves the transaction to the next who waits, or ends it where there is none.
    async fn pass_on(&self, group: OwnedMutexGuard<Group>) {
        let is_old = group.began.is_none_or(|began| began.elapsed() > OLD);
        if self.waiting.load(Ordering::SeqCst) == 0 || group.turns >= MOST || is_old {
            finish(group).await;
        }
    }
}

/// Commits for all that are done, and tells them.
async fn finish(mut group: OwnedMutexGuard<Group>) {
    let Group { transaction, done, .. } = mem::take(&mut *group);
    let result = match transaction {
        None => Ok(()),
        Some(transaction) if done.is_empty() => transaction.rollback().await,
        Some(transaction) => transaction.commit().await,
    };
    drop(group);
    for sender in done {
        // Who asked may have gone; the write is kept all the same.
        let _ = sender.send(result.clone());
    }
}

/// A unit of work that writes. Dropped, it is rolled back.
pub struct Turn {
    shared: Arc<Shared>,
    /// Held while this unit of work runs; taken when it ends.
    group: Option<OwnedMutexGuard<Group>>,
    savepoint: Option<DatabaseTransaction>,
    /// Whether it began the transaction: then it needs no savepoint of its own.
    is_first: bool,
}

impl Turn {
    async fn open(&mut self) -> Result<(), DbErr> {
        let Some(group) = &mut self.group else { return Err(ended()) };
        if group.transaction.is_some() {
            group.turns += 1;
            let begun = match &group.transaction {
                Some(transaction) => transaction.begin().await,
                None => Err(ended()),
            };
            match begun {
                Ok(savepoint) => self.savepoint = Some(savepoint),
                Err(error) => {
                    // The driver may have rolled back more than the savepoint that it could not make.
                    for sender in mem::take(&mut **group).done {
                        let _ = sender.send(Err(error.clone()));
                    }
                    return Err(error);
                }
            }
        } else {
            let options = dialect::write_transaction(self.shared.pool.get_database_backend());
            group.transaction = Some(self.shared.pool.begin_with_options(options).await?);
            group.began = Some(Instant::now());
            group.turns = 1;
            self.is_first = true;
        }
        Ok(())
    }

    /// What statements run on.
    pub fn connection(&self) -> Result<&DatabaseTransaction, DbErr> {
        let shared = || self.group.as_ref()?.transaction.as_ref();
        self.savepoint.as_ref().or_else(shared).ok_or_else(ended)
    }

    /// Ends the unit of work; when this returns, it is on the disk.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        if let Some(savepoint) = self.savepoint.take() {
            savepoint.commit().await?;
        }
        let (sender, kept) = oneshot::channel();
        let Some(mut group) = self.group.take() else { return Err(ended()) };
        group.done.push(sender);
        let shared = self.shared.clone();
        // On its own: a commit that others wait for must not end because this caller goes away.
        spawn(async move { shared.pass_on(group).await });
        kept.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Dropped first, it is rolled back before anything else runs on the connection.
        let had_savepoint = self.savepoint.take().is_some();
        let Some(mut group) = self.group.take() else { return };
        if self.is_first && !had_savepoint {
            // Nobody else has written in it yet.
            *group = Group::default();
        }
        let shared = self.shared.clone();
        spawn(async move { shared.pass_on(group).await });
    }
}

/// Runs on, whatever becomes of who asked for it.
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime the process is ending: the work is dropped, and with it the transaction rolled back.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

fn ended() -> DbErr {
    DbErr::Custom("the transaction has ended".into())
}
