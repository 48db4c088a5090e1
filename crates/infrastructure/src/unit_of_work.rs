//! A unit of work: a session on the database, and the statements that the repositories run on it.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    AuditRepository, ChangeRepository, IdentityRepository, MemoRepository, OneTimeTokenRepository, OutboxRepository,
    RefreshTokenRepository, SecondFactorRepository, SessionRepository, StoreError, Timestamp, UnitOfWork, UserId,
    UserRepository,
};
use sea_orm::{
    DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, QuerySelect, QueryTrait, Select, Statement,
    prelude::Uuid, sea_query::Expr,
};

use super::{
    connect::Session,
    dialect,
    error::{Misuse, store_error},
    memos::Prepared,
};

/// The id of a row, where no more of it is asked for.
#[derive(FromQueryResult)]
pub struct Key {
    pub id: Uuid,
}

/// The repositories of one session: it is all of them itself.
pub struct SeaOrmUnitOfWork {
    session: Session,
    pub(super) backend: DbBackend,
    pub(super) prepared: Arc<Prepared>,
    /// A member whose row is there, since a row was written that refers to it.
    pub(super) present: Option<UserId>,
}

impl SeaOrmUnitOfWork {
    pub fn new(session: Session, backend: DbBackend, prepared: Arc<Prepared>) -> Self {
        Self { session, backend, prepared, present: None }
    }

    /// The row that a statement finds, of which there is at most one.
    pub(super) async fn find_one<T: FromQueryResult>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let row = self.session.query_one(statement).await;
        row.map_err(store_error)?.as_ref().map(read).transpose()
    }

    /// The rows that a statement finds.
    pub(super) async fn find_all<T: FromQueryResult>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let rows = self.session.query_all(statement).await;
        rows.map_err(store_error)?.iter().map(read).collect()
    }

    /// Whether others write at the same time, so that what is read to be changed has to be locked.
    pub(super) const fn locks_rows(&self) -> bool {
        self.session.has_other_writers()
    }

    /// What a statement reads to decide what is written: no other changes it before this unit of work has ended.
    pub(super) fn locking<E: EntityTrait>(&self, select: Select<E>) -> Select<E> {
        if self.locks_rows() { select.lock_exclusive() } else { select }
    }

    /// How many rows a statement would find.
    pub(super) async fn count_rows<E: EntityTrait>(&self, select: Select<E>) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Count {
            count: i64,
        }
        let select = select.select_only().column_as(Expr::cust("COUNT(*)"), "count");
        let row = self.find_one::<Count>(select.build(self.backend)).await?;
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }

    /// Whether the index of full-text search shows the state that the unit of work sees.
    pub(super) fn can_look_up(&self) -> bool {
        !self.session.is_transaction() || dialect::index_is_of_the_transaction(self.backend)
    }

    /// Runs a statement that writes. How many rows it changed, or found to be as they shall be.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let changed = self.session.execute(statement).await.map_err(store_error)?;
        changed.ok_or_else(|| Misuse::WriteWhileReading.into())
    }

    /// Removes the oldest rows of before a time, so many at most. How many it were.
    pub(super) async fn remove_oldest(
        &self,
        table: &str,
        key: &str,
        column: &str,
        time: Timestamp,
        most: u64,
    ) -> Result<u64, StoreError> {
        let sql = dialect::remove_oldest(self.backend, table, key, column);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = [time.as_micros().into(), most.into()];
        self.execute(Statement::from_sql_and_values(self.backend, sql, values)).await
    }

    /// Runs statements that write, in their order.
    pub(super) async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            self.execute_uncounted(statement).await?;
        }
        Ok(())
    }

    /// The row that a statement finds in what is committed, where the unit of work may [`record`](Self::record) what it
    /// writes.
    pub(super) async fn find_committed<T: FromQueryResult>(
        &self,
        statement: &Statement,
    ) -> Result<Option<T>, StoreError> {
        match self.session.find_committed(statement).await {
            Some(row) => row.map_err(store_error)?.as_ref().map(read).transpose(),
            None => Ok(None),
        }
    }

    /// Runs statements that write, in their order, whose outcome is known unless others interfere: as late as at the commit,
    /// which then gives their error.
    pub(super) async fn record(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            may_write(self.session.record(statement).await)?;
        }
        Ok(())
    }

    /// As [`record`](Self::record), for a statement that may be run behind those of others: what enters a memo in the index.
    /// SQLite's writes to its tables what it was given as soon as another statement begins that may have to be undone.
    pub(super) async fn record_last(&self, statement: Statement) -> Result<(), StoreError> {
        may_write(self.session.record_last(statement).await)
    }

    async fn execute_uncounted(&self, statement: Statement) -> Result<(), StoreError> {
        may_write(self.session.execute_uncounted(statement).await)
    }

    /// Runs statements that write, and then one that reads. Its row, of which there is at most one.
    pub(super) async fn execute_and_find_one<T: FromQueryResult>(
        &self,
        mut statements: Vec<Statement>,
        last: Statement,
    ) -> Result<Option<T>, StoreError> {
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

fn may_write(ran: Result<bool, DbErr>) -> Result<(), StoreError> {
    if ran.map_err(store_error)? { Ok(()) } else { Err(Misuse::WriteWhileReading.into()) }
}

fn read<T: FromQueryResult>(row: &QueryResult) -> Result<T, StoreError> {
    // The columns are those that were asked for, so that only a value can be wrong.
    T::from_query_result(row, "").map_err(StoreError::corrupt)
}

#[async_trait]
impl UnitOfWork for SeaOrmUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository {
        self
    }

    fn memos(&mut self) -> &mut dyn MemoRepository {
        self
    }

    fn changes(&mut self) -> &mut dyn ChangeRepository {
        self
    }

    fn identities(&mut self) -> &mut dyn IdentityRepository {
        self
    }

    fn one_time_tokens(&mut self) -> &mut dyn OneTimeTokenRepository {
        self
    }

    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.session.commit().await.map_err(store_error)
    }
}
