use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};
use memo_fair::{Capacity, FairSemaphore, Permit};
use tokio::task::spawn_blocking;

use crate::{engine::Engine, keys::KeyRange, transaction::Transaction};

/// Where the version of the format of all keys and records is kept.
const FORMAT_KEY: [u8; 1] = [0];
/// The version that this crate reads and writes.
const FORMAT: [u8; 1] = [1];

/// There is one writer at a time; the bounds of the queue only limit the memory.
const ONE_WRITER: Capacity = Capacity { permits: 1, permits_per_key: 1, waiting: 10_000, waiting_per_key: 1_000 };

/// How many searches run at a time, one of each user; they read many memos, and other reads don't wait for them.
const SEARCHES: Capacity = Capacity { permits: 2, permits_per_key: 1, waiting: 1_000, waiting_per_key: 100 };
/// How long a search may take, including its wait for other searches.
const SEARCH_LIMIT: Duration = Duration::from_secs(5);

/// The right to write.
type Turn = Permit<Option<UserId>>;

/// A [`Store`] over an [`Engine`].
pub struct KvStore {
    /// `None` after [`close`](Store::close).
    engine: RwLock<Option<Arc<dyn Engine>>>,
    /// The single permit to write.
    writer: FairSemaphore<Option<UserId>>,
    searches: FairSemaphore<Option<UserId>>,
}

impl KvStore {
    /// A store over an engine that is empty, or that holds what such a store has written.
    pub fn new(engine: impl Engine + 'static) -> Self {
        let (writer, searches) = (FairSemaphore::new(ONE_WRITER), FairSemaphore::new(SEARCHES));
        Self { engine: RwLock::new(Some(Arc::new(engine))), writer, searches }
    }

    fn engine(&self) -> Result<Arc<dyn Engine>, StoreError> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        engine.clone().ok_or_else(|| StoreError::Unavailable { source: "the store is closed".into() })
    }

    async fn begin_unit(&self, user: Option<UserId>, turn: Option<Turn>) -> Result<Unit, StoreError> {
        let engine = self.engine()?;
        let transaction = call(Arc::clone(&engine), |engine| {
            let transaction = Transaction::new(engine.snapshot()?);
            check_format(&transaction)?;
            Ok(transaction)
        });
        let searches = self.searches.clone();
        Ok(Unit { transaction: Some(transaction.await?), engine, user, searches, turn, failed: false })
    }
}

#[async_trait]
impl Store for KvStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let turn = match access {
            Access::Read | Access::Snapshot => None,
            // Before the snapshot, so that it has what the writer before has committed.
            Access::Write => Some(
                self.writer.acquire(user).await.map_err(|error| StoreError::Unavailable { source: error.into() })?,
            ),
        };
        Ok(Box::new(self.begin_unit(user, turn).await?))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.begin_unit(None, None).await.map(drop)
    }

    async fn close(&self) {
        // A commit that is under way ends first.
        let _turn = self.writer.acquire(None).await;
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(engine) = engine {
            // An engine may write when it is dropped.
            let _ = call(engine, |_| Ok(())).await;
        }
    }
}

/// Fails unless this crate can read what the engine holds.
fn check_format(transaction: &Transaction) -> Result<(), StoreError> {
    match transaction.get_bytes(&FORMAT_KEY)?.as_deref() {
        Some(format) if format == FORMAT => Ok(()),
        Some(other) => {
            Err(StoreError::corrupt(format!("the store has format {other:?}; this server reads {FORMAT:?}")))
        }
        None => match transaction.walk(KeyRange::everything(), crate::Direction::Ascending).next() {
            None => Ok(()),
            Some(entry) => entry.and_then(|_| Err(StoreError::corrupt("the engine holds something else than memos"))),
        },
    }
}

/// Calls an engine, on a thread for blocking work if it may block.
async fn call<T: Send + 'static>(
    engine: Arc<dyn Engine>,
    work: impl FnOnce(&dyn Engine) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if engine.is_in_memory() {
        return work(&*engine);
    }
    spawn_blocking(move || work(&*engine)).await.unwrap_or_else(|panic| Err(StoreError::Other { source: panic.into() }))
}

/// A unit of work. It is all repositories.
pub struct Unit {
    /// `None` after a call whose future was dropped before it ended.
    transaction: Option<Transaction>,
    engine: Arc<dyn Engine>,
    user: Option<UserId>,
    searches: FairSemaphore<Option<UserId>>,
    /// The right to write, which one unit of work has at a time.
    turn: Option<Turn>,
    failed: bool,
}

impl Unit {
    /// Reads.
    pub async fn read<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|transaction| work(transaction)).await
    }

    /// Reads for a search: on a thread for blocking work, also if the engine is in memory, and until a deadline.
    pub async fn search<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Transaction, Instant) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + SEARCH_LIMIT;
        let permit = self.searches.acquire(self.user).await;
        let permit = permit.map_err(|error| StoreError::Unavailable { source: error.into() })?;
        let transaction = self.take()?;
        let search = spawn_blocking(move || {
            let result = work(&transaction, deadline);
            drop(permit);
            (transaction, result)
        });
        let (transaction, result) = search.await.map_err(|panic| StoreError::Other { source: panic.into() })?;
        self.transaction = Some(transaction);
        result
    }

    /// Writes. After an error nothing can be committed.
    pub async fn write<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.turn.is_none() {
            return Err(refused("a unit of work that was begun for reading cannot write"));
        }
        let result = self.run(work).await;
        self.failed |= result.is_err();
        result
    }

    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Transaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut transaction = self.take()?;
        let (transaction, result) = call(Arc::clone(&self.engine), move |_| {
            let result = work(&mut transaction);
            Ok((transaction, result))
        })
        .await?;
        self.transaction = Some(transaction);
        result
    }

    fn take(&mut self) -> Result<Transaction, StoreError> {
        self.transaction.take().ok_or_else(|| refused("a call of this unit of work was dropped"))
    }

    async fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, engine, turn, failed, .. } = self;
        let (Some(mut transaction), false) = (transaction, failed) else {
            return Err(refused("a unit of work cannot be committed after an error of a write"));
        };
        if transaction.is_unchanged() {
            return Ok(());
        }
        // The turn goes along: even if its caller has gone, a commit keeps other writers waiting until it ends.
        call(engine, move |engine| {
            if transaction.get_bytes(&FORMAT_KEY)?.is_none() {
                transaction.put_bytes(FORMAT_KEY.to_vec(), FORMAT.to_vec());
            }
            let result = engine.commit(transaction.into_writes());
            drop(turn);
            result
        })
        .await
    }
}

macro_rules! unit_of_work {
    ($($accessor:ident: $repository:path { $($methods:tt)* })*) => {
        #[async_trait]
        impl UnitOfWork for Unit {
            $(fn $accessor(&mut self) -> &mut dyn $repository {
                self
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                Unit::commit(*self).await
            }
        }
    };
}
memo_domain::for_each_repository!(unit_of_work);

fn refused(reason: &'static str) -> StoreError {
    StoreError::Other { source: reason.into() }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, ops::Range};

    use super::*;
    use crate::{Direction, Entries, Snapshot, Writes};

    /// An engine with one entry, which another program or another version has written.
    struct Foreign([u8; 1], [u8; 1]);

    impl Engine for Foreign {
        fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
            Ok(Box::new(Self(self.0, self.1)))
        }

        fn commit(&self, _: Writes) -> Result<(), StoreError> {
            Err(refused("nothing is written"))
        }
    }

    impl Snapshot for Foreign {
        fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
            Ok((key == self.0).then_some(Cow::Borrowed(&self.1)))
        }

        fn walk(&self, range: Range<&[u8]>, _: Direction) -> Entries<'_> {
            let is_in = range.contains(&self.0.as_slice());
            let entry = (Cow::Borrowed(self.0.as_slice()), Cow::Borrowed(self.1.as_slice()));
            Box::new(is_in.then_some(Ok(entry)).into_iter())
        }
    }

    #[tokio::test]
    async fn engine_with_other_data_is_corrupt() {
        for engine in [Foreign(FORMAT_KEY, [FORMAT[0] + 1]), Foreign(*b"x", *b"y")] {
            let store = KvStore::new(engine);
            assert!(matches!(store.check().await, Err(StoreError::Corrupt { .. })));
            for access in [Access::Read, Access::Snapshot, Access::Write] {
                assert!(matches!(store.begin(access).await, Err(StoreError::Corrupt { .. })), "{access:?}");
            }
        }
        KvStore::new(Foreign(FORMAT_KEY, FORMAT)).check().await.expect("the format is known");
    }
}
