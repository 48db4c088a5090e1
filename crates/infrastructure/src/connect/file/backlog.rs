//! Updates for searches that are too long for the transaction of their memos.
//!
//! A batch may have megabytes of texts, and their searched form and entries in the full-text index would double the time for
//! which other writers wait. So its transaction only notes which memos need them, in the table `index_backlog`. After it
//! was acknowledged, the commit thread runs the updates in parts, between which others have their turns. A search waits for
//! those of all transactions that were committed before it began, so it finds what was acknowledged. If the process is
//! killed in between, the memos are indexed when the file is opened the next time.

use std::{
    collections::{HashSet, VecDeque},
    mem, thread,
    time::Duration,
};

use memo_domain::{Content, InvalidValue, SearchText, StoreError, Title, UserId};
use rusqlite::{Error, types::Type};
use sea_orm::{DbBackend, Statement, Value, prelude::Uuid};
use tokio::{sync::watch, time::timeout};

use super::{connection::Connection, writer::rolled_back};
use crate::{dialect, error::NoConnection, row::row};

const SQLITE: DbBackend = DbBackend::Sqlite;

/// The size in bytes of the updates of one part.
const PART: usize = 256 << 10;
/// The pause after a part, in which another process gets the lock of the file.
const PAUSE: Duration = Duration::from_millis(1);
/// The size in bytes of all updates above which a unit of work runs its own itself.
const MAX_SIZE: usize = 16 << 20;

/// What searches read of a memo: the form of its texts, and its entry in the full-text index.
pub struct IndexUpdate {
    pub memo: Uuid,
    pub statements: Vec<Statement>,
}

impl IndexUpdate {
    /// The size of its parameters, in bytes.
    pub fn size(&self) -> usize {
        self.statements.iter().map(size).sum()
    }
}

/// The size of the texts in a statement, in bytes.
pub fn size(statement: &Statement) -> usize {
    let text = |value: &Value| match value {
        Value::String(Some(text)) => text.len(),
        _ => 0,
    };
    statement.values.iter().flat_map(|values| &values.0).map(text).sum()
}

/// The updates of this process that have not run yet, and those that run elsewhere in the meantime.
pub struct Backlog {
    /// In the order of their transactions; each with the number of its row.
    entries: VecDeque<(i64, IndexUpdate)>,
    /// How many of them belong to the transaction that is open.
    uncommitted: usize,
    size: usize,
    /// Whether a part has failed. It is tried again after the next transaction.
    has_failed: bool,
    progress: watch::Sender<Progress>,
}

/// How many updates there have been.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    committed: u64,
    done: u64,
    /// Whether a transaction that has added updates is being committed: others may see it before it is counted.
    is_committing: bool,
}

/// Tells searches whether they find all that was acknowledged.
pub struct Indexed(watch::Receiver<Progress>);

impl Indexed {
    /// Whether all updates have run.
    pub fn is_complete(&self) -> bool {
        let Progress { committed, done, is_committing } = *self.0.borrow();
        done == committed && !is_committing
    }

    /// Waits for the updates of what is committed now.
    pub async fn complete(&self, limit: Duration) -> Result<(), StoreError> {
        if self.is_complete() {
            return Ok(());
        }
        let mut progress = self.0.clone();
        let complete = async {
            let committed = progress.wait_for(|progress| !progress.is_committing).await?.committed;
            progress.wait_for(|progress| progress.done >= committed).await.map(drop)
        };
        let completed = timeout(limit, complete).await;
        let completed = completed.map_err(|error| StoreError::Timeout { source: error.into() })?;
        completed.map_err(|_| NoConnection::Closed)?;
        Ok(())
    }
}

row! {
    /// The number of a row of the table.
    struct Entry {
        entry: i64,
    }
}

row! {
    /// A memo that a process has left without its updates.
    struct Left {
        id: Uuid,
        owner_id: Uuid,
        title: String,
        content: String,
    }
}

impl Backlog {
    /// An empty one.
    pub fn new() -> (Self, Indexed) {
        let (progress, indexed) = watch::channel(Progress::default());
        let entries = VecDeque::new();
        (Self { entries, uncommitted: 0, size: 0, has_failed: false, progress }, Indexed(indexed))
    }

    /// Whether updates of this size may still be added.
    pub const fn has_room(&self, size: usize) -> bool {
        self.size + size <= MAX_SIZE
    }

    /// Whether there is an update that is to run now.
    pub fn is_due(&self) -> bool {
        !self.has_failed && self.entries.len() > self.uncommitted
    }

    /// Whether the open transaction has added any.
    pub const fn is_added_to(&self) -> bool {
        self.uncommitted > 0
    }

    /// Adds the last updates of each memo in the open transaction. Earlier ones of the memos that it returns need not run.
    pub fn add(&mut self, connection: &Connection, updates: Vec<IndexUpdate>) -> Result<HashSet<Uuid>, Error> {
        in_transaction(connection)?;
        let mut memos = HashSet::new();
        for update in updates.into_iter().rev() {
            if !memos.insert(update.memo) {
                continue;
            }
            connection.execute(&dialect::leave_backlog(update.memo))?;
            let sql =
                "INSERT INTO index_backlog (number) VALUES ((SELECT number FROM memos WHERE id = ?)) RETURNING entry";
            let rows = connection.query::<Entry>(&statement(sql, [update.memo.into()]))?;
            let row = rows.first().ok_or(Error::QueryReturnedNoRows)?;
            self.size += update.size();
            self.entries.push_back((row.entry, update));
            self.uncommitted += 1;
        }
        Ok(memos)
    }

    /// Commits the open transaction. Until the result is told, searches wait.
    pub fn commit(&self, connection: &Connection) -> Result<(), Error> {
        if self.uncommitted > 0 {
            self.progress.send_modify(|progress| progress.is_committing = true);
        }
        connection.control("COMMIT")
    }

    /// Those that were added will run.
    pub fn committed(&mut self) {
        self.has_failed = false;
        self.end(self.uncommitted as u64);
    }

    /// Those that were added will not run.
    pub fn rolled_back(&mut self) {
        let added = self.entries.split_off(self.entries.len() - self.uncommitted);
        self.size -= added.iter().map(|(_, update)| update.size()).sum::<usize>();
        self.end(0);
    }

    fn end(&mut self, committed: u64) {
        if mem::take(&mut self.uncommitted) > 0 {
            self.progress.send_modify(|progress| {
                progress.committed += committed;
                progress.is_committing = false;
            });
        }
    }

    /// Runs the committed updates in the open transaction, for a search. They stay in the backlog, and are passed over later if
    /// the transaction is committed.
    pub fn run_early(&self, connection: &Connection) -> Result<(), Error> {
        in_transaction(connection)?;
        self.entries.iter().take(self.entries.len() - self.uncommitted).try_for_each(|entry| run(connection, entry))
    }

    /// Runs the first updates in a transaction of their own.
    #[expect(clippy::disallowed_methods, reason = "it runs on the commit thread")]
    pub fn run_part(&mut self, connection: &Connection) -> Result<(), Error> {
        let (mut count, mut size) = (0, 0);
        for (_, update) in &self.entries {
            if size >= PART {
                break;
            }
            size += update.size();
            count += 1;
        }
        self.has_failed = true;
        connection.begin_when_unlocked()?;
        self.entries.iter().take(count).try_for_each(|entry| run(connection, entry))?;
        connection.control("COMMIT")?;
        self.has_failed = false;
        self.entries.drain(..count);
        self.size -= size;
        self.progress.send_modify(|progress| progress.done += count as u64);
        thread::sleep(PAUSE);
        Ok(())
    }
}

/// After some errors, SQLite has rolled back the whole transaction.
fn in_transaction(connection: &Connection) -> Result<(), Error> {
    if connection.is_in_transaction() { Ok(()) } else { Err(rolled_back()) }
}

/// Runs an update, unless its row is gone: it has run before, its memo was removed or has had other texts since.
fn run(connection: &Connection, (entry, update): &(i64, IndexUpdate)) -> Result<(), Error> {
    if connection.execute(&statement("DELETE FROM index_backlog WHERE entry = ?", [(*entry).into()]))? == 1 {
        update.statements.iter().try_for_each(|statement| connection.execute(statement).map(drop))?;
    }
    Ok(())
}

/// Indexes the memos that a process which was killed has left. A schema of an earlier version has none.
pub fn recover(connection: &Connection) -> Result<(), Error> {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'index_backlog'";
    if connection.query::<()>(&statement(table, []))?.is_empty() {
        return Ok(());
    }
    while !connection.query::<()>(&statement("SELECT 1 FROM index_backlog LIMIT 1", []))?.is_empty() {
        connection.begin_when_unlocked()?;
        let indexed = index_first(connection).and_then(|()| connection.control("COMMIT"));
        if indexed.is_err() && connection.is_in_transaction() {
            connection.control("ROLLBACK")?;
        }
        indexed?;
    }
    Ok(())
}

/// Indexes the first memo, unless another process has done it.
fn index_first(connection: &Connection) -> Result<(), Error> {
    let first = "SELECT id, owner_id, title, content \
                 FROM memos WHERE number = (SELECT number FROM index_backlog LIMIT 1)";
    let Some(left) = connection.query::<Left>(&statement(first, []))?.pop() else { return Ok(()) };
    let index = dialect::reindex_memo(SQLITE, left.id, UserId::new(left.owner_id), &left.text()?);
    index.iter().try_for_each(|statement| connection.execute(statement).map(drop))
}

impl Left {
    fn text(&self) -> Result<SearchText, Error> {
        let wrong = |error: InvalidValue| Error::FromSqlConversionFailure(0, Type::Text, error.into());
        let title = Title::new(&*self.title).map_err(wrong)?;
        Ok(SearchText::of(&title, &Content::new(&*self.content).map_err(wrong)?))
    }
}

fn statement<const N: usize>(sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(SQLITE, sql, values)
}
