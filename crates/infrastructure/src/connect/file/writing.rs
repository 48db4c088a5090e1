//! Units of work that write, and those of them that are run together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memo_domain::StoreError;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::{OnceCell, oneshot};

use super::{
    Readers,
    group_writer::{GroupWriter, Turn, ended, spawn},
};
use crate::{dialect, error::store_error};

/// How many recorded units of work are run in one turn at most.
const MOST: usize = 64;
/// How many alike are one text: few sizes, so that each text comes again and is planned once.
const SIZES: [usize; 3] = [8, 2, 1];

/// What writes to the file.
#[derive(Debug, Clone)]
pub struct Writer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    turns: GroupWriter,
    readers: Readers,
    waiting: Mutex<Waiting>,
}

/// What was recorded and not run yet.
#[derive(Debug, Default)]
struct Waiting {
    units: Vec<Recorded>,
    /// Who runs them, and how many there have been who did.
    runner: Option<u64>,
    runners: u64,
}

#[derive(Debug)]
struct Recorded {
    unit: Unit,
    done: oneshot::Sender<Result<(), DbErr>>,
}

/// The statements of one unit of work.
#[derive(Debug, Default, Clone)]
struct Unit {
    statements: Vec<Statement>,
    /// Those that may be run behind others' statements as well.
    last: Vec<Statement>,
}

impl Writer {
    pub fn new(turns: GroupWriter, readers: Readers) -> Self {
        Self(Arc::new(Shared { turns, readers, waiting: Mutex::default() }))
    }

    /// What hands the writing connection on.
    pub fn turns(&self) -> &GroupWriter {
        &self.0.turns
    }

    /// A unit of work.
    pub fn begin(&self) -> Writing {
        Writing { writer: self.clone(), turn: OnceCell::new(), recorded: Mutex::default() }
    }

    /// Runs recorded statements as one unit of work, together with others. When this returns, they are on the disk.
    async fn run(&self, unit: Unit) -> Result<(), DbErr> {
        let (done, kept) = oneshot::channel();
        if let Some(number) = self.0.add(Recorded { unit: unit.joined(), done }) {
            let running = Running { shared: self.0.clone(), number };
            // On its own: others wait for it, too.
            spawn(async move { running.shared.run_all().await });
        }
        kept.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Shared {
    /// The number of a runner, where there is none yet.
    fn add(&self, unit: Recorded) -> Option<u64> {
        let mut waiting = lock(&self.waiting);
        waiting.units.push(unit);
        if waiting.runner.is_some() {
            return None;
        }
        waiting.runners += 1;
        waiting.runner = Some(waiting.runners);
        waiting.runner
    }

    async fn run_all(&self) {
        while self.is_any() {
            // Whoever comes while this waits for its turn is run in it, or learns why not: nobody waits for two turns.
            match self.turns.begin().await {
                Ok(turn) => self.run_some(turn).await,
                Err(error) => tell_all(self.take(usize::MAX), &Err(error)),
            }
        }
    }

    /// Whether any wait; otherwise whoever comes next has to run them.
    fn is_any(&self) -> bool {
        let mut waiting = lock(&self.waiting);
        if waiting.units.is_empty() {
            waiting.runner = None;
        }
        waiting.runner.is_some()
    }

    fn take(&self, most: usize) -> Vec<Recorded> {
        let mut waiting = lock(&self.waiting);
        let some = waiting.units.len().min(most);
        waiting.units.drain(..some).collect()
    }

    async fn run_some(&self, turn: Turn) {
        let units = self.take(MOST);
        let result = run_in(turn, units.iter().map(|recorded| recorded.unit.clone()).collect()).await;
        if !result.as_ref().is_err_and(breaks_rule) {
            return tell_all(units, &result);
        }
        // Which one of them breaks the rule shows where each is on its own.
        let mut units = units.into_iter();
        while let Some(recorded) = units.next() {
            let result = match self.turns.begin().await {
                Ok(turn) => run_in(turn, vec![recorded.unit.clone()]).await,
                Err(error) => Err(error),
            };
            let is_of_all = result.as_ref().is_err_and(|error| !breaks_rule(error));
            if is_of_all {
                tell_all(units.by_ref(), &result);
            }
            recorded.tell(result);
        }
    }
}

impl Unit {
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

/// Whether it is the statement that is wrong, and not the file.
fn breaks_rule(error: &DbErr) -> bool {
    matches!(store_error(error.clone()), StoreError::Conflict { .. })
}

fn tell_all(units: impl IntoIterator<Item = Recorded>, result: &Result<(), DbErr>) {
    units.into_iter().for_each(|recorded| recorded.tell(result.clone()));
}

async fn run_in(turn: Turn, units: Vec<Unit>) -> Result<(), DbErr> {
    let (statements, last): (Vec<_>, Vec<_>) = units.into_iter().map(|unit| (unit.statements, unit.last)).unzip();
    for part in [statements, last] {
        let mut statements = part.concat();
        // They ran at the same time, so that any order will do.
        statements.sort_by(|a, b| a.sql.cmp(&b.sql));
        for text in texts(statements) {
            turn.execute_uncounted(text).await?;
        }
    }
    turn.commit().await
}

/// Somebody who runs what was recorded. Where it ends before its time, as with its runtime, those who wait are told.
struct Running {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut waiting = lock(&self.shared.waiting);
        // Where it ended in order, somebody else may run others by now.
        if waiting.runner == Some(self.number) {
            waiting.runner = None;
            waiting.units.clear();
        }
    }
}

impl Recorded {
    fn tell(self, result: Result<(), DbErr>) {
        // Who asked may have gone; the write is kept all the same.
        let _ = self.done.send(result);
    }
}

/// Statements in as few texts as they are alike.
fn texts(statements: Vec<Statement>) -> Vec<Statement> {
    let mut texts = Vec::new();
    let mut rest = statements.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut alike = vec![first];
        while let Some(next) = rest.next_if(|next| next.sql == alike[0].sql) {
            alike.push(next);
        }
        while !alike.is_empty() {
            let size = SIZES.into_iter().find(|size| *size <= alike.len()).unwrap_or(1);
            texts.extend(dialect::joined(DbBackend::Sqlite, alike.drain(..size).collect()));
        }
    }
    texts
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A unit of work that writes. It waits for its turn with its first statement; what it prepares before keeps nobody waiting.
/// Dropped, nothing that it wrote stays.
pub struct Writing {
    writer: Writer,
    turn: OnceCell<Turn>,
    recorded: Mutex<Unit>,
}

impl Writing {
    /// Its turn, in which what was recorded has been run.
    pub async fn turn(&self) -> Result<&Turn, DbErr> {
        let begin = async || {
            let turn = self.writer.turns().begin().await?;
            let Unit { statements, last } = lock(&self.recorded).clone();
            for statement in statements.into_iter().chain(last) {
                turn.execute_uncounted(statement).await?;
            }
            *lock(&self.recorded) = Unit::default();
            Ok(turn)
        };
        self.turn.get_or_try_init(begin).await
    }

    /// What is committed, where nothing was written yet and so nothing else is seen by this unit of work.
    pub fn committed(&self) -> Option<&Readers> {
        let is_fresh = self.turn.get().is_none() && lock(&self.recorded).is_empty();
        is_fresh.then_some(&self.writer.0.readers)
    }

    /// Runs a statement, or several in one text, of which the outcome is known unless others interfere: with the next
    /// statement or at the commit, which then give its error.
    pub async fn record(&self, statement: Statement) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.get() {
            return turn.execute_uncounted(statement).await;
        }
        lock(&self.recorded).statements.push(statement);
        Ok(())
    }

    /// As [`record`](Self::record), for a statement that none but its unit of work depends on, which depends on none but
    /// those before it: others' statements may be run between them.
    pub async fn record_last(&self, statement: Statement) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.get() {
            return turn.execute_uncounted(statement).await;
        }
        lock(&self.recorded).last.push(statement);
        Ok(())
    }

    /// The row that a statement finds, of which there is at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.turn().await?.query_one(statement).await
    }

    /// The rows that a statement finds.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.turn().await?.query_all(statement).await
    }

    /// Runs a statement that writes. How many rows it changed.
    pub async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        self.turn().await?.execute(statement).await
    }

    /// Runs statements that write, of which nobody asks how many rows they change.
    pub async fn execute_uncounted(&self, statements: Statement) -> Result<(), DbErr> {
        self.turn().await?.execute_uncounted(statements).await
    }

    /// Ends the unit of work; when this returns, it is on the disk.
    pub async fn commit(self) -> Result<(), DbErr> {
        if let Some(turn) = self.turn.into_inner() {
            return turn.commit().await;
        }
        let recorded = self.recorded.into_inner().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_empty() { Ok(()) } else { self.writer.run(recorded).await }
    }
}
