//! What an adapter implements.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map},
    ops::Range,
};

use memo_domain::StoreError;

/// An ordered map from bytes to bytes, read as of one moment and changed in one atomic step.
///
/// Keys are compared byte by byte. No key is longer than 511 bytes, the limit of LMDB. A value may have some 500 kB.
pub trait Engine: Send + Sync {
    /// Returns a view of all that was committed before this call. Later commits do not change it.
    ///
    /// It must not wait for a commit that is under way.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database is out of reach or closed; [`StoreError::Corrupt`] or [`StoreError::Other`].
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Applies all writes or none of them. There is one call at a time.
    ///
    /// When this returns, the writes are durable if the engine is: they survive `kill -9` and a power cut.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if the disk is full, read-only or failing, and certainly nothing was written;
    /// [`StoreError::Unavailable`] if the database is out of reach or closed, or if it is unknown whether something was written;
    /// [`StoreError::Corrupt`] or [`StoreError::Other`].
    fn commit(&self, writes: Writes) -> Result<(), StoreError>;

    /// Whether no call waits for a disk or a network. The store then calls the engine on the thread of the caller instead
    /// of one for blocking work.
    fn is_in_memory(&self) -> bool {
        false
    }
}

/// What an [`Engine`] holds at one moment. The engine may be asked for many at the same time.
pub trait Snapshot: Send {
    /// Returns the value of a key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database is out of reach or closed; [`StoreError::Corrupt`] or [`StoreError::Other`].
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError>;

    /// Returns the entries whose keys are in the range, in the order of their keys or the opposite one.
    fn walk(&self, range: Range<&[u8]>, direction: Direction) -> Entries<'_>;
}

/// A key with its value.
pub type Entry<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The entries of a walk. An error may come at the start or in the middle.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry<'a>, StoreError>> + 'a>;

/// The order of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest key first.
    Ascending,
    /// The greatest key first.
    Descending,
}

/// The writes of one unit of work: at most one for each key, in the order of the keys.
#[derive(Debug, Default)]
pub struct Writes(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Writes {
    pub(crate) fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.0.insert(key, None);
    }

    /// What was written for this key: a value, or `None` for its removal.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.0.get(key)
    }

    pub(crate) fn range(&self, range: Range<&[u8]>) -> btree_map::Range<'_, Vec<u8>, Option<Vec<u8>>> {
        use std::ops::Bound::{Excluded, Included};
        self.0.range::<[u8], _>((Included(range.start), Excluded(range.end)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Each key with the value to insert, or `None` if the key is to be removed.
impl IntoIterator for Writes {
    type Item = (Vec<u8>, Option<Vec<u8>>);
    type IntoIter = btree_map::IntoIter<Vec<u8>, Option<Vec<u8>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
