//! Members take all that is theirs with them, and bring memos.

use std::{collections::HashSet, sync::Arc};

use memo_domain::{
    Access, AuditEvent, AuditId, AuditKind, ChangeKind, Conflict, Identity, Limit, Memo, MemoCursor, MemoFilter,
    MemoId, MemoSort, MemoState, MemoView, PageRequest, PageStart, Secret, Session, SortDirection, SortField,
    StoreError, Timestamp, User, UserId, Version,
};

use crate::{Device, Error, Ports, accounts::present, audit::Happened, memos::Step, unit::repeat};

/// How many of a kind are read at once: what an export holds in memory.
const AT_ONCE: u64 = 10;

/// Something that belongs to a member.
#[derive(Debug)]
pub enum Record {
    /// The account itself.
    Account(User),
    /// A linked social account.
    Identity(Identity),
    /// A sign-in that is good.
    Session(Session),
    /// A security event.
    Event(AuditEvent),
    /// A memo, in the trash or not.
    Memo(Box<MemoView>),
}

/// An export on its way.
#[derive(Debug)]
pub struct Export {
    user: UserId,
    next: Part,
    /// The last change before it began.
    since: u64,
}

#[derive(Debug)]
enum Part {
    Account,
    Events(PageStart<AuditId>),
    Memos { trashed: bool, start: PageStart<MemoCursor> },
    Changed,
    Nothing,
}

/// A memo that is brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtMemo {
    /// The id that it had.
    pub id: MemoId,
    /// What its owner wrote.
    pub state: MemoState,
    /// When its owner was reminded.
    pub reminded_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it was moved to the trash.
    pub deleted_at: Option<Timestamp>,
}

/// What became of a memo that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// It was not there.
    Created,
    /// It was there in an older state.
    Updated,
    /// It is there in this state or a newer one.
    Kept,
}

/// Members take what is theirs with them, and bring memos.
pub struct Transfer {
    ports: Arc<Ports>,
}

impl Transfer {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Begins an export of all that belongs to a member, which is a security event.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the member is gone.
    pub async fn export(&self, user: UserId, device: &Device) -> Result<Export, Error> {
        let mut unit = self.ports.store.begin(Access::Write).await?;
        present(unit.users().lookup(user).await?)?;
        let since = unit.changes().last_seq(user).await?;
        Happened::to(user, AuditKind::Exported, device).record(&mut *unit, &self.ports).await?;
        unit.commit().await?;
        Ok(Export { user, next: Part::Account, since })
    }

    /// The next records of an export; `None` at its end. A memo that changes meanwhile comes again: the last one of an id
    /// is the one that counts.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the member is gone.
    pub async fn more(&self, export: &mut Export) -> Result<Option<Vec<Record>>, Error> {
        let sessions = match &export.next {
            Part::Account => self.ports.browser_sessions.list_live(export.user, self.ports.now()).await?,
            _ => Vec::new(),
        };
        let mut unit = self.ports.store.begin(Access::Read).await?;
        let limit = Limit::new(AT_ONCE).unwrap_or_default();
        let user = export.user;
        let (records, next) = match &export.next {
            Part::Account => {
                let account = present(unit.users().lookup(user).await?)?;
                let identities = unit.identities().list_by_user(user).await?.into_iter().map(Record::Identity);
                let sessions = sessions.into_iter().map(Record::Session);
                let records = [Record::Account(account)].into_iter().chain(identities).chain(sessions).collect();
                (records, Part::Events(PageStart::Offset(0)))
            }
            Part::Events(start) => {
                let page = unit.audit().list(Some(user), &PageRequest { limit, start: start.clone() }).await?;
                let first = Part::Memos { trashed: false, start: PageStart::Offset(0) };
                let next = page.next.map_or(first, |cursor| Part::Events(PageStart::After(cursor)));
                (page.items.into_iter().map(Record::Event).collect(), next)
            }
            Part::Memos { trashed, start } => {
                let trashed = *trashed;
                let filter = MemoFilter { trashed, ..MemoFilter::of(user) };
                let oldest_first = MemoSort { field: SortField::CreatedAt, direction: SortDirection::Ascending };
                let request = PageRequest { limit, start: start.clone() };
                let page = unit.memos().list(&filter, oldest_first, &request).await?;
                let next = match page.next {
                    Some(cursor) => Part::Memos { trashed, start: PageStart::After(cursor) },
                    None if trashed => Part::Changed,
                    None => Part::Memos { trashed: true, start: PageStart::Offset(0) },
                };
                (page.items.into_iter().map(|view| Record::Memo(Box::new(view))).collect(), next)
            }
            // What was taken out of the trash between the two lists is in none of them.
            Part::Changed => {
                let changes = unit.changes().list(user, export.since, limit).await?;
                let last = changes.last().map(|change| change.seq);
                let mut records = Vec::new();
                for id in changes.iter().map(|change| change.memo_id).collect::<HashSet<_>>() {
                    let view = unit.memos().lookup(id).await?.filter(|view| view.memo.owner_id == user);
                    records.extend(view.map(|view| Record::Memo(Box::new(view))));
                }
                export.since = last.unwrap_or(export.since);
                (records, if last.is_some() { Part::Changed } else { Part::Nothing })
            }
            Part::Nothing => return Ok(None),
        };
        export.next = next;
        Ok(Some(records))
    }

    /// Adds memos in one unit of work: each under the id that it had, or, where that is another member's, under one that
    /// follows from it and the owner. So the same memos may be brought again. Of one that is there already the state that
    /// changed last stays.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the member is gone.
    pub async fn bring(&self, owner: UserId, memos: &[BroughtMemo]) -> Result<Vec<(MemoId, Brought)>, Error> {
        repeat(async || {
            let now = self.ports.now();
            let mut step = Step::new(&*self.ports.store, owner, now).await?;
            let mut outcomes = Vec::with_capacity(memos.len());
            for memo in memos {
                outcomes.push(bring(&mut step, owner, memo, now).await?);
            }
            step.commit().await.map_err(raced)?;
            Ok(outcomes)
        })
        .await
    }
}

async fn bring(
    step: &mut Step,
    owner: UserId,
    brought: &BroughtMemo,
    now: Timestamp,
) -> Result<(MemoId, Brought), Error> {
    let mut id = brought.id;
    let kept = loop {
        match step.lookup(id).await? {
            Some(kept) if kept.owner_id != owner => id = successor(id, owner),
            kept => break kept,
        }
    };
    let Some(mut memo) = kept else {
        let created_at = brought.created_at.min(now);
        let memo = Memo {
            id,
            owner_id: owner,
            state: brought.state.clone(),
            reminded_at: brought.reminded_at,
            version: Version::FIRST,
            created_at,
            updated_at: brought.updated_at.clamp(created_at, now),
            deleted_at: brought.deleted_at.map(|time| time.clamp(created_at, now)),
        };
        step.insert(&memo).await.map_err(raced)?;
        return Ok((id, Brought::Created));
    };
    let is_same = memo.state == brought.state && memo.is_trashed() == brought.deleted_at.is_some();
    if is_same || brought.updated_at <= memo.updated_at {
        return Ok((id, Brought::Kept));
    }
    let kind = match (memo.is_trashed(), brought.deleted_at) {
        (false, Some(_)) => ChangeKind::Trashed,
        (true, None) => ChangeKind::Restored,
        _ => ChangeKind::Updated,
    };
    let from = memo.version;
    memo.rewrite(brought.state.clone(), now);
    memo.deleted_at = brought.deleted_at.map(|time| time.min(now));
    step.update(&memo, from, kind).await?;
    Ok((id, Brought::Updated))
}

/// The id of a memo for another owner: the same whenever it is asked for, and of the same time.
fn successor(id: MemoId, owner: UserId) -> MemoId {
    let mut both = [0; 32];
    let (first, second) = both.split_at_mut(16);
    first.copy_from_slice(id.as_uuid().as_bytes());
    second.copy_from_slice(owner.as_uuid().as_bytes());
    let digest = Secret::new(both).digest();
    let mut bytes = *id.as_uuid().as_bytes();
    // Version 7 (RFC 9562): 48 bits of time, then anything at all but for the version and the variant.
    for (byte, random) in bytes.iter_mut().zip(digest.as_bytes()).skip(6) {
        *byte = *random;
    }
    MemoId::new(uuid::Builder::from_bytes(bytes).with_version(uuid::Version::SortRand).into_uuid())
}

/// Another import has taken the id since it was looked up.
fn raced(error: Error) -> Error {
    match &error {
        Error::Internal { source } => match source.downcast_ref() {
            Some(StoreError::Conflict { what: Conflict::Id }) => StoreError::Stale.into(),
            _ => error,
        },
        _ => error,
    }
}
