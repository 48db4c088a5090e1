//! Sets of connections.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use memo_domain::StoreError;
use tokio::{task::coop::consume_budget, time::timeout};

use super::permits::{Owner, Permit, Permits, Refusal};
use crate::error::NoConnection;

/// What a set lends.
pub trait Lent: Sized {
    /// Returns it to its set.
    fn give_back(self, set: &Set<Self>, permit: Permit) {
        set.put(self, permit);
    }
}

/// A set of connections, which are lent round robin by user. Clones share it.
pub struct Set<C>(Arc<Shared<C>>);

struct Shared<C> {
    idle: Mutex<Vec<C>>,
    permits: Permits,
    acquire_timeout: Duration,
}

impl<C> Clone for Set<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Lent> Set<C> {
    pub fn new(connections: Vec<C>, acquire_timeout: Duration) -> Self {
        let permits = Permits::new(u32::try_from(connections.len()).unwrap_or(u32::MAX));
        Self(Arc::new(Shared { idle: Mutex::new(connections), permits, acquire_timeout }))
    }

    /// Waits for a connection.
    pub async fn borrow(&self, owner: Owner) -> Result<Loan<C>, StoreError> {
        // If one is always free, a caller with many statements would keep the other tasks of its thread waiting.
        consume_budget().await;
        match timeout(self.0.acquire_timeout, self.0.permits.acquire(owner)).await {
            Ok(Ok(permit)) => self.lend(permit).ok_or_else(|| NoConnection::Closed.into()),
            Ok(Err(Refusal::Closed)) => Err(NoConnection::Closed.into()),
            Ok(Err(Refusal::Busy)) | Err(_) => Err(NoConnection::Busy.into()),
        }
    }

    /// Returns a connection if one is free.
    pub fn try_borrow(&self, owner: Owner) -> Option<Loan<C>> {
        self.lend(self.0.permits.try_acquire(owner)?)
    }

    /// Whether others wait for a connection.
    pub fn is_awaited(&self) -> bool {
        self.0.permits.is_awaited()
    }

    /// Waits for running statements and takes out the connections.
    pub async fn close(&self) -> Vec<C> {
        self.0.permits.close().await;
        mem::take(&mut *self.lock())
    }

    /// Takes something out of idle connections.
    pub fn take_from_idle<T>(&self, take: impl FnMut(&mut C) -> Option<T>) -> Vec<T> {
        self.lock().iter_mut().filter_map(take).collect()
    }

    /// The connection is back when the permit is free.
    pub fn put(&self, connection: C, permit: Permit) {
        self.lock().push(connection);
        drop(permit);
    }

    fn lend(&self, permit: Permit) -> Option<Loan<C>> {
        let connection = self.lock().pop()?;
        Some(Loan::new(connection, permit, self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<C>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A borrowed connection. When it is dropped, it returns to its set.
pub struct Loan<C: Lent> {
    lent: Option<(C, Permit)>,
    set: Set<C>,
}

impl<C: Lent> Loan<C> {
    pub fn new(connection: C, permit: Permit, set: Set<C>) -> Self {
        Self { lent: Some((connection, permit)), set }
    }
}

impl<C: Lent> Deref for Loan<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.lent.as_ref().expect("it is lent until it is dropped").0
    }
}

impl<C: Lent> DerefMut for Loan<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.lent.as_mut().expect("it is lent until it is dropped").0
    }
}

impl<C: Lent> Drop for Loan<C> {
    fn drop(&mut self) {
        if let Some((connection, permit)) = self.lent.take() {
            connection.give_back(&self.set, permit);
        }
    }
}
