//! The one place that begins and commits units of work.
//!
//! A use case passes its work as an async closure. [`Transactions::write`] runs it in a unit of work, retries it when another
//! unit of work was in the way, commits, and only then publishes its side effects. It commits before it returns `Ok` even if
//! nothing was written: what was read may be the work of another writer that is not durable yet.

mod effects;
mod retries;

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::Arc,
};

use memo_domain::{
    Access, ApiKeyId, AuditEvent, AuditId, Clock, Conflict, Event, Events, IdGenerator, NewChange, SecretGenerator,
    SessionId, Store, StoreError, Timestamp, UnitOfWork, UserId, Uuid,
};

use crate::{
    Error,
    audit::{self, AuditEntry},
    live::LiveSessions,
    ports::{Background, Timer},
};
use effects::Effects;
pub(crate) use retries::Retries;

/// How many changes of a feed are appended with one call: a tag may be renamed in thousands of memos.
const APPENDED_AT_ONCE: usize = 100;

/// What [`Transactions::read_boxed`] and [`Transactions::write_boxed`] run.
pub(crate) type BoxedWork<'t, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 't>>;

/// Runs use cases in units of work of the store.
#[derive(Clone)]
pub struct Transactions {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    timer: Arc<dyn Timer>,
    background: Arc<dyn Background>,
    live: Arc<LiveSessions>,
    events: Option<Arc<dyn Events>>,
    user: Option<UserId>,
}

impl Transactions {
    /// Creates the transactions of a store. What is committed is published to `live` and `background`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        secrets: Arc<dyn SecretGenerator>,
        timer: Arc<dyn Timer>,
        background: Arc<dyn Background>,
        live: Arc<LiveSessions>,
    ) -> Self {
        Self { store, clock, ids, secrets, timer, background, live, events: None, user: None }
    }

    /// Publishes what is committed to all nodes as well.
    #[must_use]
    pub fn with_events(self, events: Arc<dyn Events>) -> Self {
        Self { events: Some(events), ..self }
    }

    /// Returns the same transactions for the share of a user: each store is fair between the users on whose behalf its units of
    /// work run. Without a user, they are the server's own.
    #[must_use]
    pub fn on_behalf_of(&self, user: UserId) -> Self {
        Self { user: Some(user), ..self.clone() }
    }

    /// Returns whether the store can be reached and has the schema that it needs.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    /// Reads; each statement may see another state of the store.
    pub(crate) async fn read<T>(
        &self,
        work: impl AsyncFnMut(&mut dyn UnitOfWork) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.read_with(Access::Read, work).await
    }

    /// Reads with the given access.
    pub(crate) async fn read_with<T>(
        &self,
        access: Access,
        mut work: impl AsyncFnMut(&mut dyn UnitOfWork) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut retries = Retries::new(self);
        loop {
            let result = match self.store.begin_for(access, self.user).await {
                Ok(mut unit) => work(&mut *unit).await,
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(value) => return Ok(value),
                Err(error) => retries.wait_after(error).await?,
            }
        }
    }

    /// Like [`read`](Self::read), for callers whose own future has to be `Send`: the compiler can't prove that of the future
    /// of an async closure, so the work is a function of its input that returns a boxed future.
    pub(crate) async fn read_boxed<I: Sync, T>(
        &self,
        input: I,
        work: for<'t> fn(&'t mut dyn UnitOfWork, &'t I) -> BoxedWork<'t, T>,
    ) -> Result<T, Error> {
        let mut retries = Retries::new(self);
        loop {
            let result = match self.store.begin_for(Access::Read, self.user).await {
                Ok(mut unit) => work(&mut *unit, &input).await,
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(value) => return Ok(value),
                Err(error) => retries.wait_after(error).await?,
            }
        }
    }

    /// Runs `work` as one transaction: retries it after a lost race, commits before it returns `Ok`, and then publishes what
    /// the transaction has collected. If `work` returns an error, nothing is written and nothing is published.
    ///
    /// `work` may run several times, so it must have no effect outside the transaction.
    pub(crate) async fn write<T>(
        &self,
        mut work: impl AsyncFnMut(&mut Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut retries = Retries::new(self);
        loop {
            let error = match self.begin().await {
                Ok(mut tx) => match work(&mut tx).await {
                    Ok(value) => match self.commit(tx).await {
                        Ok(()) => return Ok(value),
                        Err(error) => error,
                    },
                    Err(error) => tx.lost_race(error),
                },
                Err(error) => error,
            };
            retries.wait_after(error).await?;
        }
    }

    /// Like [`write`](Self::write), for callers whose own future has to be `Send`; see [`read_boxed`](Self::read_boxed).
    pub(crate) async fn write_boxed<I: Sync, T>(
        &self,
        input: I,
        work: for<'t> fn(&'t mut Transaction, &'t I) -> BoxedWork<'t, T>,
    ) -> Result<T, Error> {
        let mut retries = Retries::new(self);
        loop {
            let error = match self.begin().await {
                Ok(mut tx) => match work(&mut tx, &input).await {
                    Ok(value) => match self.commit(tx).await {
                        Ok(()) => return Ok(value),
                        Err(error) => error,
                    },
                    Err(error) => tx.lost_race(error),
                },
                Err(error) => error,
            };
            retries.wait_after(error).await?;
        }
    }

    /// Returns the attempts of a use case that may have to prepare its transaction again.
    pub(crate) fn retries(&self) -> Retries<'_> {
        Retries::new(self)
    }

    async fn begin(&self) -> Result<Transaction, Error> {
        Ok(Transaction {
            unit: self.store.begin_for(Access::Write, self.user).await?,
            now: self.clock.now(),
            ids: self.ids.clone(),
            changes: BTreeMap::new(),
            retried_conflict: None,
            effects: Effects::default(),
        })
    }

    async fn commit(&self, mut tx: Transaction) -> Result<(), Error> {
        // Last, since from its first append on a feed is locked: then no other writer can append to it.
        for (owner, changes) in std::mem::take(&mut tx.changes) {
            for some in changes.chunks(APPENDED_AT_ONCE) {
                tx.unit.changes().append(owner, some).await.map_err(|error| tx.lost_race(error.into()))?;
            }
            tx.effects.changed_feeds.push(owner);
        }
        let Transaction { unit, effects, retried_conflict, .. } = tx;
        let mut publishing = Publishing { transactions: self, effects: Some(effects) };
        let committed = unit.commit().await;
        if committed.is_err() {
            publishing.effects = None;
        }
        committed.map_err(|error| lost_race(error.into(), retried_conflict))
    }

    fn publish(&self, effects: Effects) {
        effects.audit_events.iter().for_each(audit::log);
        self.live.forget_all(&effects.ended_sessions);
        self.live.keys.forget(&effects.changed_keys);
        if effects.wakes_jobs {
            self.background.jobs_wait();
        }
        if effects.wakes_deliveries {
            self.background.deliveries_wait();
        }
        if effects.wakes_webhooks || !effects.changed_feeds.is_empty() {
            self.background.changes_wait();
        }
        let published = effects.into_events();
        let Some(events) = self.events.clone().filter(|_| !published.is_empty()) else { return };
        self.background.run(Box::pin(async move {
            for event in published {
                if let Err(error) = events.publish(&event).await {
                    let error = &*error as &dyn std::error::Error;
                    match event {
                        Event::SessionsEnded(_) => tracing::warn!(error, "other nodes do not know of ended sessions"),
                        Event::ApiKeysChanged(_) => tracing::warn!(error, "other nodes do not know of changed keys"),
                        // Frequent, and found by polling.
                        event => tracing::debug!(error, topic = ?event.topic(), "other nodes were not told"),
                    }
                }
            }
        }));
    }
}

/// What is published after the commit, and also if its caller is gone before: the commit goes on all the same.
struct Publishing<'t> {
    transactions: &'t Transactions,
    effects: Option<Effects>,
}

impl Drop for Publishing<'_> {
    fn drop(&mut self) {
        if let Some(effects) = self.effects.take() {
            self.transactions.publish(effects);
        }
    }
}

/// A transaction of a use case: the repositories of its unit of work, and what is published once it is committed.
pub(crate) struct Transaction {
    unit: Box<dyn UnitOfWork>,
    now: Timestamp,
    ids: Arc<dyn IdGenerator>,
    changes: BTreeMap<UserId, Vec<NewChange>>,
    retried_conflict: Option<Conflict>,
    effects: Effects,
}

impl Deref for Transaction {
    type Target = dyn UnitOfWork;

    fn deref(&self) -> &Self::Target {
        &*self.unit
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.unit
    }
}

impl Transaction {
    /// Returns when this attempt began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns a new id.
    pub fn new_id(&self) -> Uuid {
        self.ids.next(self.now)
    }

    /// Appends an event to the audit log of its user. It is in the server's log once it is committed.
    pub async fn record(&mut self, entry: AuditEntry<'_>) -> Result<(), Error> {
        let event = self.event(entry);
        self.unit.audit().append(&event).await?;
        self.effects.audit_events.push(event);
        Ok(())
    }

    /// Writes an event to the server's log alone, once it is committed: its user is removed.
    pub fn log(&mut self, entry: AuditEntry<'_>) {
        let event = self.event(entry);
        self.effects.audit_events.push(event);
    }

    fn event(&self, entry: AuditEntry<'_>) -> AuditEvent {
        entry.into_event(AuditId::new(self.new_id()), self.now)
    }

    /// Appends a change to the feed of its owner, when the work is done.
    pub fn append_change(&mut self, owner: UserId, change: NewChange) {
        self.changes.entry(owner).or_default().push(change);
    }

    /// Has every node forget that these sessions are live, once their end is committed.
    pub fn end_sessions(&mut self, ids: impl IntoIterator<Item = SessionId>) {
        self.effects.ended_sessions.extend(ids);
    }

    /// Has every node forget what it remembers of these API keys, once their change is committed.
    pub fn api_keys_changed(&mut self, ids: impl IntoIterator<Item = ApiKeyId>) {
        self.effects.changed_keys.extend(ids);
    }

    /// Has the job worker of every node look for new jobs, once they are committed.
    pub fn wake_jobs(&mut self) {
        self.effects.wakes_jobs = true;
    }

    /// Like [`wake_jobs`](Self::wake_jobs), for the jobs that send to webhooks.
    pub fn wake_deliveries(&mut self) {
        self.effects.wakes_deliveries = true;
    }

    /// Has this node look for webhooks with changes to send. Changes of memos do that, too.
    pub fn wake_webhooks(&mut self) {
        self.effects.wakes_webhooks = true;
    }

    /// From here on a conflict of this kind, also one that only the commit finds, means that another writer was faster: the
    /// use case is retried and decides again.
    pub fn retry_on(&mut self, conflict: Conflict) {
        self.retried_conflict = Some(conflict);
    }

    fn lost_race(&self, error: Error) -> Error {
        lost_race(error, self.retried_conflict)
    }
}

fn lost_race(error: Error, retried: Option<Conflict>) -> Error {
    match error {
        Error::Store(StoreError::Conflict { what }) if Some(what) == retried => StoreError::Stale.into(),
        error => error,
    }
}

#[cfg(test)]
mod tests;
