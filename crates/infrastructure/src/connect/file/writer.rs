//! The writing connection, and the transaction that concurrent units of work share.
//!
//! SQLite has one writer at a time, and a commit waits for the disk. So each unit of work is a savepoint in an open
//! transaction, and borrows the connection for its turn: it runs its statements on its own thread. After it, the next one
//! that waits takes its turn in the same transaction. If none waits, the connection goes to the commit thread, which makes
//! one COMMIT for all of them, and only then is each acknowledged.
//!
//! Turns are handed out round robin by user: however many units of work of one user wait, one of another user waits for at
//! most one of them. This has no effect on how many share a transaction.

use std::{
    collections::HashSet,
    io, mem,
    sync::{
        Arc,
        mpsc::{SendError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use memo_domain::{Causes, StoreError};
use rusqlite::{Error, ffi};
use sea_orm::Statement;
use tokio::{sync::oneshot, task::coop::consume_budget};

use super::{
    backlog::{Backlog, IndexUpdate, Indexed, size},
    connection::Connection,
    log::Log,
    readers::{must_wait, on_blocking_thread},
};
use crate::{
    connect::{
        Cost,
        permits::{Owner, Permit},
        set::{Lent, Loan, Set},
    },
    error::{NoConnection, file_error},
    row::FromRow,
};

/// The number of turns in a transaction after which it is committed even if others wait.
const MAX_TURNS: usize = 64;
/// The size in bytes of its updates for searches after which it is committed even if others wait: they run at its end.
const MAX_INDEX: usize = 256 << 10;
/// The size in bytes of a unit of work's updates for searches above which they run after its commit.
const MAX_INDEX_OF_UNIT: usize = 2 << 20;
/// The size in bytes of its texts above which a statement runs on a thread that may block: a batch has many of them.
const MAX_INLINE: usize = 64 << 10;
/// The age of a transaction after which it is committed even if others wait.
const MAX_AGE: Duration = Duration::from_millis(10);

/// The writing connection, its open transaction, and the units of work that wait for its commit.
pub struct Group {
    /// Before the connection: it is dropped in this order.
    log: Box<Log>,
    connection: Connection,
    /// To the commit thread, which ends with this.
    commits: Sender<Loan<Group>>,
    /// When the transaction began, if one is open.
    began: Option<Instant>,
    /// The number of units of work that have had a turn in it.
    turns: usize,
    /// The one whose turn it is, in its savepoint.
    unit: Option<Unit>,
    /// Updates of what searches read: the form of the texts, and the full-text index. They run last, since the index writes its
    /// pending changes to its tables before each savepoint, and long texts would make the turn long.
    index: Vec<IndexUpdate>,
    /// The size of their parameters, in bytes.
    index_size: usize,
    /// Those that run after the commit, since they are too long.
    backlog: Box<Backlog>,
    /// Where those who have called `commit` wait for the result.
    committed: Vec<oneshot::Sender<Result<(), Arc<Error>>>>,
}

#[derive(Default)]
struct Unit {
    /// Its updates for searches that have not run yet.
    index: Vec<IndexUpdate>,
    /// Whether those of the units of work before it have run in its savepoint.
    has_run_others: bool,
}

/// Starts the commit thread, and returns the set of the one connection that writes.
pub fn start(connection: Connection, log: Log, acquire_timeout: Duration) -> io::Result<(Set<Group>, Indexed)> {
    let (backlog, indexed) = Backlog::new();
    let (commits, due) = channel::<Loan<Group>>();
    thread::Builder::new().name("commit".to_owned()).spawn(move || {
        for mut group in due {
            group.end();
        }
    })?;
    let (index, committed) = (Vec::new(), Vec::new());
    let group = Group {
        log: Box::new(log),
        connection,
        commits,
        began: None,
        turns: 0,
        unit: None,
        index,
        index_size: 0,
        backlog: Box::new(backlog),
        committed,
    };
    Ok((Set::new(vec![group], acquire_timeout), indexed))
}

impl Lent for Group {
    /// Rolls back a unit of work that was not committed. Hands the transaction to those who wait, or ends it.
    fn give_back(mut self, set: &Set<Self>, permit: Permit) {
        if self.unit.take().is_some() {
            self.backlog.rolled_back();
            if self.control("ROLLBACK TO unit").and_then(|()| self.control("RELEASE unit")).is_err() {
                // SQLite has rolled back the whole transaction, or it must be: the others can't be told from this one.
                self.close(Err(rolled_back()));
            }
        }
        if self.began.is_none() && !self.backlog.is_due() {
            return set.put(self, permit);
        }
        if set.is_awaited() && self.has_room() {
            set.put(self, permit);
            // The one that waited may have given up before the connection was free.
            return drop(set.try_borrow(None));
        }
        let commits = self.commits.clone();
        if let Err(SendError(mut group)) = commits.send(Loan::new(self, permit, set.clone())) {
            group.end();
        }
    }
}

impl Group {
    /// Whether another unit of work may join the transaction, or begin one.
    fn has_room(&self) -> bool {
        let is_young = self.began.is_none_or(|began| began.elapsed() < MAX_AGE);
        self.turns < MAX_TURNS && self.index_size < MAX_INDEX && !self.backlog.is_added_to() && is_young
    }

    fn control(&self, sql: &str) -> Result<(), Error> {
        self.connection.control(sql)
    }

    /// Begins a turn, and a transaction if none is open. `waits` for the lock of another process, which may block.
    fn begin(&mut self, waits: bool) -> Result<(), Error> {
        if self.began.is_none() {
            if waits { self.connection.begin_when_unlocked() } else { self.connection.begin() }?;
            self.began = Some(Instant::now());
        }
        self.control("SAVEPOINT unit")?;
        self.turns += 1;
        self.unit = Some(Unit::default());
        Ok(())
    }

    fn execute(&self, statement: &Statement) -> Result<u64, Error> {
        // After some errors, SQLite has rolled back the whole transaction.
        if self.connection.is_in_transaction() { self.connection.execute(statement) } else { Err(rolled_back()) }
    }

    /// Runs the updates for searches, for a statement that depends on them. If the unit of work is rolled back,
    /// those of the units of work before it run again. A removal does not depend on the backlog, which passes over its memos.
    fn run_index(&mut self, cost: Cost) -> Result<(), Error> {
        let Some(unit) = &self.unit else { return Ok(()) };
        if cost == Cost::Search {
            self.backlog.run_early(&self.connection)?;
        }
        let others = if unit.has_run_others { &[][..] } else { &self.index };
        self.update(others.iter().chain(&unit.index))?;
        self.unit = Some(Unit { index: Vec::new(), has_run_others: true });
        Ok(())
    }

    fn update<'u>(&self, updates: impl Iterator<Item = &'u IndexUpdate>) -> Result<(), Error> {
        let mut statements = updates.flat_map(|update| &update.statements);
        statements.try_for_each(|statement| self.execute(statement).map(drop))
    }

    /// Keeps what the unit of work has written. It is committed when the result has come.
    fn release(&mut self) -> Result<oneshot::Receiver<Result<(), Arc<Error>>>, Error> {
        let mut index = self.unit.as_mut().map(|unit| mem::take(&mut unit.index)).unwrap_or_default();
        let mut size = index.iter().map(IndexUpdate::size).sum();
        let mut added = HashSet::new();
        if size > MAX_INDEX_OF_UNIT && self.backlog.has_room(size) {
            added = self.backlog.add(&self.connection, mem::take(&mut index))?;
            size = 0;
        }
        self.control("RELEASE unit")?;
        self.index.retain(|update| !added.contains(&update.memo));
        if self.unit.take().is_some_and(|unit| unit.has_run_others) {
            self.index.clear();
        }
        self.index_size += size;
        self.index.append(&mut index);
        let (sender, result) = oneshot::channel();
        self.committed.push(sender);
        Ok(result)
    }

    /// Ends the transaction: commits it if a unit of work waits for that. Then runs a part of the backlog.
    fn end(&mut self) {
        if self.began.is_some() {
            let result = if self.committed.is_empty() {
                self.control("ROLLBACK")
            } else {
                self.update(self.index.iter()).and_then(|()| self.backlog.commit(&self.connection))
            };
            self.close(result);
        }
        if self.backlog.is_due()
            && let Err(error) = self.backlog.run_part(&self.connection)
        {
            self.roll_back();
            tracing::warn!(error = %Causes(&error), "memos could not be indexed; the next transaction tries it again");
        }
        self.log.limit_length(&self.connection);
    }

    fn roll_back(&self) {
        if self.connection.is_in_transaction()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::warn!(error = %Causes(&error), "a transaction could not be rolled back");
        }
    }

    /// Rolls back what was not committed, and acknowledges the units of work.
    fn close(&mut self, result: Result<(), Error>) {
        self.roll_back();
        (self.began, self.turns, self.index_size) = (None, 0, 0);
        self.index.clear();
        if result.is_ok() {
            self.backlog.committed();
        } else {
            self.backlog.rolled_back();
        }
        let result = result.map_err(Arc::new);
        for sender in self.committed.drain(..) {
            // The receiver may have been cancelled; the write is committed all the same.
            let _ = sender.send(result.clone());
        }
    }
}

/// The error of a unit of work that was rolled back together with others; it may run again.
pub fn rolled_back() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), None)
}

/// A unit of work that writes. It waits for its turn only at its first statement. If dropped, it is rolled back.
pub struct WriteUnit {
    writer: Set<Group>,
    owner: Owner,
    turn: Option<Loan<Group>>,
    has_begun: bool,
}

/// Ends an open transaction if no turn comes: the last unit of work that waited for one may have given up.
struct EndIfIdle(Set<Group>);

impl Drop for EndIfIdle {
    fn drop(&mut self) {
        drop(self.0.try_borrow(None));
    }
}

impl WriteUnit {
    pub const fn new(writer: Set<Group>, owner: Owner) -> Self {
        Self { writer, owner, turn: None, has_begun: false }
    }

    /// Takes out its turn. If it is not put back, the unit of work is rolled back.
    async fn turn(&mut self) -> Result<Loan<Group>, StoreError> {
        if let Some(turn) = self.turn.take() {
            // Statements run at once: those of a long turn would keep the other tasks of its thread waiting.
            consume_budget().await;
            return Ok(turn);
        }
        if mem::replace(&mut self.has_begun, true) {
            return Err(file_error(rolled_back()));
        }
        let _end = EndIfIdle(self.writer.clone());
        let mut turn = self.writer.borrow(self.owner).await?;
        match turn.begin(false) {
            Err(error) if must_wait(&error) => {
                let (turn, begun) = on_blocking_thread(turn, None, |group| group.begin(true)).await?;
                begun.map(|()| turn).map_err(file_error)
            }
            begun => begun.map(|()| turn).map_err(file_error),
        }
    }

    /// Runs `work` in its turn. What is not small runs on a thread that may block, after all updates of the index.
    async fn run<T: Send + 'static>(
        &mut self,
        cost: Cost,
        work: impl FnOnce(&mut Group) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut turn = self.turn().await?;
        let (turn, result) = if cost == Cost::Small {
            let result = work(&mut turn);
            (turn, result)
        } else {
            on_blocking_thread(turn, None, move |group| group.run_index(cost).and_then(|()| work(group))).await?
        };
        self.turn = Some(turn);
        result.map_err(file_error)
    }

    /// Returns the rows that a statement selects.
    pub async fn query<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Vec<T>, StoreError> {
        self.run(cost, move |group| group.connection.query(&statement)).await
    }

    /// Runs a writing statement and returns the number of rows that it changed.
    pub async fn execute(&mut self, statement: Statement, cost: Cost) -> Result<u64, StoreError> {
        if cost != Cost::Small || size(&statement) <= MAX_INLINE {
            return self.run(cost, move |group| group.execute(&statement)).await;
        }
        let turn = self.turn().await?;
        let (turn, result) = on_blocking_thread(turn, None, move |group| group.execute(&statement)).await?;
        self.turn = Some(turn);
        result.map_err(file_error)
    }

    /// Updates what searches read, at the latest before one that begins after the commit. If it fails before the commit, that
    /// returns its error.
    pub async fn update_index(&mut self, update: IndexUpdate) -> Result<(), StoreError> {
        let defer = move |group: &mut Group| {
            group.unit.get_or_insert_default().index.push(update);
            Ok(())
        };
        self.run(Cost::Small, defer).await
    }

    /// Commits the unit of work. It is on the disk when this returns.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if !self.has_begun {
            return Ok(());
        }
        let committed = self.run(Cost::Small, Group::release).await?;
        // The end of the turn.
        self.turn = None;
        committed.await.map_err(|_| NoConnection::Closed)?.map_err(file_error)
    }
}
