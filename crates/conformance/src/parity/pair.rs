//! Two units of work that are asked the same.

use std::fmt::Debug;

use memo_domain::{Conflict, StoreError, UnitOfWork};

use super::Log;

/// What an error says to a use case; what the driver said differs from store to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Conflict(Conflict),
    Stale,
    Unavailable,
    Corrupt,
    Other,
}

impl From<&StoreError> for Kind {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Conflict { what } => Self::Conflict(*what),
            StoreError::Stale => Self::Stale,
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Corrupt { .. } => Self::Corrupt,
            StoreError::Other { .. } => Self::Other,
        }
    }
}

/// A unit of work of the store, and one of the reference.
pub(super) struct Pair {
    ours: Box<dyn UnitOfWork>,
    theirs: Box<dyn UnitOfWork>,
    /// Whether it may search: what a unit of work wrote itself need not be found in it.
    pub(super) may_search: bool,
}

impl Pair {
    pub(super) fn new(ours: Box<dyn UnitOfWork>, theirs: Box<dyn UnitOfWork>) -> Self {
        Self { ours, theirs, may_search: true }
    }

    /// What the reference alone says, to decide what is worth asking.
    pub(super) fn reference(&mut self) -> &mut dyn UnitOfWork {
        &mut *self.theirs
    }

    /// Asks both, and gives the answer, which is that of both.
    pub(super) async fn ask<T: PartialEq + Debug>(
        &mut self,
        log: &mut Log,
        what: impl Into<String>,
        work: impl AsyncFn(&mut dyn UnitOfWork) -> Result<T, StoreError>,
    ) -> Result<T, Kind> {
        let what = what.into();
        log.line(what.clone());
        let (ours, theirs) = (work(&mut *self.ours).await, work(&mut *self.theirs).await);
        let kinds = (ours.as_ref().map_err(Kind::from), theirs.as_ref().map_err(Kind::from));
        assert!(kinds.0 == kinds.1, "{what}\nthe store:     {}\nthe reference: {}", show(&ours), show(&theirs));
        if let Err(kind) = kinds.0 {
            log.line(format!("  {kind:?}"));
        }
        theirs.map_err(|error| Kind::from(&error))
    }

    pub(super) async fn commit(self) {
        let (ours, theirs) = (self.ours.commit().await, self.theirs.commit().await);
        theirs.expect("the reference commits");
        ours.expect("the store commits");
    }
}

/// An answer, cut where it is very long.
fn show(answer: &impl Debug) -> String {
    let text = format!("{answer:?}");
    if text.chars().count() > 4_000 { text.chars().take(4_000).chain("…".chars()).collect() } else { text }
}
