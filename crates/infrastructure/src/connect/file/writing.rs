//! Writing units of work, and batches of recorded ones that run in one turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memo_domain::StoreError;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::{OnceCell, oneshot};

use super::{
    Readers,
    group_writer::{GroupWriter, Turn, spawn, transaction_lost},
};
use crate::{connect::permits::Owner, dialect, error::store_error};

/// The maximum number of recorded units of work in one turn.
const MAX_UNITS: usize = 64;
/// How many equal statements are joined into one text: few sizes, so that each text recurs and is prepared only once.
const BATCH_SIZES: [usize; 3] = [8, 2, 1];

/// The writing side of a file. Clones share it.
#[derive(Debug, Clone)]
pub struct Writer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    turns: GroupWriter,
    readers: Readers,
    queue: Mutex<Queue>,
}

/// The recorded units of work that have not run yet.
#[derive(Debug, Default)]
struct Queue {
    units: Vec<QueuedUnit>,
    /// The number of the task that runs them, if there is one.
    runner: Option<u64>,
    /// The number of tasks that have been started.
    runners: u64,
}

#[derive(Debug)]
struct QueuedUnit {
    owner: Owner,
    recorded: Recorded,
    result: oneshot::Sender<Result<(), DbErr>>,
}

/// The recorded statements of one unit of work.
#[derive(Debug, Default, Clone)]
struct Recorded {
    statements: Vec<Statement>,
    /// Statements that may run after those of other units of work.
    last: Vec<Statement>,
}

impl Writer {
    pub fn new(turns: GroupWriter, readers: Readers) -> Self {
        Self(Arc::new(Shared { turns, readers, queue: Mutex::default() }))
    }

    /// The queue for the writing connection.
    pub fn turns(&self) -> &GroupWriter {
        &self.0.turns
    }

    /// Begins a unit of work.
    pub fn begin(&self, owner: Owner) -> WriteUnit {
        WriteUnit { writer: self.clone(), owner, turn: OnceCell::new(), recorded: Mutex::default() }
    }

    /// Runs recorded statements as one unit of work, together with others. They are on the disk when this returns.
    async fn run(&self, owner: Owner, recorded: Recorded) -> Result<(), DbErr> {
        let (sender, result) = oneshot::channel();
        if let Some(number) = self.0.add(QueuedUnit { owner, recorded: recorded.joined(), result: sender }) {
            let runner = Runner { shared: self.0.clone(), number };
            // In a task of its own: other units of work depend on it.
            spawn(async move { runner.shared.run_all().await });
        }
        result.await.unwrap_or_else(|_| Err(transaction_lost()))
    }
}

impl Shared {
    /// Adds a unit of work to the queue. Returns the number of a new runner, if none is running.
    fn add(&self, unit: QueuedUnit) -> Option<u64> {
        let mut queue = lock(&self.queue);
        queue.units.push(unit);
        if queue.runner.is_some() {
            return None;
        }
        queue.runners += 1;
        queue.runner = Some(queue.runners);
        queue.runner
    }

    async fn run_all(&self) {
        while self.has_units() {
            // Units of work that are added during this wait run in the same turn, or fail with it: none waits for two turns.
            // A turn of the server itself: most batches have units of work of several users.
            match self.turns.begin(None).await {
                Ok(turn) => self.run_batch(turn).await,
                Err(error) => report_to_all(self.take(usize::MAX), &Err(error)),
            }
        }
    }

    /// Whether units of work are queued. If not, this runner ends, and the next unit of work starts another.
    fn has_units(&self) -> bool {
        let mut queue = lock(&self.queue);
        if queue.units.is_empty() {
            queue.runner = None;
        }
        queue.runner.is_some()
    }

    fn take(&self, limit: usize) -> Vec<QueuedUnit> {
        let mut queue = lock(&self.queue);
        let count = queue.units.len().min(limit);
        if count < queue.units.len() {
            sort_round_robin(&mut queue.units);
        }
        queue.units.drain(..count).collect()
    }

    async fn run_batch(&self, turn: Turn) {
        let units = self.take(MAX_UNITS);
        let result = run_in(turn, units.iter().map(|unit| unit.recorded.clone()).collect()).await;
        if !result.as_ref().is_err_and(is_conflict) {
            return report_to_all(units, &result);
        }
        // One of them violates a constraint: run each on its own to find out which.
        let mut units = units.into_iter();
        while let Some(unit) = units.next() {
            let result = match self.turns.begin(unit.owner).await {
                Ok(turn) => run_in(turn, vec![unit.recorded.clone()]).await,
                Err(error) => Err(error),
            };
            let concerns_all = result.as_ref().is_err_and(|error| !is_conflict(error));
            if concerns_all {
                report_to_all(units.by_ref(), &result);
            }
            unit.report(result);
        }
    }
}

/// Sorts units of work so that the first one of each user comes first, then the second one of each user, and so on.
fn sort_round_robin(units: &mut [QueuedUnit]) {
    let mut counts = HashMap::new();
    units.sort_by_cached_key(|unit| {
        let count: &mut usize = counts.entry(unit.owner).or_default();
        *count += 1;
        *count
    });
}

impl Recorded {
    fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.last.is_empty()
    }

    fn joined(self) -> Self {
        let joined = |statements: Vec<Statement>| {
            if statements.is_empty() { statements } else { dialect::joined(DbBackend::Sqlite, statements) }
        };
        Self { statements: joined(self.statements), last: joined(self.last) }
    }
}

/// Whether the statement itself is at fault, and not the database.
fn is_conflict(error: &DbErr) -> bool {
    matches!(store_error(error.clone()), StoreError::Conflict { .. })
}

fn report_to_all(units: impl IntoIterator<Item = QueuedUnit>, result: &Result<(), DbErr>) {
    units.into_iter().for_each(|unit| unit.report(result.clone()));
}

async fn run_in(turn: Turn, units: Vec<Recorded>) -> Result<(), DbErr> {
    let (statements, last): (Vec<_>, Vec<_>) = units.into_iter().map(|unit| (unit.statements, unit.last)).unzip();
    for part in [statements, last] {
        let mut statements = part.concat();
        // The units of work are concurrent, so any order is valid; sorting brings equal statements together.
        statements.sort_by(|a, b| a.sql.cmp(&b.sql));
        for batch in batches(statements) {
            turn.execute_uncounted(batch).await?;
        }
    }
    turn.commit().await
}

/// The task that runs recorded units of work. If it is cancelled, e.g. with its runtime, the queued ones fail.
struct Runner {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Runner {
    fn drop(&mut self) {
        let mut queue = lock(&self.shared.queue);
        // After a regular end, another runner may be active already.
        if queue.runner == Some(self.number) {
            queue.runner = None;
            queue.units.clear();
        }
    }
}

impl QueuedUnit {
    fn report(self, result: Result<(), DbErr>) {
        // The receiver may have been cancelled; the write is committed all the same.
        let _ = self.result.send(result);
    }
}

/// Joins neighbouring statements with the same SQL into batches.
fn batches(statements: Vec<Statement>) -> Vec<Statement> {
    let mut batches = Vec::new();
    let mut rest = statements.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut equal = vec![first];
        while let Some(next) = rest.next_if(|next| next.sql == equal[0].sql) {
            equal.push(next);
        }
        while !equal.is_empty() {
            let size = BATCH_SIZES.into_iter().find(|size| *size <= equal.len()).unwrap_or(1);
            batches.extend(dialect::joined(DbBackend::Sqlite, equal.drain(..size).collect()));
        }
    }
    batches
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A unit of work that writes. It waits for its turn only at the first statement that needs it, so that it does not keep
/// others waiting before. If dropped, it is rolled back.
pub struct WriteUnit {
    writer: Writer,
    owner: Owner,
    turn: OnceCell<Turn>,
    recorded: Mutex<Recorded>,
}

impl WriteUnit {
    /// Returns its turn; at the first call, waits for it and runs the recorded statements.
    pub async fn turn(&self) -> Result<&Turn, DbErr> {
        let begin = async || {
            let turn = self.writer.turns().begin(self.owner).await?;
            let Recorded { statements, last } = lock(&self.recorded).clone();
            for statement in statements.into_iter().chain(last) {
                turn.execute_uncounted(statement).await?;
            }
            *lock(&self.recorded) = Recorded::default();
            Ok(turn)
        };
        self.turn.get_or_try_init(begin).await
    }

    pub const fn owner(&self) -> Owner {
        self.owner
    }

    /// The connections that read the committed state, as long as this unit of work has written nothing that it should see.
    pub fn committed(&self) -> Option<&Readers> {
        let is_fresh = self.turn.get().is_none() && lock(&self.recorded).is_empty();
        is_fresh.then_some(&self.writer.0.readers)
    }

    /// Runs one or several statements in one text, with the next statement or at the commit, which then return their error.
    /// Only a concurrent writer may be able to make them fail.
    pub async fn record(&self, statement: Statement) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.get() {
            return turn.execute_uncounted(statement).await;
        }
        lock(&self.recorded).statements.push(statement);
        Ok(())
    }

    /// Like [`record`](Self::record), but the statement may run after those of other units of work: it depends only on
    /// statements of its own unit of work, and no other statement depends on it.
    pub async fn record_last(&self, statement: Statement) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.get() {
            return turn.execute_uncounted(statement).await;
        }
        lock(&self.recorded).last.push(statement);
        Ok(())
    }

    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.turn().await?.query_one(statement).await
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.turn().await?.query_all(statement).await
    }

    /// Runs a writing statement and returns the number of rows that it changed.
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        self.turn().await?.execute(statement).await
    }

    /// Runs one or several writing statements in one text, without counting the rows.
    pub async fn execute_uncounted(&self, statements: Statement) -> Result<(), DbErr> {
        self.turn().await?.execute_uncounted(statements).await
    }

    /// Commits the unit of work. It is on the disk when this returns.
    pub async fn commit(self) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.into_inner() {
            return turn.commit().await;
        }
        let recorded = self.recorded.into_inner().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_empty() { Ok(()) } else { self.writer.run(self.owner, recorded).await }
    }
}
