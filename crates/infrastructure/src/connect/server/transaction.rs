//! Transactions on a server.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{QueryResult, Statement, sqlx};
use tokio::sync::Mutex;

use super::pool::{Pool, PooledConnection};
use crate::connect::permits::Owner;

/// A transaction. If dropped, it is rolled back before its connection is used again.
pub struct Transaction {
    /// `None` once the transaction has ended.
    connection: Mutex<Option<PooledConnection>>,
    /// Whether a statement failed: PostgreSQL then rolls back on COMMIT without an error.
    has_failed: AtomicBool,
}

impl Transaction {
    pub async fn begin(pool: &Pool, owner: Owner, statement: &'static str) -> Result<Self, sqlx::Error> {
        let connection = Mutex::new(Some(pool.begin(owner, statement).await?));
        Ok(Self { connection, has_failed: AtomicBool::new(false) })
    }

    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.note_failure(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.query_one(statement).await)
    }

    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.note_failure(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.query_all(statement).await)
    }

    pub async fn execute(&self, statement: &Statement) -> Result<u64, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.note_failure(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.execute(statement).await)
    }

    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(sqlx::Error::Protocol("a transaction with a failed statement can't be committed".into()));
        }
        match self.connection.get_mut().take() {
            Some(mut connection) => {
                let result = connection.control("COMMIT").await;
                if result.is_err() {
                    // It is unknown whether the transaction was committed, rolled back or is still open.
                    connection.discard();
                }
                result
            }
            None => Err(sqlx::Error::BeginFailed),
        }
    }

    fn note_failure<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if result.is_err() {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.get_mut().take() else { return };
        if connection.is_open() {
            let runtime = connection.runtime();
            // If this fails, the connection is closed, which rolls back as well.
            runtime.spawn(async move { connection.control("ROLLBACK").await });
        }
    }
}
