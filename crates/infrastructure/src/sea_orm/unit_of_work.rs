//! A unit of work: a session on the database, and the statements that the repositories run on it.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    ChangeRepository, MemoRepository, RefreshTokenRepository, SessionRepository, StoreError, UnitOfWork, UserRepository,
};
use sea_orm::{DbBackend, FromQueryResult, QueryResult, Statement};

use super::{
    connect::Session,
    dialect,
    error::{Misuse, store_error},
    memos::Lookup,
};

/// The repositories of one session: it is all of them itself.
pub struct SeaOrmUnitOfWork {
    session: Session,
    pub(super) backend: DbBackend,
    pub(super) memo_lookup: Arc<Lookup>,
}

impl SeaOrmUnitOfWork {
    pub fn new(session: Session, backend: DbBackend, memo_lookup: Arc<Lookup>) -> Self {
        Self { session, backend, memo_lookup }
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

    /// Whether the index of full-text search shows the state that the unit of work sees.
    pub(super) fn can_look_up(&self) -> bool {
        !self.session.is_transaction() || dialect::index_is_of_the_transaction(self.backend)
    }

    /// Runs a statement that writes. How many rows it changed, or found to be as they shall be.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let changed = self.session.execute(statement).await.map_err(store_error)?;
        changed.ok_or_else(|| Misuse::WriteWhileReading.into())
    }

    /// Runs statements that write, in their order.
    pub(super) async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            self.execute_uncounted(statement).await?;
        }
        Ok(())
    }

    async fn execute_uncounted(&self, statement: Statement) -> Result<(), StoreError> {
        let may_write = self.session.execute_uncounted(statement).await.map_err(store_error)?;
        if may_write { Ok(()) } else { Err(Misuse::WriteWhileReading.into()) }
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

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.session.commit().await.map_err(store_error)
    }
}
