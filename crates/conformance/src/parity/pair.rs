//! Two units of work that receive the same calls.

use std::fmt::Debug;

use memo_domain::{Conflict, StoreError, UnitOfWork};

use super::Log;

/// The kind of an error. The underlying driver errors differ between stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Conflict(Conflict),
    Stale,
    Contention,
    Unavailable,
    Unwritable,
    Corrupt,
    Timeout,
    Other,
}

impl From<&StoreError> for Kind {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Conflict { what } => Self::Conflict(*what),
            StoreError::Stale => Self::Stale,
            StoreError::Contention { .. } => Self::Contention,
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Unwritable { .. } => Self::Unwritable,
            StoreError::Corrupt { .. } => Self::Corrupt,
            StoreError::Timeout { .. } => Self::Timeout,
            StoreError::Other { .. } => Self::Other,
        }
    }
}

/// A unit of work of the store, and one of the reference.
pub(super) struct Pair {
    tested: Box<dyn UnitOfWork>,
    reference: Box<dyn UnitOfWork>,
    /// Whether searches are compared: a unit of work need not find its own writes.
    pub(super) may_search: bool,
}

impl Pair {
    pub(super) fn new(tested: Box<dyn UnitOfWork>, reference: Box<dyn UnitOfWork>) -> Self {
        Self { tested, reference, may_search: true }
    }

    /// The unit of work of the reference alone, to choose meaningful calls.
    pub(super) fn reference(&mut self) -> &mut dyn UnitOfWork {
        &mut *self.reference
    }

    /// Calls both, asserts that the results are equal, and returns the result.
    pub(super) async fn ask<T: PartialEq + Debug>(
        &mut self,
        log: &mut Log,
        what: impl Into<String>,
        work: impl AsyncFn(&mut dyn UnitOfWork) -> Result<T, StoreError>,
    ) -> Result<T, Kind> {
        let what = what.into();
        log.line(what.clone());
        let (tested, reference) = (work(&mut *self.tested).await, work(&mut *self.reference).await);
        let kinds = (tested.as_ref().map_err(Kind::from), reference.as_ref().map_err(Kind::from));
        assert!(kinds.0 == kinds.1, "{what}\nthe store:     {}\nthe reference: {}", show(&tested), show(&reference));
        if let Err(kind) = kinds.0 {
            log.line(format!("  {kind:?}"));
        }
        reference.map_err(|error| Kind::from(&error))
    }

    pub(super) async fn commit(self) {
        let (tested, reference) = (self.tested.commit().await, self.reference.commit().await);
        reference.expect("the reference commits");
        tested.expect("the store commits");
    }
}

/// A result, truncated if it is very long.
fn show(answer: &impl Debug) -> String {
    let text = format!("{answer:?}");
    if text.chars().count() > 4_000 { text.chars().take(4_000).chain("…".chars()).collect() } else { text }
}
