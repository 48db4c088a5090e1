//! Group commit: waiting writers share a transaction, so that many of them wait for the disk once.
//!
//! SQLite has one writer at a time, and a commit waits for the disk. While writers wait for their turn, each unit of work is
//! a savepoint in one shared transaction. The last one in the queue commits for all of them, and only then is each of them
//! acknowledged. A unit of work that fails is rolled back to its own savepoint, without an effect on the others. A writer
//! that no other waits for gets a transaction of its own.
//!
//! Each statement costs a message to the thread of the connection and one back. Therefore the first statement of a unit of
//! work also creates its savepoint, and releases the previous one.
//!
//! A unit of work that knows all its statements in advance is recorded instead (`writing.rs`), and run at its commit
//! together with other recorded ones: many statements in one text, in one turn, without savepoints in between. At each
//! savepoint, the full-text index would flush its pending changes to its tables.
//!
//! Turns are handed out round robin by user: however many units of work of one user wait, one of another user waits for at
//! most one of them. This has no effect on how many share a transaction.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, Statement,
    TransactionTrait,
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, oneshot},
    time::{Instant, timeout},
};

use crate::{
    connect::permits::{Owner, Permit, Permits, Refusal},
    dialect,
};

/// The maximum number of units of work in a transaction, committed or not: the first one waits for all of them.
const MAX_TURNS: usize = 64;
/// The age from which a transaction is not handed to another unit of work.
const MAX_AGE: Duration = Duration::from_millis(10);

/// The queue for the writing connection. Clones share it.
#[derive(Debug, Clone)]
pub struct GroupWriter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: DatabaseConnection,
    acquire_timeout: Duration,
    /// The single permit for the next turn.
    permits: Permits,
    group: Arc<Mutex<Group>>,
    /// The number of units of work that wait for their turn.
    waiting: AtomicUsize,
}

/// The open transaction, and the units of work that wait for its commit.
#[derive(Debug, Default)]
struct Group {
    transaction: Option<DatabaseTransaction>,
    began: Option<Instant>,
    /// The number of units of work that have had a turn in the transaction.
    turns: usize,
    /// The channels by which the units of work that have called `commit` receive the result.
    committed: Vec<oneshot::Sender<Result<(), DbErr>>>,
    /// The savepoint of the last unit of work that ended with a commit, if it had one.
    previous: Option<&'static str>,
    /// The savepoint of a unit of work that was dropped; it may not have been created yet.
    dropped: Option<&'static str>,
}

/// Two names are enough, since each turn releases the previous savepoint.
const SAVEPOINTS: [&str; 2] = ["a", "b"];

impl GroupWriter {
    pub fn new(pool: DatabaseConnection, acquire_timeout: Duration) -> Self {
        let (permits, group) = (Permits::new(1), Arc::default());
        Self(Arc::new(Shared { pool, acquire_timeout, permits, group, waiting: AtomicUsize::new(0) }))
    }

    /// Ends the open transaction, if there is one.
    pub async fn close(&self) {
        if let Ok(group) = timeout(self.0.acquire_timeout, self.0.group.clone().lock_owned()).await {
            finish(group).await;
        }
    }

    /// The pool of the single writing connection.
    pub fn pool(&self) -> &DatabaseConnection {
        &self.0.pool
    }

    /// Waits for a turn and begins a unit of work.
    pub async fn begin(&self, owner: Owner) -> Result<Turn, DbErr> {
        let mut waiting = WaitingGuard::new(self.0.clone());
        let (permit, group) = match timeout(self.0.acquire_timeout, self.0.take_turn(owner)).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(Refusal::Closed)) => return Err(transaction_lost()),
            Ok(Err(Refusal::Busy)) | Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        };
        waiting.got_turn = true;
        drop(waiting);
        let (shared, has_written) = (self.0.clone(), AtomicBool::new(false));
        let mut turn = Turn { shared, group: Some(group), savepoint: None, has_written, permit: Some(permit) };
        if turn.join() {
            return Ok(turn);
        }
        // In a task of its own: a BEGIN that is cancelled halfway would leave an unknown state.
        let (sender, opened) = oneshot::channel();
        spawn(async move {
            let result = turn.open().await;
            let _ = sender.send(result.map(|()| turn));
        });
        opened.await.unwrap_or_else(|_| Err(transaction_lost()))
    }
}

/// Counts a waiting unit of work. If the last one gives up, no other would commit the open transaction.
struct WaitingGuard {
    shared: Arc<Shared>,
    got_turn: bool,
}

impl WaitingGuard {
    fn new(shared: Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Self { shared, got_turn: false }
    }
}

impl Drop for WaitingGuard {
    fn drop(&mut self) {
        let others = self.shared.waiting.fetch_sub(1, Ordering::SeqCst) - 1;
        if !self.got_turn && others == 0 {
            let shared = self.shared.clone();
            spawn(async move {
                let group = shared.group.clone().lock_owned().await;
                shared.release(group);
            });
        }
    }
}

impl Shared {
    async fn take_turn(&self, owner: Owner) -> Result<(Permit, OwnedMutexGuard<Group>), Refusal> {
        let permit = self.permits.acquire(owner).await?;
        // Behind a commit that is still running, but no other unit of work.
        Ok((permit, self.group.clone().lock_owned().await))
    }

    /// Hands the transaction to the next waiting unit of work. Ends it if no other waits, or if it is full or old.
    fn release(&self, group: OwnedMutexGuard<Group>) {
        let is_old = group.began.is_none_or(|began| began.elapsed() > MAX_AGE);
        if self.waiting.load(Ordering::SeqCst) == 0 || group.turns >= MAX_TURNS || is_old {
            // In a task of its own: the cancellation of one unit of work must not cancel the commit of the others.
            spawn(finish(group));
        }
    }
}

/// Commits the transaction, and sends the result to all units of work in it.
async fn finish(mut group: OwnedMutexGuard<Group>) {
    let cleaned = group.roll_back_dropped().await;
    let Group { transaction, committed, .. } = mem::take(&mut *group);
    let result = match (transaction, cleaned) {
        (None, cleaned) => cleaned,
        (Some(transaction), cleaned) if committed.is_empty() || cleaned.is_err() => {
            let rolled_back = transaction.rollback().await;
            cleaned.and(rolled_back)
        }
        (Some(transaction), _) => transaction.commit().await,
    };
    drop(group);
    for sender in committed {
        // The receiver may have been cancelled; the write is committed all the same.
        let _ = sender.send(result.clone());
    }
}

impl Group {
    /// Rolls back the previous unit of work if it was dropped. No savepoint is left then.
    async fn roll_back_dropped(&mut self) -> Result<(), DbErr> {
        let (Some(dropped), Some(transaction)) = (self.dropped.take(), &self.transaction) else { return Ok(()) };
        let previous = self.previous.take();
        if end_savepoint(transaction, "ROLLBACK TO", dropped).await? {
            return end_savepoint(transaction, "RELEASE", dropped).await.map(drop);
        }
        // Either the unit of work was dropped before it created its savepoint, and so before it wrote; or a disk error has
        // ended the transaction without the driver's knowledge, and with it all writes in it. A nested BEGIN succeeds only
        // in the second case.
        match transaction.execute_unprepared("BEGIN IMMEDIATE").await {
            Ok(_) => return Err(transaction_lost()),
            Err(error) if error.to_string().contains("within a transaction") => {}
            Err(error) => return Err(error),
        }
        if let Some(previous) = previous {
            end_savepoint(transaction, "RELEASE", previous).await?;
        }
        Ok(())
    }
}

/// Runs `command` on a savepoint. Returns whether the savepoint existed.
async fn end_savepoint(transaction: &DatabaseTransaction, command: &str, savepoint: &str) -> Result<bool, DbErr> {
    match transaction.execute_unprepared(&format!("{command} {savepoint}")).await {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains("no such savepoint") => Ok(false),
        Err(error) => Err(error),
    }
}

/// A unit of work's turn on the writing connection. If dropped, it is rolled back.
pub struct Turn {
    shared: Arc<Shared>,
    /// The lock on the group; `None` once the turn has ended.
    group: Option<OwnedMutexGuard<Group>>,
    /// The name of its savepoint; `None` for the first unit of work of a transaction.
    savepoint: Option<&'static str>,
    /// Whether a statement was sent, and the savepoint with it.
    has_written: AtomicBool,
    /// Returned when the turn ends, before its commit: others share it.
    permit: Option<Permit>,
}

impl Turn {
    /// Joins the transaction if one is open and no dropped unit of work must be rolled back first. Returns whether it joined.
    fn join(&mut self) -> bool {
        let Some(group) = &mut self.group else { return false };
        let can_join = group.transaction.is_some() && group.dropped.is_none();
        if can_join {
            group.turns += 1;
            self.savepoint = SAVEPOINTS.into_iter().find(|name| group.previous != Some(name));
        }
        can_join
    }

    async fn open(&mut self) -> Result<(), DbErr> {
        let Some(group) = &mut self.group else { return Err(transaction_lost()) };
        if let Err(error) = group.roll_back_dropped().await {
            // The writes of the others can't be separated from those of the dropped one, so all are rolled back.
            for sender in mem::take(&mut **group).committed {
                let _ = sender.send(Err(error.clone()));
            }
            return Err(error);
        }
        if self.join() {
            return Ok(());
        }
        let Some(group) = &mut self.group else { return Err(transaction_lost()) };
        let transaction = self.shared.pool.begin_with_options(dialect::sqlite_write()).await?;
        **group = Group { transaction: Some(transaction), began: Some(Instant::now()), turns: 1, ..Group::default() };
        Ok(())
    }

    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection()?.query_one_raw(self.with_savepoint(statement)).await
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection()?.query_all_raw(self.with_savepoint(statement)).await
    }

    /// Runs a writing statement and returns the number of rows that it changed.
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        let transaction = self.connection()?;
        // Not in one text: the driver adds up SQLite's row counts after each part, and after SAVEPOINT SQLite still reports
        // the count of the statement before it.
        if let Some(savepoint) = self.take_savepoint() {
            transaction.execute_unprepared(&savepoint).await?;
        }
        transaction.execute_raw(statement).await.map(|done| done.rows_affected())
    }

    /// Runs one or several writing statements in one text, without counting the rows.
    pub async fn execute_uncounted(&self, statements: Statement) -> Result<(), DbErr> {
        self.connection()?.execute_raw(self.with_savepoint(statements)).await.map(drop)
    }

    fn connection(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.group.as_ref().and_then(|group| group.transaction.as_ref()).ok_or_else(transaction_lost)
    }

    /// Prepends the creation of the savepoint to the first statement of the turn.
    fn with_savepoint(&self, mut statement: Statement) -> Statement {
        if let Some(savepoint) = self.take_savepoint() {
            statement.sql = savepoint + &statement.sql;
        }
        statement
    }

    /// Returns the SQL that releases the previous savepoint and creates this one's, once.
    fn take_savepoint(&self) -> Option<String> {
        if self.has_written.swap(true, Ordering::Relaxed) {
            return None;
        }
        let (savepoint, group) = (self.savepoint?, self.group.as_ref()?);
        let release = group.previous.map(|previous| format!("RELEASE {previous};")).unwrap_or_default();
        Some(format!("{release}SAVEPOINT {savepoint};"))
    }

    /// Commits the unit of work. It is on the disk when this returns.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let (sender, result) = oneshot::channel();
        let Some(mut group) = self.group.take() else { return Err(transaction_lost()) };
        if *self.has_written.get_mut() {
            group.previous = self.savepoint;
        }
        group.committed.push(sender);
        self.shared.release(group);
        self.permit = None;
        result.await.unwrap_or_else(|_| Err(transaction_lost()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        if *self.has_written.get_mut() {
            match self.savepoint {
                Some(savepoint) => group.dropped = Some(savepoint),
                // No other unit of work has written in the transaction: dropping it rolls back.
                None => *group = Group::default(),
            }
        }
        self.shared.release(group);
    }
}

/// Runs `work` to its end, even if the caller is cancelled.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime the process is ending: dropping the work rolls back the transaction.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

/// The error of a unit of work whose transaction was lost and rolled back; it may be retried.
pub fn transaction_lost() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}
