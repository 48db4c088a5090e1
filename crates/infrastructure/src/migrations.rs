//! Applies and reverts migrations, in one process at a time.
//!
//! On SQLite the write transaction keeps other processes out. On a server it is a [`Lease`]: no transaction holds the steps
//! together, as MySQL commits each DDL statement by itself. They are idempotent, so that a process that was killed in the
//! middle, or lost its lease, does no harm: the next one runs them all again.

use std::time::Duration;

use memo_domain::StoreError;
use memo_migration::Migrator;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbErr, Statement, TransactionTrait};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use tokio::time::{Instant, sleep, timeout};

use super::{
    connect::{Database, Unprepared},
    dialect,
    error::{Misuse, store_error},
    lease::Lease,
};

/// How long a process waits while others migrate a server's database.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How often a waiting process looks whether the others are done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long closing a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Change {
    /// Apply all pending migrations.
    Up,
    /// Revert the latest migrations, or all of them.
    Down(Option<u32>),
}

/// Applies all pending migrations.
pub async fn up(database: &Database) -> Result<(), StoreError> {
    migrate(database, Change::Up).await
}

/// Reverts the latest `steps` migrations, or all of them.
pub async fn down(database: &Database, steps: Option<u32>) -> Result<(), StoreError> {
    migrate(database, Change::Down(steps)).await
}

async fn migrate(database: &Database, change: Change) -> Result<(), StoreError> {
    match database {
        Database::File(file) => {
            let connection = file.connect_for_migrations().await?;
            let transaction = connection.begin_with_options(dialect::sqlite_write()).await.map_err(store_error)?;
            apply(&SchemaManager::new(&transaction), &transaction, change).await?;
            transaction.commit().await.map_err(store_error)?;
            close(connection.close()).await;
            Ok(())
        }
        Database::Server(server) => {
            let connection = server.connect_for_migrations().await?;
            let result = migrate_server(&connection, change).await;
            close(connection.close()).await;
            result
        }
    }
}

/// Migrates as soon as no other process does, or finds that another one has done so.
#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
async fn migrate_server(connection: &Unprepared, change: Change) -> Result<(), StoreError> {
    let deadline = Instant::now() + MAX_WAIT;
    let manager = SchemaManager::new(&**connection);
    loop {
        // Without pending migrations a start needs neither a lease nor the right to create tables.
        if matches!(change, Change::Up) && States::read(connection).await?.pending().next().is_none() {
            return Ok(());
        }
        let result = match Lease::claim(connection).await? {
            Some(lease) => {
                let result = lease.hold(apply(&manager, connection, change)).await;
                lease.release().await;
                result
            }
            None => Err(Misuse::MigrationLocked(MAX_WAIT).into()),
        };
        match result {
            // A statement of a process that was killed may still run on the server, and create the same table.
            Err(StoreError::Contention { .. } | StoreError::Conflict { .. }) if matches!(change, Change::Up) => {}
            Err(StoreError::Unavailable { ref source }) if source.is::<Misuse>() => {}
            result => return result,
        }
        if Instant::now() >= deadline {
            return result;
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// The steps of migrations run by the manager, and all else by the connection.
async fn apply(
    manager: &SchemaManager<'_>,
    connection: &impl ConnectionTrait,
    change: Change,
) -> Result<(), StoreError> {
    let (states, backend) = (States::read(connection).await?, connection.get_database_backend());
    match change {
        Change::Up => {
            Migrator::install(connection).await.map_err(store_error)?;
            for migration in states.pending() {
                migration.up(manager).await.map_err(store_error)?;
                run(connection, dialect::insert_migration(backend, migration.name())).await?;
            }
        }
        Change::Down(steps) => {
            if let Some(later) = states.later {
                return Err(Misuse::LaterSchema(later).into());
            }
            let steps = steps.map_or(usize::MAX, |steps| usize::try_from(steps).unwrap_or(usize::MAX));
            for migration in states.applied().rev().take(steps) {
                // Before its first step: a migration that is reverted in part is pending, and is applied again.
                run(connection, dialect::delete_migration(backend, migration.name())).await?;
                migration.down(manager).await.map_err(store_error)?;
            }
        }
    }
    Ok(())
}

async fn run(connection: &impl ConnectionTrait, statement: Statement) -> Result<(), StoreError> {
    connection.execute_raw(statement).await.map(drop).map_err(store_error)
}

/// The migrations of this program, oldest first, and whether each is applied.
struct States {
    migrations: Vec<(Box<dyn MigrationTrait>, bool)>,
    /// One that is applied, and belongs to a later version of this program.
    later: Option<String>,
}

impl States {
    /// Reads them. A later version may have migrated the database, which leaves the previous version working.
    async fn read(connection: &impl ConnectionTrait) -> Result<Self, StoreError> {
        let (mut applied, backend) = (Vec::new(), connection.get_database_backend());
        let table = connection.query_one_raw(dialect::find_migrations_table(backend)).await.map_err(store_error)?;
        if table.is_some() {
            let select = "SELECT version FROM seaql_migrations ORDER BY version";
            let select = Statement::from_string(backend, select);
            for row in connection.query_all_raw(select).await.map_err(store_error)? {
                applied.push(row.try_get::<String>("", "version").map_err(store_error)?);
            }
        }
        let (mut migrations, mut later) = (Vec::new(), None);
        for migration in Migrator::migrations() {
            let position = applied.iter().position(|name| name == migration.name());
            if let Some(position) = position {
                applied.remove(position);
            }
            migrations.push((migration, position.is_some()));
        }
        let latest = migrations.last().map_or("", |(migration, _)| migration.name());
        for name in applied {
            if name.as_str() < latest {
                return Err(Misuse::UnreleasedSchema(name).into());
            }
            later = Some(name);
        }
        Ok(Self { migrations, later })
    }

    fn applied(&self) -> impl DoubleEndedIterator<Item = &dyn MigrationTrait> {
        self.migrations.iter().filter(|(_, applied)| *applied).map(|(migration, _)| &**migration)
    }

    fn pending(&self) -> impl Iterator<Item = &dyn MigrationTrait> {
        self.migrations.iter().filter(|(_, applied)| !applied).map(|(migration, _)| &**migration)
    }
}

/// Returns the names of the migrations, oldest first, and whether each is applied.
pub async fn status(database: &Database) -> Result<Vec<(String, bool)>, StoreError> {
    let states = match database {
        Database::File(file) => {
            let connection = file.connect_for_migrations().await?;
            let states = States::read(&connection).await;
            close(connection.close()).await;
            states?
        }
        Database::Server(server) => {
            let connection = server.connect_for_migrations().await?;
            let states = timeout(server.statement_limit(), States::read(&connection)).await;
            close(connection.close()).await;
            states.unwrap_or_else(|_| Err(store_error(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))))?
        }
    };
    Ok(states.migrations.iter().map(|(migration, applied)| (migration.name().to_owned(), *applied)).collect())
}

/// Fails if the user of the database may not create tables, or change those that exist.
pub async fn check_changeable(database: &Database) -> Result<(), StoreError> {
    // A SQLite file was opened for writing.
    let Database::Server(server) = database else { return Ok(()) };
    let backend = server.backend();
    let connection = server.connect_for_migrations().await?;
    let mut result = Ok(true);
    for statement in dialect::changeable(backend) {
        let row = connection.query_one_raw(Statement::from_string(backend, *statement)).await;
        result = row.map(|row| row.is_none_or(|row| row.try_get("", "allowed") == Ok(true)));
        if !matches!(result, Ok(true)) {
            break;
        }
    }
    close(connection.close()).await;
    match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(Misuse::SchemaNotChangeable(dialect::grant_of_changes(backend), None).into()),
        Err(error) => match store_error(error.clone()) {
            StoreError::Unwritable { .. } => {
                Err(Misuse::SchemaNotChangeable(dialect::grant_of_changes(backend), Some(error)).into())
            }
            other => Err(other),
        },
    }
}

async fn close(closing: impl Future<Output = Result<(), DbErr>>) {
    let _ = timeout(CLOSE_TIMEOUT, closing).await;
}
