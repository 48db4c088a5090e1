//! The lease of the process that migrates a server's database: a row that a conditional UPDATE claims.
//!
//! The number of rows that an UPDATE has changed decides when its commit has succeeded. So the lease needs no lock of a session
//! or a node, and works through a pooler and on a cluster. It ends by itself if its holder is killed.

use std::time::Duration;

use memo_domain::{Causes, StoreError};
use sea_orm::{ConnectionTrait, Statement};
use tokio::time::{Instant, sleep, timeout};

use super::{
    connect::Unprepared,
    dialect,
    error::{Misuse, store_error},
};

/// How long a lease lasts after it was claimed or renewed.
const DURATION: Duration = Duration::from_secs(5);
/// How often it is renewed, and how long that may take.
const RENEWAL: Duration = Duration::from_secs(1);

/// A lease that this process has claimed.
pub struct Lease<'a> {
    /// Of more than one connection: the lease is renewed while a step of a migration runs.
    database: &'a Unprepared,
    /// Each claim takes the next number: no other process renews or releases this lease.
    generation: i64,
}

impl<'a> Lease<'a> {
    /// Claims the lease, and creates its table if it is missing. `None` if another process holds it.
    pub async fn claim(database: &'a Unprepared) -> Result<Option<Self>, StoreError> {
        match Self::try_claim(database).await {
            // Another process claims it, or creates the table, at the same time.
            Err(StoreError::Contention { .. } | StoreError::Conflict { .. }) => Ok(None),
            result => result,
        }
    }

    async fn try_claim(database: &'a Unprepared) -> Result<Option<Self>, StoreError> {
        let backend = database.get_database_backend();
        for statement in dialect::create_lease(backend) {
            database.execute_unprepared(statement).await.map_err(store_error)?;
        }
        let expired = database.query_one_raw(dialect::expired_lease(backend)).await.map_err(store_error)?;
        let Some(expired) = expired else { return Ok(None) };
        let generation: i64 = expired.try_get("", "generation").map_err(store_error)?;
        let claim = dialect::claim_lease(backend, generation, DURATION);
        let is_claimed = changes_a_row(database, claim).await?;
        Ok(is_claimed.then_some(Self { database, generation: generation + 1 }))
    }

    /// Runs `work` while it renews the lease. If the lease is lost, `work` is cancelled.
    #[expect(clippy::disallowed_methods, reason = "waits for the next renewal")]
    pub async fn hold<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let backend = self.database.get_database_backend();
        let lost = async {
            let mut renewed = Instant::now();
            while renewed.elapsed() < DURATION {
                sleep(RENEWAL).await;
                let started = Instant::now();
                let renewal = dialect::renew_lease(backend, self.generation, DURATION);
                match timeout(RENEWAL, changes_a_row(self.database, renewal)).await {
                    Ok(Ok(true)) => renewed = started,
                    Ok(Ok(false)) => return,
                    Ok(Err(error)) => tracing::warn!(error = %Causes(&error), "renewing the lease failed"),
                    Err(_) => tracing::warn!("renewing the lease takes too long"),
                }
            }
        };
        tokio::select! {
            result = work => result,
            () = lost => Err(Misuse::LeaseLost.into()),
        }
    }

    /// Ends the lease, so that other processes need not wait.
    pub async fn release(self) {
        let release = dialect::release_lease(self.database.get_database_backend(), self.generation);
        if !matches!(timeout(RENEWAL, changes_a_row(self.database, release)).await, Ok(Ok(_))) {
            tracing::warn!("releasing the lease failed: it ends by itself");
        }
    }
}

/// Runs an UPDATE, which commits by itself.
async fn changes_a_row(database: &Unprepared, update: Statement) -> Result<bool, StoreError> {
    let result = database.execute_raw(update).await.map_err(store_error)?;
    Ok(result.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use memo_test_databases::{Server, TestDatabase};
    use sea_orm::Database;

    use super::*;

    async fn connect(place: &TestDatabase) -> Unprepared {
        Unprepared::new(Database::connect(place.url()).await.expect("a connection"))
    }

    async fn expire(database: &Unprepared) {
        database.execute_unprepared("UPDATE leases SET expires_at = 1").await.expect("it expires");
    }

    async fn claim(database: &Unprepared) -> Option<Lease<'_>> {
        Lease::claim(database).await.expect("the database responds")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_of_many_claims_gets_a_new_or_expired_lease() {
        for server in [Server::Postgres, Server::MySql] {
            let Some(place) = server.database().await else { continue };
            let database = Arc::new(connect(&place).await);
            for _ in 0..20 {
                let tasks: Vec<_> = (0..5)
                    .map(|_| {
                        let database = database.clone();
                        tokio::spawn(async move { claim(&database).await.map(|lease| lease.generation) })
                    })
                    .collect();
                let mut claimed = Vec::new();
                for task in tasks {
                    claimed.extend(task.await.expect("the task ends"));
                }
                // Those that create the table at the same time may all fail, and would try again.
                assert!(claimed.len() <= 1, "{server:?}: {claimed:?}");
                if claimed.is_empty() {
                    assert!(claim(&database).await.is_some(), "{server:?}");
                }
                expire(&database).await;
            }
        }
    }

    #[tokio::test]
    async fn an_expired_lease_is_lost_for_its_first_holder() {
        for server in [Server::Postgres, Server::MySql] {
            let Some(place) = server.database().await else { continue };
            let database = connect(&place).await;
            let first = claim(&database).await.expect("it is free");
            assert!(claim(&database).await.is_none(), "{server:?}: it is held");
            expire(&database).await;
            let second = claim(&database).await.expect("it has expired");
            let held = first.hold(pending::<Result<(), StoreError>>()).await;
            assert!(matches!(held, Err(StoreError::Contention { .. })), "{server:?}: {held:?}");
            first.release().await;
            assert!(claim(&database).await.is_none(), "{server:?}: the second holder has it");
            second.release().await;
            assert!(claim(&database).await.is_some(), "{server:?}: it was released");
        }
    }
}
