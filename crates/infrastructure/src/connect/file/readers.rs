//! Reading connections, and the threads on which their statements run.

use std::time::Duration;

use memo_domain::{Causes, StoreError};
use rusqlite::{Error, ErrorCode};
use sea_orm::Statement;
use tokio::task::spawn_blocking;

use super::{
    connection::{Connection, Interrupt},
    writer::rolled_back,
};
use crate::{
    connect::{
        Cost, Glance,
        permits::Permit,
        set::{Lent, Loan, Set},
    },
    error::{NoConnection, file_error, file_search_error},
    row::FromRow,
};

/// How long a statement may run on a thread that serves requests, before it is run again on one that may block.
const INLINE_LIMIT: Duration = Duration::from_millis(5);
/// How long a search may take: long enough for 400 MB of texts, and short enough that its user still waits.
pub const SEARCH_LIMIT: Duration = Duration::from_secs(5);

/// A reader is lent for a statement or a read-only transaction.
impl Lent for Connection {
    fn give_back(self, set: &Set<Self>, permit: Permit) {
        if self.is_in_transaction()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::warn!(error = %Causes(&error), "a read-only transaction could not be ended");
        }
        set.put(self, permit);
    }
}

/// A read-only transaction.
pub struct Snapshot {
    /// `None` after a cancelled statement.
    reader: Option<Loan<Connection>>,
    is_indexed: bool,
}

impl Snapshot {
    /// `is_indexed` tells whether the index was complete before it.
    pub fn begin(reader: Loan<Connection>, is_indexed: bool) -> Result<Self, StoreError> {
        reader.control("BEGIN").map_err(file_error)?;
        Ok(Self { reader: Some(reader), is_indexed })
    }

    /// Returns the rows that a statement selects.
    pub async fn query<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Vec<T>, StoreError> {
        let (reader, rows) = query(self.reader(cost)?, statement, cost).await?;
        self.reader = Some(reader);
        rows
    }

    /// See [`glance`].
    pub async fn glance<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Glance<T>, StoreError> {
        let (reader, rows) = glance(self.reader(cost)?, statement, cost).await?;
        self.reader = Some(reader);
        rows
    }

    /// Takes out the connection for a statement.
    fn reader(&mut self, cost: Cost) -> Result<Loan<Connection>, StoreError> {
        if cost == Cost::Search && !self.is_indexed {
            // It does not see the updates that the search would have to wait for.
            return Err(file_error(rolled_back()));
        }
        Ok(self.reader.take().ok_or(NoConnection::Closed)?)
    }
}

/// Returns the rows that a statement selects. What is not small runs on a thread that may block, and so does a small
/// statement that takes longer than expected.
pub async fn query<T: FromRow>(
    reader: Loan<Connection>,
    statement: Statement,
    cost: Cost,
) -> Result<(Loan<Connection>, Result<Vec<T>, StoreError>), StoreError> {
    if cost == Cost::Small {
        reader.limit(Some(INLINE_LIMIT));
        match reader.query(&statement) {
            Err(error) if must_wait(&error) => {}
            result => return Ok((reader, result.map_err(file_error))),
        }
    }
    reader.limit((cost == Cost::Search).then_some(SEARCH_LIMIT));
    let interrupt = Some(reader.interrupt());
    let query = move |reader: &mut Connection| reader.waiting_for_locks(|| reader.query(&statement));
    let (reader, rows) = on_blocking_thread(reader, interrupt, query).await?;
    Ok((reader, rows.map_err(if cost == Cost::Search { file_search_error } else { file_error })))
}

/// Like [`query`], but gives up after a few milliseconds.
pub async fn glance<T: FromRow>(
    mut reader: Loan<Connection>,
    statement: Statement,
    cost: Cost,
) -> Result<(Loan<Connection>, Result<Glance<T>, StoreError>), StoreError> {
    let interrupt = Some(reader.interrupt());
    let query = move |reader: &mut Connection| {
        reader.limit(Some(INLINE_LIMIT));
        reader.query(&statement)
    };
    let (reader, rows) = if cost == Cost::Search {
        on_blocking_thread(reader, interrupt, query).await?
    } else {
        let rows = query(&mut reader);
        (reader, rows)
    };
    let glance = match rows {
        Err(error) if must_wait(&error) => Ok(Glance::TooSlow),
        rows => rows.map(Glance::Rows).map_err(file_error),
    };
    Ok((reader, glance))
}

/// Whether a statement was interrupted, or has met the lock of another process.
pub fn must_wait(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy))
}

/// Runs `work` on a thread that may block. It runs to its end if the caller is cancelled, unless it is interrupted then.
pub async fn on_blocking_thread<C: Lent + Send + 'static, T: Send + 'static>(
    mut loan: Loan<C>,
    interrupt: Option<Interrupt>,
    work: impl FnOnce(&mut C) -> T + Send + 'static,
) -> Result<(Loan<C>, T), StoreError> {
    let mut task = spawn_blocking(move || {
        let result = work(&mut loan);
        (loan, result)
    });
    // Dropped before the task, at whose end others get the connection.
    let _interrupt = interrupt;
    (&mut task).await.map_err(|error| StoreError::Unavailable { source: error.into() })
}
