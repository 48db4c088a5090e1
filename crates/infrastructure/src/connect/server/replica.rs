//! A replica of the server, which runs statements that read a user's own memos.
//!
//! A user must see what they have been told is written, on any node. A [`Stamp`](memo_domain::Stamp) identifies the state of
//! all that a user reads of their own memos, and is part of each transaction that changes it. So if the replica has the stamp
//! that the primary has now, its answer is the one of the primary.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use memo_domain::{Access, Causes, Source, StoreError, UserId};
use sea_orm::{DbErr, QueryResult, Statement};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use super::{
    RETRY_DELAY,
    pool::{Place, Pool},
    url,
};
use crate::{
    connect::{Cost, backend_of, permits::Owner, set::Loan},
    dialect,
    options::StoreOptions,
};

/// How long a read waits for the replica before it goes to the primary.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long all reads go to the primary after the replica has failed.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
enum ReplicaError {
    #[error("the URL of the replica must have the scheme of the database's own")]
    OtherScheme,
    #[error("the URL of the replica is invalid")]
    Url(#[source] StoreError),
    #[error("the database at {address} is no replica of this one: its schema was created at another time, or not yet")]
    OtherDatabase { address: String },
    #[error("the replica at {address} can't be used")]
    Unusable { address: String, source: Source },
    #[error("the replica did not respond in time")]
    Slow,
}

impl From<ReplicaError> for StoreError {
    fn from(error: ReplicaError) -> Self {
        Self::Other { source: error.into() }
    }
}

/// The connections to a replica.
#[derive(Debug)]
pub struct Replica {
    pool: Pool,
    /// The time until which it is not asked, since it has failed.
    paused_until: Mutex<Option<Instant>>,
}

/// Opens a replica. One that can't be reached is used as soon as it can.
///
/// # Errors
/// If it is another database, for longer than `options.connect_timeout`: it may be about to create the schema.
#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
pub async fn open(primary: &Pool, url: &str, options: &StoreOptions) -> Result<Replica, StoreError> {
    if backend_of(url) != Some(primary.backend()) {
        return Err(ReplicaError::OtherScheme.into());
    }
    let address = url::parse(primary.backend(), url, options).map_err(ReplicaError::Url)?;
    let replica = Replica { pool: Pool::new(address, primary.limits()), paused_until: Mutex::default() };
    let address = replica.pool.address().to_string();
    let deadline = Instant::now() + options.connect_timeout;
    // Before the first migration, there is nothing to compare.
    while let Ok(Some(expected)) = first_migration(primary).await {
        let error = match first_migration(&replica.pool).await {
            Ok(found) if found.as_ref() == Some(&expected) => break,
            Ok(_) => ReplicaError::OtherDatabase { address: address.clone() },
            Err(error @ StoreError::Unavailable { .. }) => {
                replica.pause(&error);
                break;
            }
            Err(error) => ReplicaError::Unusable { address: address.clone(), source: error.into() },
        };
        if Instant::now() + RETRY_DELAY >= deadline {
            return Err(error.into());
        }
        sleep(RETRY_DELAY).await;
    }
    Ok(replica)
}

/// Returns the name of the first migration and when it was applied; `None` if there is no migration.
async fn first_migration(pool: &Pool) -> Result<Option<(String, i64)>, StoreError> {
    if pool.query(&dialect::find_migrations_table(pool.backend()), None, Cost::Small).await?.is_empty() {
        return Ok(None);
    }
    let rows = pool.query(&dialect::first_migration(pool.backend()), None, Cost::Small).await?;
    let read = |row: &QueryResult| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.first().map(read).transpose().map_err(StoreError::corrupt)
}

impl Replica {
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Returns a connection to the replica, in a transaction, if it has the user's latest changes.
    async fn place_for(&self, user: UserId, primary: &Pool) -> Option<Loan<Place>> {
        if self.paused_until().is_some_and(|end| Instant::now() < end) {
            return None;
        }
        let backend = primary.backend();
        let stamp = Statement::from_sql_and_values(backend, dialect::stamp(backend), [user.as_uuid().into()]);
        // One transaction: the address may stand for several replicas, of which others are older.
        let on_replica = timeout(PATIENCE, async {
            // To wait for others says nothing about the replica; the primary may have a place.
            let Some(mut place) = self.pool.try_begin(Access::Read, Some(user)).await? else { return Ok(None) };
            let rows = place.query(&stamp, Cost::Small).await?;
            Ok::<_, StoreError>(Some((place, rows)))
        });
        let (on_replica, on_primary) = tokio::join!(on_replica, primary.query(&stamp, Some(user), Cost::Small));
        let (place, found) = on_replica
            .unwrap_or_else(|_| Err(ReplicaError::Slow.into()))
            .inspect_err(|error| self.pause(error))
            .ok()??;
        let expected = stamp_in(&on_primary.ok()?)?;
        (stamp_in(&found)? == expected).then_some(place)
    }

    /// Leaves all reads to the primary for a while.
    fn pause(&self, error: &StoreError) {
        let address = self.pool.address();
        tracing::warn!(error = %Causes(error), %address, "the replica can't be used: reads go to the primary");
        *self.paused_until() = Some(Instant::now() + PAUSE);
    }

    fn paused_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of the last change and the version of the user, if there is this user.
fn stamp_in(rows: &[QueryResult]) -> Option<(Option<i64>, i64)> {
    let row = rows.first()?;
    Some((row.try_get_by_index(0).ok()?, row.try_get_by_index(1).ok()?))
}

/// The statements of a unit of work that only reads: each takes any connection.
pub struct Reads {
    primary: Pool,
    replica: Option<Arc<Replica>>,
    owner: Owner,
    /// A connection to the replica, once it was found to have the owner's latest changes.
    place: Option<Loan<Place>>,
}

impl Reads {
    pub const fn new(primary: Pool, replica: Option<Arc<Replica>>, owner: Owner) -> Self {
        Self { primary, replica, owner, place: None }
    }

    /// Returns the rows that a statement selects.
    pub async fn query(&self, statement: &Statement, cost: Cost) -> Result<Vec<QueryResult>, StoreError> {
        self.primary.query(statement, self.owner, cost).await
    }

    /// Like [`query`](Self::query), for a statement that reads nothing but a user's own memos.
    pub async fn query_own(
        &mut self,
        user: UserId,
        statement: &Statement,
        cost: Cost,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let Some(replica) = self.replica.clone().filter(|_| self.owner == Some(user)) else {
            return self.query(statement, cost).await;
        };
        if self.place.is_none() {
            self.place = replica.place_for(user, &self.primary).await;
            // Also the other statements of this unit of work.
            if self.place.is_none() {
                self.replica = None;
            }
        }
        let Some(place) = &mut self.place else { return self.query(statement, cost).await };
        match place.query(statement, cost).await {
            // It would take as long on the primary.
            result @ (Ok(_) | Err(StoreError::Timeout { .. })) => result,
            Err(error) => {
                replica.pause(&error);
                (self.place, self.replica) = (None, None);
                self.query(statement, cost).await
            }
        }
    }
}
