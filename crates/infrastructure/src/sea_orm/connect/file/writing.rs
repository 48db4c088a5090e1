//! Units of work that write, and those of them that are run together.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::{OnceCell, oneshot};

use super::{
    Readers,
    group_writer::{GroupWriter, Turn, ended, spawn},
};
use crate::sea_orm::dialect;

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
    /// Whether somebody runs them.
    are_run: bool,
}

#[derive(Debug)]
struct Recorded {
    statement: Statement,
    done: oneshot::Sender<Result<(), DbErr>>,
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
    async fn run(&self, statements: Vec<Statement>) -> Result<(), DbErr> {
        let (done, kept) = oneshot::channel();
        let statement = dialect::joined(DbBackend::Sqlite, statements).pop().ok_or_else(ended)?;
        let is_first = {
            let mut waiting = lock(&self.0.waiting);
            waiting.units.push(Recorded { statement, done });
            !mem::replace(&mut waiting.are_run, true)
        };
        if is_first {
            let running = Running(self.0.clone());
            // On its own: others wait for it, too.
            spawn(async move { running.0.run_all().await });
        }
        kept.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Shared {
    async fn run_all(&self) {
        while let Some(mut units) = self.next() {
            // They ran at the same time, so that any order will do.
            units.sort_by(|a, b| a.statement.sql.cmp(&b.statement.sql));
            let statements = units.iter().map(|unit| unit.statement.clone()).collect();
            if self.run_together(statements).await.is_ok() {
                for unit in units {
                    unit.tell(Ok(()));
                }
                continue;
            }
            // One of them breaks a rule, and which one it is shows where each is on its own.
            for unit in units {
                let result = self.run_together(vec![unit.statement.clone()]).await;
                unit.tell(result);
            }
        }
    }

    /// Those that wait, where there are any; otherwise whoever comes next has to run them.
    fn next(&self) -> Option<Vec<Recorded>> {
        let mut waiting = lock(&self.waiting);
        let some = waiting.units.len().min(MOST);
        waiting.are_run = some > 0;
        waiting.are_run.then(|| waiting.units.drain(..some).collect())
    }

    async fn run_together(&self, statements: Vec<Statement>) -> Result<(), DbErr> {
        let turn = self.turns.begin().await?;
        for statements in texts(statements) {
            turn.execute_uncounted(statements).await?;
        }
        turn.commit().await
    }
}

/// Somebody who runs what was recorded. Where it ends before its time, as with its runtime, those who wait are told.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut waiting = lock(&self.0.waiting);
        if mem::replace(&mut waiting.are_run, false) {
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
    recorded: Mutex<Vec<Statement>>,
}

impl Writing {
    /// Its turn, in which what was recorded has been run.
    pub async fn turn(&self) -> Result<&Turn, DbErr> {
        let begin = async || {
            let turn = self.writer.turns().begin().await?;
            let recorded = lock(&self.recorded).clone();
            for statement in recorded {
                turn.execute_uncounted(statement).await?;
            }
            lock(&self.recorded).clear();
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
        lock(&self.recorded).push(statement);
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
