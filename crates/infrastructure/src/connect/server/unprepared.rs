//! The connections of migrations.

use std::ops::Deref;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    sqlx::{self, AssertSqlSafe},
};

use crate::connect::driver_error;

/// Connections on which no statement is prepared: SeaORM keeps prepared statements by name, and behind a pooler the next
/// statement may run on another connection of the server.
pub struct Unprepared(DatabaseConnection);

impl Unprepared {
    pub const fn new(connections: DatabaseConnection) -> Self {
        Self(connections)
    }

    pub async fn close(self) -> Result<(), DbErr> {
        self.0.close().await
    }
}

/// The connections for the steps of migrations, which have no parameters: SeaORM does not prepare them.
impl Deref for Unprepared {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.0
    }
}

#[async_trait]
impl ConnectionTrait for Unprepared {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(&statement.to_string()).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let query = sqlx::raw_sql(AssertSqlSafe(statement.to_string()));
        if self.get_database_backend() == DbBackend::Postgres {
            let rows = query.fetch_all(self.0.get_postgres_connection_pool()).await.map_err(driver_error)?;
            return Ok(rows.into_iter().map(QueryResult::from).collect());
        }
        let rows = query.fetch_all(self.0.get_mysql_connection_pool()).await.map_err(driver_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}
