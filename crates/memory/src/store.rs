use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::{Bound, Range},
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};
use memo_kv::{Direction, Engine, Entries, KvStore, Snapshot, Writes};

/// A [`Store`] that loses everything when it is dropped.
pub struct MemoryStore {
    store: KvStore,
    committed: Committed,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Committed::default())
    }

    /// A store that holds what this one does, until either changes.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::over(Committed(Arc::new(RwLock::new(self.committed.map()))))
    }

    /// Whether both stores hold the same.
    #[must_use]
    pub fn holds_same_as(&self, other: &Self) -> bool {
        self.committed.map() == other.committed.map()
    }

    fn over(committed: Committed) -> Self {
        Self { store: KvStore::new(committed.clone()), committed }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.store.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// Cloning it shares the keys and values.
type Map = BTreeMap<Arc<[u8]>, Arc<[u8]>>;

/// What was committed last. A snapshot is another reference to it; a commit copies the map only if a snapshot is left.
#[derive(Default, Clone)]
struct Committed(Arc<RwLock<Arc<Map>>>);

struct MapSnapshot(Arc<Map>);

impl Committed {
    // A lock that was poisoned by a panic is taken all the same: at worst some writes of a commit are missing, in tests.
    fn map(&self) -> Arc<Map> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine for Committed {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(MapSnapshot(self.map())))
    }

    fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        let mut committed = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let map = Arc::make_mut(&mut committed);
        for (key, value) in writes {
            match value {
                Some(value) => map.insert(key.into(), value.into()),
                None => map.remove(key.as_slice()),
            };
        }
        Ok(())
    }

    fn is_in_memory(&self) -> bool {
        true
    }
}

impl Snapshot for MapSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.0.get(key).map(|value| Cow::Borrowed(&**value)))
    }

    fn walk(&self, range: Range<&[u8]>, direction: Direction) -> Entries<'_> {
        let entries = self.0.range::<[u8], _>((Bound::Included(range.start), Bound::Excluded(range.end)));
        let entries = entries.map(|(key, value)| Ok((Cow::Borrowed(&**key), Cow::Borrowed(&**value))));
        match direction {
            Direction::Ascending => Box::new(entries),
            Direction::Descending => Box::new(entries.rev()),
        }
    }
}

#[cfg(test)]
mod tests {
    use memo_conformance::edit_a_word_a_hundred_times;
    use memo_domain::{DisplayName, Email, Locale, PasswordHash, Timestamp, User, UserId};
    use uuid::Uuid;

    use super::*;

    fn user() -> User {
        User::sign_up(
            UserId::new(Uuid::from_u128(1)),
            Email::new("alice@example.com").expect("a valid address"),
            DisplayName::new("Alice").expect("a valid name"),
            PasswordHash::new(String::new()),
            Locale::En,
            Timestamp::from_micros(0),
        )
    }

    async fn is_empty(store: &MemoryStore) -> bool {
        let mut uow = store.begin(Access::Read).await.expect("a unit of work");
        uow.users().lookup(user().id).await.expect("users are read").is_none()
    }

    #[tokio::test]
    async fn unit_of_work_begun_for_reading_cannot_write() {
        let store = MemoryStore::new();
        for access in [Access::Read, Access::Snapshot] {
            let mut uow = store.begin(access).await.expect("a unit of work");
            assert!(matches!(uow.users().insert(&user()).await, Err(StoreError::Other { .. })));
            uow.commit().await.expect("nothing was written");
        }
        assert!(is_empty(&store).await);
    }

    /// An engine whose bytes are counted.
    struct Counted(Committed);

    impl Engine for Counted {
        fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
            self.0.snapshot()
        }

        fn commit(&self, writes: Writes) -> Result<(), StoreError> {
            self.0.commit(writes)
        }

        fn is_in_memory(&self) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn hundred_edits_of_a_word_in_50_kb_take_under_500_kb() {
        let engine = Committed::default();
        edit_a_word_a_hundred_times(&KvStore::new(Counted(engine.clone()))).await;
        let map = engine.map();
        // The table of revisions.
        let revisions: Vec<_> = map.iter().filter(|(key, _)| key.first() == Some(&50)).collect();
        let bytes: usize = revisions.iter().map(|(key, value)| key.len() + value.len()).sum();
        assert_eq!(revisions.len(), 100);
        assert!(bytes < 500_000, "{bytes}");
    }

    #[tokio::test]
    async fn fork_holds_the_same_until_either_changes() {
        let store = MemoryStore::new();
        let fork = store.fork();
        assert!(fork.holds_same_as(&store));
        let mut uow = fork.begin(Access::Write).await.expect("a unit of work");
        uow.users().insert(&user()).await.expect("the user is added");
        uow.commit().await.expect("the commit succeeds");
        assert!(is_empty(&store).await && !is_empty(&fork).await && !fork.holds_same_as(&store));
    }

    #[tokio::test]
    async fn commit_after_a_failed_write_is_refused() {
        let store = MemoryStore::new();
        let mut uow = store.begin(Access::Write).await.expect("a unit of work");
        uow.users().insert(&user()).await.expect("the user is added");
        uow.users().insert(&user()).await.expect_err("the id is taken");
        assert!(matches!(uow.commit().await, Err(StoreError::Other { .. })));
        assert!(is_empty(&store).await);
    }
}
