//! A transaction on a server.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{QueryResult, Statement, sqlx};
use tokio::sync::Mutex;

use super::pool::{Pool, PooledConnection};

/// A transaction. Dropped, it is rolled back before its connection is used again.
pub struct Transaction {
    /// Taken when it ends.
    connection: Mutex<Option<PooledConnection>>,
    /// Whether a statement failed. PostgreSQL then answers COMMIT by rolling back, without an error.
    has_failed: AtomicBool,
}

impl Transaction {
    pub async fn begin(pool: &Pool, statement: &'static str) -> Result<Self, sqlx::Error> {
        let connection = Mutex::new(Some(pool.begin(statement).await?));
        Ok(Self { connection, has_failed: AtomicBool::new(false) })
    }

    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.noted(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.query_one(statement).await)
    }

    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.noted(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.query_all(statement).await)
    }

    pub async fn execute(&self, statement: &Statement) -> Result<u64, sqlx::Error> {
        let mut connection = self.connection.lock().await;
        self.noted(connection.as_mut().ok_or(sqlx::Error::BeginFailed)?.execute(statement).await)
    }

    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(sqlx::Error::Protocol("a transaction with a failed statement can't be committed".into()));
        }
        match self.connection.get_mut().take() {
            Some(mut connection) => {
                let result = connection.control("COMMIT").await;
                if result.is_err() {
                    // Whether the transaction has ended is not known, nor how.
                    connection.discard();
                }
                result
            }
            None => Err(sqlx::Error::BeginFailed),
        }
    }

    fn noted<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
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
            // An error closes the connection, which rolls back, too.
            runtime.spawn(async move { connection.control("ROLLBACK").await });
        }
    }
}
