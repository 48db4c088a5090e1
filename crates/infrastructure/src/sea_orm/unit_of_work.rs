//! A unit of work: one connection or transaction, and the statements that the repositories run on it.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    ChangeRepository, MemoRepository, RefreshTokenRepository, SessionRepository, StoreError, UnitOfWork, UserRepository,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, QueryResult, Statement};

use super::{
    connect::{Readers, Turn},
    dialect,
    error::{Misuse, store_error},
    memos::Lookup,
};

/// What statements run on.
pub enum Connection {
    /// Any reading connection for each statement.
    Readers(Readers),
    /// A transaction that only reads.
    Snapshot(DatabaseTransaction),
    /// A transaction that may write, or a part of one. Dropped, it is rolled back before its connection is used again.
    Turn(Turn),
}

/// The repositories of one connection: it is all of them itself.
pub struct SeaOrmUnitOfWork {
    connection: Connection,
    pub(super) backend: DbBackend,
    pub(super) memo_lookup: Arc<Lookup>,
}

impl SeaOrmUnitOfWork {
    pub fn new(connection: Connection, backend: DbBackend, memo_lookup: Arc<Lookup>) -> Self {
        Self { connection, backend, memo_lookup }
    }

    /// The row that a statement finds, of which there is at most one.
    pub(super) async fn find_one<T: FromQueryResult>(&self, statement: Statement) -> Result<Option<T>, StoreError> {
        let row = match &self.connection {
            Connection::Readers(readers) => readers.query_one(&statement).await,
            Connection::Snapshot(transaction) => transaction.query_one_raw(statement).await,
            Connection::Turn(turn) => turn.connection().map_err(store_error)?.query_one_raw(statement).await,
        };
        row.map_err(store_error)?.as_ref().map(read).transpose()
    }

    /// The rows that a statement finds.
    pub(super) async fn find_all<T: FromQueryResult>(&self, statement: Statement) -> Result<Vec<T>, StoreError> {
        let rows = match &self.connection {
            Connection::Readers(readers) => readers.query_all(&statement).await,
            Connection::Snapshot(transaction) => transaction.query_all_raw(statement).await,
            Connection::Turn(turn) => turn.connection().map_err(store_error)?.query_all_raw(statement).await,
        };
        rows.map_err(store_error)?.iter().map(read).collect()
    }

    /// Runs a statement that writes. How many rows it changed.
    ///
    /// It runs to its end, as a statement must that has a commit behind it: one that gives rows back and is left at the
    /// first of them keeps SQLite from tidying up its log.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        match &self.connection {
            Connection::Turn(turn) => {
                let transaction = turn.connection().map_err(store_error)?;
                transaction.execute_raw(statement).await.map(|done| done.rows_affected()).map_err(store_error)
            }
            Connection::Readers(_) | Connection::Snapshot(_) => Err(Misuse::WriteWhileReading.into()),
        }
    }
}

impl SeaOrmUnitOfWork {
    /// Runs statements that write, in their order.
    pub(super) async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for statement in dialect::joined(self.backend, statements) {
            self.execute(statement).await?;
        }
        Ok(())
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
        match self.connection {
            Connection::Readers(_) => Ok(()),
            Connection::Snapshot(transaction) => transaction.commit().await.map_err(store_error),
            Connection::Turn(turn) => turn.commit().await.map_err(store_error),
        }
    }
}
