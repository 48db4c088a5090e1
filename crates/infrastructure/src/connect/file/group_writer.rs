//! Writers that share a transaction, so that many of them wait for the disk once.
//!
//! SQLite has one writer at a time, and a commit waits for the disk. While writers queue up, each unit of work is a
//! savepoint in one transaction; the last of the queue commits for all of them, and only then does each learn that it is
//! kept. A unit of work that fails is rolled back to its own savepoint and touches no other. A writer that is alone gets a
//! transaction of its own, as if none of this were here.
//!
//! Each statement is a way to the thread of the connection and back. So a savepoint is made by the first statement of its
//! unit of work, which also lets go of the one before.
//!
//! A unit of work that knows all its statements before the first of them is recorded, and run at its commit with the others
//! that were recorded meanwhile: many in one text, in one turn, without savepoints between them, at each of which the index
//! of full-text search would write to its tables what it was given.

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

use crate::dialect;

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
    /// The savepoint of the unit of work before, where it made one and is done.
    before: Option<&'static str>,
    /// The savepoint of a unit of work that was dropped, perhaps before it was made.
    undone: Option<&'static str>,
}

/// Two names are enough, since each turn lets go of the savepoint before its own.
const SAVEPOINTS: [&str; 2] = ["a", "b"];

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
        let mut turn =
            Turn { shared: self.0.clone(), group: Some(group), savepoint: None, has_written: AtomicBool::new(false) };
        if turn.is_ready() {
            return Ok(turn);
        }
        // On its own: what is given up halfway could not be told from what is done.
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
                shared.pass_on(group);
            });
        }
    }
}

impl Shared {
    /// Leaves the transaction to the next who waits, or ends it where there is none.
    fn pass_on(&self, group: OwnedMutexGuard<Group>) {
        let is_old = group.began.is_none_or(|began| began.elapsed() > OLD);
        if self.waiting.load(Ordering::SeqCst) == 0 || group.turns >= MOST || is_old {
            // On its own: a commit that others wait for must not end because the last of them goes away.
            spawn(finish(group));
        }
    }
}

/// Commits for all that are done, and tells them.
async fn finish(mut group: OwnedMutexGuard<Group>) {
    let undone = group.undo().await;
    let Group { transaction, done, .. } = mem::take(&mut *group);
    let result = match (transaction, undone) {
        (None, undone) => undone,
        (Some(transaction), undone) if done.is_empty() || undone.is_err() => {
            let rolled_back = transaction.rollback().await;
            undone.and(rolled_back)
        }
        (Some(transaction), _) => transaction.commit().await,
    };
    drop(group);
    for sender in done {
        // Who asked may have gone; the write is kept all the same.
        let _ = sender.send(result.clone());
    }
}

impl Group {
    /// Takes back what the unit of work before has left, where it was dropped. Then no savepoint is left.
    async fn undo(&mut self) -> Result<(), DbErr> {
        let (Some(undone), Some(transaction)) = (self.undone.take(), &self.transaction) else { return Ok(()) };
        let before = self.before.take();
        if end(transaction, "ROLLBACK TO", undone).await? {
            return end(transaction, "RELEASE", undone).await.map(drop);
        }
        // It was dropped before its savepoint was made, and so before it wrote; or an error of the disk has ended the
        // transaction behind our back, and with it what others wrote.
        match transaction.execute_unprepared("BEGIN IMMEDIATE").await {
            Ok(_) => return Err(ended()),
            Err(error) if error.to_string().contains("within a transaction") => {}
            Err(error) => return Err(error),
        }
        if let Some(before) = before {
            end(transaction, "RELEASE", before).await?;
        }
        Ok(())
    }
}

/// Whether there was such a savepoint.
async fn end(transaction: &DatabaseTransaction, how: &str, savepoint: &str) -> Result<bool, DbErr> {
    match transaction.execute_unprepared(&format!("{how} {savepoint}")).await {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains("no such savepoint") => Ok(false),
        Err(error) => Err(error),
    }
}

/// A unit of work that writes. Dropped, it is rolled back.
pub struct Turn {
    shared: Arc<Shared>,
    /// Held while this unit of work runs; taken when it ends.
    group: Option<OwnedMutexGuard<Group>>,
    /// Its own, where others have written before it in the transaction.
    savepoint: Option<&'static str>,
    /// Whether a statement was sent, and with it the savepoint.
    has_written: AtomicBool,
}

impl Turn {
    /// Takes over a transaction that is open and has nothing to be taken back.
    fn is_ready(&mut self) -> bool {
        let Some(group) = &mut self.group else { return false };
        let is_ready = group.transaction.is_some() && group.undone.is_none();
        if is_ready {
            group.turns += 1;
            self.savepoint = SAVEPOINTS.into_iter().find(|name| group.before != Some(name));
        }
        is_ready
    }

    async fn open(&mut self) -> Result<(), DbErr> {
        let Some(group) = &mut self.group else { return Err(ended()) };
        if let Err(error) = group.undo().await {
            // What the others wrote can't be told from what was to be taken back.
            for sender in mem::take(&mut **group).done {
                let _ = sender.send(Err(error.clone()));
            }
            return Err(error);
        }
        if self.is_ready() {
            return Ok(());
        }
        let Some(group) = &mut self.group else { return Err(ended()) };
        let transaction = self.shared.pool.begin_with_options(dialect::sqlite_write()).await?;
        **group = Group { transaction: Some(transaction), began: Some(Instant::now()), turns: 1, ..Group::default() };
        Ok(())
    }

    /// The row that a statement finds, of which there is at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection()?.query_one_raw(self.beginning(statement)).await
    }

    /// The rows that a statement finds.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection()?.query_all_raw(self.beginning(statement)).await
    }

    /// Runs a statement that writes. How many rows it changed.
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        let transaction = self.connection()?;
        // Not in one text: the driver adds up what SQLite says behind each part of it, and what makes a savepoint leaves the
        // number of the statement before.
        if let Some(savepoint) = self.begin() {
            transaction.execute_unprepared(&savepoint).await?;
        }
        transaction.execute_raw(statement).await.map(|done| done.rows_affected())
    }

    /// Runs statements that write, of which nobody asks how many rows they change.
    pub async fn execute_uncounted(&self, statements: Statement) -> Result<(), DbErr> {
        self.connection()?.execute_raw(self.beginning(statements)).await.map(drop)
    }

    fn connection(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.group.as_ref().and_then(|group| group.transaction.as_ref()).ok_or_else(ended)
    }

    /// The statement; the first one with the savepoint before it.
    fn beginning(&self, mut statement: Statement) -> Statement {
        if let Some(savepoint) = self.begin() {
            statement.sql = savepoint + &statement.sql;
        }
        statement
    }

    /// What makes the savepoint, where it is not made yet.
    fn begin(&self) -> Option<String> {
        if self.has_written.swap(true, Ordering::Relaxed) {
            return None;
        }
        let (savepoint, group) = (self.savepoint?, self.group.as_ref()?);
        let before = group.before.map(|before| format!("RELEASE {before};")).unwrap_or_default();
        Some(format!("{before}SAVEPOINT {savepoint};"))
    }

    /// Ends the unit of work; when this returns, it is on the disk.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let (sender, kept) = oneshot::channel();
        let Some(mut group) = self.group.take() else { return Err(ended()) };
        if *self.has_written.get_mut() {
            group.before = self.savepoint;
        }
        group.done.push(sender);
        self.shared.pass_on(group);
        kept.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        if *self.has_written.get_mut() {
            match self.savepoint {
                Some(savepoint) => group.undone = Some(savepoint),
                // Nobody else has written in it yet.
                None => *group = Group::default(),
            }
        }
        self.shared.pass_on(group);
    }
}

/// Runs on, whatever becomes of who asked for it.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime the process is ending: the work is dropped, and with it the transaction rolled back.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

/// The transaction has gone, and what was written in it: it may be tried again.
pub fn ended() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}
