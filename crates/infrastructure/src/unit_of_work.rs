//! The unit of work: a database session, and helpers by which the repositories run their statements in it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use memo_domain::{MemoFilter, StoreError, Timestamp, UnitOfWork, UserId};
use sea_orm::{
    DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, QuerySelect, QueryTrait, Select, Statement,
    prelude::Uuid, sea_query::Expr,
};

use super::{
    connect::Session,
    dialect,
    error::{Misuse, search_error, store_error},
    prepared::Prepared,
};

/// A row of which only the id is selected.
#[derive(FromQueryResult)]
pub struct Key {
    pub id: Uuid,
}

/// The unit of work, which implements all repositories.
pub struct SeaOrmUnitOfWork {
    session: Session,
    pub(super) backend: DbBackend,
    pub(super) prepared: Arc<Prepared>,
    /// A user who is known to exist, since this unit of work has written a row that references the user.
    pub(super) existing_user: Option<UserId>,
    /// Whether a statement failed, or a write that found no row: there will be no commit.
    has_failed: AtomicBool,
    /// Set if a write shows that the store is not writable.
    is_unwritable: Arc<AtomicBool>,
}

impl SeaOrmUnitOfWork {
    pub fn new(session: Session, backend: DbBackend, prepared: Arc<Prepared>, is_unwritable: Arc<AtomicBool>) -> Self {
        Self { session, backend, prepared, existing_user: None, has_failed: AtomicBool::new(false), is_unwritable }
    }

    /// Returns the row of a statement that selects at most one.
    pub(super) async fn find_one<T: FromQueryResult>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let row = self.session.query_one(statement).await;
        row.map_err(|error| self.failed(store_error(error)))?.as_ref().map(read).transpose()
    }

    /// Returns the rows that a statement selects.
    pub(super) async fn find_all<T: FromQueryResult>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let rows = self.session.query_all(statement).await;
        rows.map_err(|error| self.failed(store_error(error)))?.iter().map(read).collect()
    }

    /// Like [`find_one`](Self::find_one), for the list of a filter: a search has connections and a time limit of its own.
    pub(super) async fn find_one_of<T: FromQueryResult>(
        &self,
        filter: &MemoFilter,
        statement: Statement,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.find_all_of(filter, statement).await?.pop())
    }

    /// Like [`find_all`](Self::find_all), for the list of a filter: a search has connections and a time limit of its own.
    pub(super) async fn find_all_of<T: FromQueryResult>(
        &self,
        filter: &MemoFilter,
        statement: Statement,
    ) -> Result<Vec<T>, StoreError> {
        if filter.search.is_none() {
            return self.find_all(statement).await;
        }
        let rows = self.session.search(statement).await;
        rows.map_err(|error| self.failed(search_error(error)))?.iter().map(read).collect()
    }

    /// Whether other units of work may write at the same time, so that rows must be locked when they are read to be changed.
    pub(super) const fn locks_rows(&self) -> bool {
        self.session.has_other_writers()
    }

    /// Locks the selected rows, on which a write depends: no other unit of work changes them before this one has ended.
    pub(super) fn locking<E: EntityTrait>(&self, select: Select<E>) -> Select<E> {
        if self.locks_rows() { select.lock_exclusive() } else { select }
    }

    /// Counts the rows that a statement would select.
    pub(super) async fn count_rows<E: EntityTrait>(&self, select: Select<E>) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Count {
            count: i64,
        }
        let select = select.select_only().column_as(Expr::cust("COUNT(*)"), "count");
        let row = self.find_one::<Count>(select.build(self.backend)).await?;
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }

    /// Whether the full-text index shows the same state as other reads of the unit of work.
    pub(super) fn can_use_index(&self) -> bool {
        !self.session.is_transaction() || dialect::index_sees_own_transaction(self.backend)
    }

    /// Runs a writing statement and returns the number of matched rows, whether or not their values changed.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let changed = self.session.execute(statement).await.map_err(store_error);
        let changed = changed.and_then(|changed| changed.ok_or_else(|| Misuse::WriteWhileReading.into()));
        changed.map_err(|error| self.failed(error))
    }

    /// Runs a conditional change of one row, which fails if there is no such row in the expected version.
    pub(super) async fn execute_versioned(&self, statement: Statement) -> Result<(), StoreError> {
        if self.execute(statement).await? == 0 { Err(self.failed(StoreError::Stale)) } else { Ok(()) }
    }

    /// Records a failure, after which a commit is refused.
    pub(super) fn failed(&self, error: StoreError) -> StoreError {
        self.has_failed.store(true, Ordering::Relaxed);
        note_unwritable(&self.is_unwritable, &error);
        error
    }

    fn may_write(&self, ran: Result<bool, DbErr>) -> Result<(), StoreError> {
        match ran {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.failed(Misuse::WriteWhileReading.into())),
            Err(error) => Err(self.failed(store_error(error))),
        }
    }

    /// Deletes at most `limit` rows before a time, oldest first, and returns how many.
    pub(super) async fn remove_oldest(
        &self,
        table: &str,
        key: &str,
        column: &str,
        time: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let sql = dialect::remove_oldest(self.backend, table, key, column);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [time.as_micros().into(), limit.into()];
        self.execute(Statement::from_sql_and_values(self.backend, sql, values)).await
    }

    /// Runs writing statements in order.
    pub(super) async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            self.execute_uncounted(statement).await?;
        }
        Ok(())
    }

    /// Reads one row of the committed state, if this unit of work can still [`record`](Self::record) its statements;
    /// otherwise `None`.
    pub(super) async fn find_committed<T: FromQueryResult>(
        &self,
        statement: &Statement,
    ) -> Result<Option<T>, StoreError> {
        match self.session.find_committed(statement).await {
            Some(row) => row.map_err(store_error)?.as_ref().map(read).transpose(),
            None => Ok(None),
        }
    }

    /// Runs writing statements in order, which only a concurrent writer can make fail: they may be deferred until the commit,
    /// which then returns their error.
    pub(super) async fn record(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            self.may_write(self.session.record(statement).await)?;
        }
        Ok(())
    }

    /// Like [`record`](Self::record), for a statement that updates the full-text index: it may run after those of other units
    /// of work. SQLite's index flushes its pending changes before each statement that opens a savepoint, so index updates
    /// are cheapest side by side.
    pub(super) async fn record_last(&self, statement: Statement) -> Result<(), StoreError> {
        self.may_write(self.session.record_last(statement).await)
    }

    async fn execute_uncounted(&self, statement: Statement) -> Result<(), StoreError> {
        self.may_write(self.session.execute_uncounted(statement).await)
    }

    /// Runs writing statements, and then a statement that selects at most one row, and returns that row.
    pub(super) async fn execute_and_find_one<T: FromQueryResult>(
        &self,
        mut statements: Vec<Statement>,
        last: Statement,
    ) -> Result<Option<T>, StoreError> {
        if !self.session.can_write() {
            return Err(self.failed(Misuse::WriteWhileReading.into()));
        }
        statements.push(last);
        let mut statements = dialect::joined(self.backend, statements);
        let last = statements.pop();
        for statement in statements {
            self.execute_uncounted(statement).await?;
        }
        match last {
            Some(last) => self.find_one(last).await,
            None => Ok(None),
        }
    }
}

fn note_unwritable(is_unwritable: &AtomicBool, error: &StoreError) {
    if matches!(error, StoreError::Unwritable { .. }) {
        is_unwritable.store(true, Ordering::Relaxed);
    }
}

fn read<T: FromQueryResult>(row: &QueryResult) -> Result<T, StoreError> {
    // The statement selects the columns of `T`, so only a value can be wrong.
    T::from_query_result(row, "").map_err(StoreError::corrupt)
}

macro_rules! unit_of_work {
    ($($accessor:ident: $repository:path { $($methods:tt)* })*) => {
        #[async_trait]
        impl UnitOfWork for SeaOrmUnitOfWork {
            $(fn $accessor(&mut self) -> &mut dyn $repository {
                self
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                if self.has_failed.into_inner() {
                    return Err(Misuse::CommitAfterFailedWrite.into());
                }
                let committed = self.session.commit().await.map_err(store_error);
                committed.inspect_err(|error| note_unwritable(&self.is_unwritable, error))
            }
        }
    };
}
memo_domain::for_each_repository!(unit_of_work);
