//! The unit of work: a database session, and helpers by which the repositories run their statements in it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use memo_domain::{MemoFilter, MemoId, MemoScope, StoreError, Timestamp, UnitOfWork, UserId};
use sea_orm::{DbBackend, EntityTrait, QuerySelect, QueryTrait, Select, Statement, prelude::Uuid, sea_query::Expr};

use super::{
    connect::{Cost, Glance, IndexUpdate, Session},
    dialect,
    error::Misuse,
    prepared::Prepared,
    row::{FromRow, row},
};

row! {
    /// A row of which only the id is selected.
    pub struct Key {
        pub id: Uuid,
    }
}

row! {
    /// A row with a count.
    pub struct Count {
        pub count: i64,
    }
}

impl Count {
    fn total(row: Option<Self>) -> Result<u64, StoreError> {
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }
}

/// The unit of work, which implements all repositories.
pub struct SeaOrmUnitOfWork {
    session: Session,
    pub(super) backend: DbBackend,
    pub(super) prepared: Arc<Prepared>,
    /// Whether a statement failed, or a write that found no row: there will be no commit.
    has_failed: AtomicBool,
    /// Set if a write shows that the store is not writable.
    is_unwritable: Arc<AtomicBool>,
}

impl SeaOrmUnitOfWork {
    pub fn new(session: Session, backend: DbBackend, prepared: Arc<Prepared>, is_unwritable: Arc<AtomicBool>) -> Self {
        Self { session, backend, prepared, has_failed: AtomicBool::new(false), is_unwritable }
    }

    /// Returns the row of a statement that selects at most one.
    pub(super) async fn find_one<T: FromRow>(&mut self, statement: Statement) -> Result<Option<T>, StoreError> {
        let row = self.session.find_one(statement, Cost::Small).await;
        row.map_err(|error| self.failed(error))
    }

    /// Returns the rows that a statement selects.
    pub(super) async fn find_all<T: FromRow>(&mut self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let rows = self.session.find_all(statement, Cost::Small).await;
        rows.map_err(|error| self.failed(error))
    }

    /// Like [`find_one`](Self::find_one), for the list of a filter: a search has connections and a time limit of its own.
    pub(super) async fn find_one_of<T: FromRow>(
        &mut self,
        filter: &MemoFilter,
        statement: Statement,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.find_all_of(filter, statement, cost_of(filter)).await?.pop())
    }

    /// Like [`find_all`](Self::find_all), for the list of a filter: a search has connections and a time limit of its own.
    pub(super) async fn find_all_of<T: FromRow>(
        &mut self,
        filter: &MemoFilter,
        statement: Statement,
        cost: Cost,
    ) -> Result<Vec<T>, StoreError> {
        match filter.scope {
            MemoScope::Mine => self.find_all_own(filter.viewer, statement, cost).await,
            MemoScope::Public | MemoScope::Liked => {
                self.session.find_all(statement, cost).await.map_err(|error| self.failed(error))
            }
        }
    }

    /// Like [`find_all_of`](Self::find_all_of), if that takes a few milliseconds.
    pub(super) async fn glance_of<T: FromRow>(
        &mut self,
        filter: &MemoFilter,
        statement: Statement,
    ) -> Result<Glance<T>, StoreError> {
        self.session.glance(statement, cost_of(filter)).await.map_err(|error| self.failed(error))
    }

    /// Like [`find_all`](Self::find_all), for a statement that reads nothing but a user's own memos and their tags.
    pub(super) async fn find_all_own<T: FromRow>(
        &mut self,
        owner: UserId,
        statement: Statement,
        cost: Cost,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.session.find_all_own(owner, statement, cost).await;
        rows.map_err(|error| self.failed(error))
    }

    /// Counts what a statement counts, as its only column.
    pub(super) async fn count_with(&mut self, statement: Statement, cost: Cost) -> Result<u64, StoreError> {
        let row = self.session.find_one::<Count>(statement, cost).await.map_err(|error| self.failed(error))?;
        Count::total(row)
    }

    /// Like [`count_with`](Self::count_with), for a statement that reads nothing but a user's own memos and their tags.
    pub(super) async fn count_own(
        &mut self,
        owner: UserId,
        statement: Statement,
        cost: Cost,
    ) -> Result<u64, StoreError> {
        Count::total(self.find_all_own(owner, statement, cost).await?.pop())
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
    pub(super) async fn count_rows<E: EntityTrait>(&mut self, select: Select<E>) -> Result<u64, StoreError> {
        let select = select.select_only().column_as(Expr::cust("COUNT(*)"), "count");
        self.count_with(select.build(self.backend), Cost::Large).await
    }

    /// Whether the full-text index shows the same state as other reads of the unit of work.
    pub(super) fn can_use_index(&self) -> bool {
        !self.session.is_transaction() || dialect::index_sees_own_transaction(self.backend)
    }

    /// Runs a writing statement and returns the number of matched rows, whether or not their values changed.
    pub(super) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.execute_with(statement, Cost::Small).await
    }

    /// Like [`execute`](Self::execute), for a statement that may concern many rows, or that removes memos.
    pub(super) async fn execute_large(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.execute_with(statement, Cost::Large).await
    }

    async fn execute_with(&mut self, statement: Statement, cost: Cost) -> Result<u64, StoreError> {
        let changed = self.session.execute(statement, cost).await;
        changed.map_err(|error| self.failed(error))
    }

    /// Runs writing statements in order.
    pub(super) async fn execute_all(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in statements {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// Runs statements that update what searches read of a memo, the form of its texts and its entry in the full-text index,
    /// perhaps at the commit: SQLite's index writes its pending changes to its tables before each savepoint, so its updates
    /// are cheapest side by side.
    pub(super) async fn update_index(&mut self, memo: MemoId, statements: Vec<Statement>) -> Result<(), StoreError> {
        let updated = self.session.update_index(IndexUpdate { memo: memo.as_uuid(), statements }).await;
        updated.map_err(|error| self.failed(error))
    }

    /// Expects that a change of one row found the row in the expected version.
    pub(super) fn check_version(&self, changed: u64) -> Result<(), StoreError> {
        if changed == 0 { Err(self.failed(StoreError::Stale)) } else { Ok(()) }
    }

    /// Runs a conditional change of one row, which fails if there is no such row in the expected version.
    pub(super) async fn execute_versioned(&mut self, statement: Statement) -> Result<(), StoreError> {
        let changed = self.execute(statement).await?;
        self.check_version(changed)
    }

    /// Records a failure, after which a commit is refused.
    pub(super) fn failed(&self, error: StoreError) -> StoreError {
        self.has_failed.store(true, Ordering::Relaxed);
        note_unwritable(&self.is_unwritable, &error);
        error
    }

    /// Deletes at most `limit` rows before a time, oldest first, and returns how many.
    pub(super) async fn remove_oldest(
        &mut self,
        table: &str,
        key: &str,
        column: &str,
        time: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let sql = dialect::remove_oldest(self.backend, table, key, column);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [time.as_micros().into(), limit.into()];
        self.execute_large(Statement::from_sql_and_values(self.backend, sql, values)).await
    }
}

/// What a statement for the list of a filter costs.
pub fn cost_of(filter: &MemoFilter) -> Cost {
    if filter.search.is_none() { Cost::Small } else { Cost::Search }
}

fn note_unwritable(is_unwritable: &AtomicBool, error: &StoreError) {
    if matches!(error, StoreError::Unwritable { .. }) {
        is_unwritable.store(true, Ordering::Relaxed);
    }
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
                let committed = self.session.commit().await;
                committed.inspect_err(|error| note_unwritable(&self.is_unwritable, error))
            }
        }
    };
}
memo_domain::for_each_repository!(unit_of_work);
