//! A store with planned failures, for tests of use cases and of adapters that wrap other stores.
//!
//! ```
//! # use std::sync::Arc;
//! # use memo_conformance::faults::{Fault, FaultyStore};
//! # use memo_domain::{Access, Store, StoreError};
//! # async fn example(inner: Arc<dyn Store>) {
//! let store = FaultyStore::new(inner);
//! store.plan([Fault::before(1, StoreError::Stale)]);
//! let mut unit = store.begin(Access::Write).await.expect("call 0 does not fail");
//! let failed = unit.changes().remove_before(memo_domain::Timestamp::from_micros(0), 1).await;
//! assert!(matches!(failed, Err(StoreError::Stale)));
//! assert_eq!(store.calls(), ["begin.write", "changes.remove_before"]);
//! # }
//! ```

use std::{
    future::pending,
    mem::take,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId, for_each_repository};

/// Whether a call fails before or after it takes effect, or never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
    Never,
}

/// A call that fails once.
#[derive(Debug)]
pub struct Fault {
    call: usize,
    moment: Moment,
    error: StoreError,
}

impl Fault {
    /// The call of this number, from 0, fails instead of being made.
    #[must_use]
    pub const fn before(call: usize, error: StoreError) -> Self {
        Self { call, moment: Moment::Before, error }
    }

    /// The call of this number, from 0, is made, but if it succeeds, its result is lost: for a commit, this is a
    /// connection that breaks after the commit took effect.
    #[must_use]
    pub const fn after(call: usize, error: StoreError) -> Self {
        Self { call, moment: Moment::After, error }
    }

    /// The call of this number, from 0, is made, but never returns: its caller can only drop it.
    #[must_use]
    pub const fn unanswered(call: usize) -> Self {
        Self { call, moment: Moment::Never, error: StoreError::Stale }
    }
}

/// A store that forwards every call to another one, except for the planned failures.
///
/// A unit of work in which any call failed cannot be committed any more, as with databases.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Arc<Plan>,
}

impl FaultyStore {
    /// A store without planned failures.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// A store whose every other commit of a unit of work that writes fails with contention, the first one too.
    #[must_use]
    pub fn contended(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Arc::new(Plan { fails_next: Some(AtomicBool::new(true)), ..Plan::default() }) }
    }

    /// Replaces the planned faults, and restarts the count of calls at 0.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        *self.plan.lock() = State { faults: faults.into_iter().collect(), calls: Vec::new() };
    }

    /// The names of the calls since the last plan: `begin.read`, `begin.snapshot`, `begin.write`, `commit`, `check`, or a
    /// repository and its method, such as `memos.insert`.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        self.plan.lock().calls.clone()
    }

    /// The number of planned faults that have not occurred yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.plan.lock().faults.len()
    }
}

#[derive(Default)]
struct Plan {
    state: Mutex<State>,
    /// Whether the next commit fails, if every other one does.
    fails_next: Option<AtomicBool>,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    calls: Vec<&'static str>,
}

impl Plan {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The test that poisoned the lock has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if it is the turn of a commit to fail.
    fn contend(&self) -> Result<(), StoreError> {
        match &self.fails_next {
            Some(fails_next) if fails_next.fetch_xor(true, Ordering::Relaxed) => {
                Err(StoreError::Contention { source: "planned".into() })
            }
            _ => Ok(()),
        }
    }

    /// Makes a call, unless the plan lets it fail.
    async fn call<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut state = self.lock();
            let number = state.calls.len();
            state.calls.push(name);
            let (now, later) = take(&mut state.faults).into_iter().partition(|fault| fault.call == number);
            state.faults = later;
            let now: Vec<_> = now;
            now.into_iter().next()
        };
        match fault {
            Some(Fault { moment: Moment::Before, error, .. }) => Err(error),
            Some(Fault { moment: Moment::After, error, .. }) => call.await.and(Err(error)),
            Some(Fault { moment: Moment::Never, .. }) => {
                let _ = call.await;
                pending().await
            }
            None => call.await,
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let name = match access {
            Access::Read => "begin.read",
            Access::Snapshot => "begin.snapshot",
            Access::Write => "begin.write",
        };
        let inner = self.plan.call(name, self.inner.begin_for(access, user)).await?;
        let writes = access == Access::Write;
        Ok(Box::new(FaultyUnit { inner, plan: Arc::clone(&self.plan), writes, failed: false }))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.plan.call("check", self.inner.check()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct FaultyUnit {
    inner: Box<dyn UnitOfWork>,
    plan: Arc<Plan>,
    writes: bool,
    failed: bool,
}

/// Implements the unit of work and each of its repositories by forwarding the calls.
macro_rules! pass_on {
    ($($accessor:ident: $repository:path {
        $(fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*
    })*) => {
        #[async_trait]
        impl UnitOfWork for FaultyUnit {
            $(fn $accessor(&mut self) -> &mut dyn $repository {
                self
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                let Self { inner, plan, writes, failed } = *self;
                if failed {
                    return Err(StoreError::Other { source: "a unit of work can't be committed after an error".into() });
                }
                if writes {
                    plan.contend()?;
                }
                plan.call("commit", inner.commit()).await
            }
        }

        $(#[async_trait]
        impl $repository for FaultyUnit {
            $(async fn $method(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let call = self.inner.$accessor().$method($($argument),*);
                let name = concat!(stringify!($accessor), ".", stringify!($method));
                let answer = self.plan.call(name, call).await;
                self.failed |= answer.is_err();
                answer
            })*
        })*
    };
}

for_each_repository!(pass_on);
