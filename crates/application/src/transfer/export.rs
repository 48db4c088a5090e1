use std::collections::{HashSet, VecDeque};

use memo_domain::{
    ApiKey, AuditEvent, AuditId, AuditKind, Identity, Like, Limit, MemoCursor, MemoFilter, MemoId, MemoSort, MemoView,
    PageRequest, PageStart, Revision, Session, Share, SortDirection, SortField, UnitOfWork, User, UserId, Version,
    Webhook,
};

use super::Transfer;
use crate::{Device, Error, Principal, accounts::present, audit::AuditEntry, likes};

/// How many records of a kind are read at once while they may be large.
const FEW: u64 = 10;
/// How many are read at once after a batch of small ones.
const MANY: u64 = 100;
/// How large a batch of [`FEW`] is at most when the next one may be one of [`MANY`], in bytes.
const SMALL: u64 = 64 << 10;
/// The size at which no more memos and revisions are returned at once, in bytes.
const LARGE: usize = 1 << 20;

/// A record of an export.
#[derive(Debug)]
pub enum Record {
    /// The account itself.
    Account(User),
    /// A linked social account.
    Identity(Identity),
    /// A live session.
    Session(Session),
    /// An API key.
    ApiKey(ApiKey),
    /// A webhook.
    Webhook(Box<Webhook>),
    /// An audit event.
    Event(AuditEvent),
    /// A memo, in the trash or not.
    Memo(Box<MemoView>),
    /// A revision of the last memo before it. Of one memo they come with the newest first, so that each content is a delta to that
    /// of the record before it.
    Revision(Box<Revision>),
    /// A share of a memo.
    Share(Share),
    /// A like that the user gave.
    Like(Like),
    /// What an import restores of the account.
    Settings(User),
}

/// What an export contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportContents {
    /// All data of the user.
    All,
    /// The memos.
    Memos,
}

/// A running export.
#[derive(Debug)]
pub struct Export {
    user: UserId,
    /// Whether it contains how the user signs in: sessions, identities and API keys.
    with_sign_ins: bool,
    contents: ExportContents,
    next: Part,
    /// The number of the last change before the export began.
    since: u64,
    /// What was read of `next`, but not returned yet.
    waiting: Waiting,
    /// Whether the last memos were small, so that more of them are read at once.
    is_small: bool,
}

/// Memos, and what follows them.
#[derive(Debug, Default)]
struct Waiting {
    /// The memo that was returned last, if it may have more revisions.
    revisions: Option<Earlier>,
    memos: VecDeque<MemoView>,
    shares: Vec<Share>,
}

/// The revisions of a memo before a version, of which up to `limit` are read at once.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    memo: MemoId,
    before: Version,
    limit: u64,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.revisions.is_none() && self.memos.is_empty() && self.shares.is_empty()
    }
}

#[derive(Debug)]
enum Part {
    Account,
    Events(PageStart<AuditId>),
    Memos {
        list: Memos,
        start: PageStart<MemoCursor>,
    },
    Changed {
        since: u64,
    },
    /// Last, so that an import knows the memos before their likes.
    Likes(PageStart<MemoId>),
    End,
}

impl Part {
    const FIRST_MEMOS: Self = Self::Memos { list: Memos::Active, start: PageStart::Offset(0) };
}

/// The lists that all memos of a user are in. Each has an index in its order: without one, each page would sort the whole
/// list. A memo that moves from one list to another meanwhile is among the changes.
#[derive(Debug, Clone, Copy)]
enum Memos {
    Active,
    Archived,
    Trashed,
}

impl Memos {
    const fn next(self) -> Option<Self> {
        match self {
            Self::Active => Some(Self::Archived),
            Self::Archived => Some(Self::Trashed),
            Self::Trashed => None,
        }
    }

    fn filter(self, user: UserId) -> (MemoFilter, SortField) {
        let all = MemoFilter::of(user);
        match self {
            Self::Active => (MemoFilter { archived: Some(false), ..all }, SortField::CreatedAt),
            Self::Archived => (MemoFilter { archived: Some(true), ..all }, SortField::UpdatedAt),
            Self::Trashed => (MemoFilter { trashed: true, ..all }, SortField::UpdatedAt),
        }
    }
}

impl Transfer {
    /// Starts an export of a user's data, and records it in the audit log. Sessions, identities and API keys are for a user who signed in
    /// themselves, with all scopes.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn export(&self, caller: &Principal, device: &Device, contents: ExportContents) -> Result<Export, Error> {
        let user = caller.user_id;
        let transactions = self.ports.transactions.on_behalf_of(user);
        let since = transactions.write(async |tx| {
            present(tx.users().lookup(user).await?)?;
            let since = tx.changes().last_seq(user).await?;
            tx.record(AuditEntry::new(user, AuditKind::Exported, device)).await?;
            Ok(since)
        });
        let with_sign_ins = caller.require_interactive().is_ok();
        let next = match contents {
            ExportContents::All => Part::Account,
            ExportContents::Memos => Part::FIRST_MEMOS,
        };
        Ok(Export {
            user,
            with_sign_ins,
            contents,
            next,
            since: since.await?,
            waiting: Waiting::default(),
            is_small: false,
        })
    }

    /// Returns the next records of an export, or `None` at its end. A memo that changes meanwhile is returned again: of two
    /// records with one id the last one counts.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn more(&self, export: &mut Export) -> Result<Option<Vec<Record>>, Error> {
        if !export.waiting.is_empty() {
            return self.more_of_memos(export).await.map(Some);
        }
        let sessions = match &export.next {
            Part::Account if export.with_sign_ins => {
                self.ports.browser_sessions.list_live(export.user, self.ports.now()).await?
            }
            Part::End => return Ok(None),
            _ => Vec::new(),
        };
        let transactions = self.ports.transactions.on_behalf_of(export.user);
        let read = transactions.read(async |unit| read_part(unit, export).await);
        let (read, next) = read.await?;
        export.next = next;
        match read {
            Read::Records(mut records) => {
                records.extend(sessions.into_iter().map(Record::Session));
                Ok(Some(records))
            }
            Read::Memos(waiting) => {
                export.is_small = average_size(&waiting.memos) as u64 <= SMALL / FEW;
                export.waiting = waiting;
                self.more_of_memos(export).await.map(Some)
            }
        }
    }

    /// Returns the next of the memos that were read, each followed by its revisions. A memo that has changed since it was read
    /// still has the revisions before that version: they do not change.
    async fn more_of_memos(&self, export: &mut Export) -> Result<Vec<Record>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(export.user);
        let waiting = &mut export.waiting;
        let (mut records, mut size) = (Vec::new(), 0);
        while (records.len() as u64) < MANY && size < LARGE {
            if let Some(Earlier { memo, before, limit }) = waiting.revisions {
                let number = u32::try_from(limit).unwrap_or(u32::MAX);
                let read = transactions.read(async |unit| {
                    Ok(unit.revisions().list_down_to(memo, before, Version::new(0), number).await?)
                });
                let found = read.await?;
                let bytes: usize = found.iter().map(|revision| revision.delta.middle.len()).sum();
                let last = found.last().filter(|_| found.len() as u64 == limit);
                let limit = if bytes as u64 <= SMALL { MANY } else { FEW };
                waiting.revisions = last.map(|last| Earlier { memo, before: last.head.version, limit });
                size += bytes;
                records.extend(found.into_iter().map(|revision| Record::Revision(Box::new(revision))));
            } else if let Some(view) = waiting.memos.pop_front() {
                let (memo, before) = (view.memo.id, view.memo.version);
                let has_revisions = export.contents == ExportContents::All && before > Version::FIRST;
                waiting.revisions = has_revisions.then_some(Earlier { memo, before, limit: FEW });
                size += view.memo.state.content.as_str().len();
                records.push(Record::Memo(Box::new(view)));
            } else {
                records.extend(waiting.shares.drain(..).map(Record::Share));
                break;
            }
        }
        Ok(records)
    }
}

/// The average size of the contents of some memos, in bytes.
fn average_size(memos: &VecDeque<MemoView>) -> usize {
    memos.iter().map(|view| view.memo.state.content.as_str().len()).sum::<usize>() / memos.len().max(1)
}

/// What was read of a part.
enum Read {
    Records(Vec<Record>),
    Memos(Waiting),
}

/// Reads the records of the next part, and returns the part after it.
async fn read_part(unit: &mut dyn UnitOfWork, export: &Export) -> Result<(Read, Part), Error> {
    let limit = Limit::new(if export.is_small { MANY } else { FEW }).unwrap_or_default();
    let user = export.user;
    Ok(match &export.next {
        Part::Account => {
            let account = present(unit.users().lookup(user).await?)?;
            let mut records = vec![Record::Account(account.clone()), Record::Settings(account)];
            if export.with_sign_ins {
                records.extend(unit.identities().list_by_user(user).await?.into_iter().map(Record::Identity));
                records.extend(unit.api_keys().list_by_user(user).await?.into_iter().map(Record::ApiKey));
            }
            let webhooks = unit.webhooks().list_by_user(user).await?;
            records.extend(webhooks.into_iter().map(|webhook| Record::Webhook(Box::new(webhook))));
            (Read::Records(records), Part::Events(PageStart::Offset(0)))
        }
        Part::Events(start) => {
            let page = unit.audit().list(Some(user), &PageRequest { limit, start: start.clone() }).await?;
            let next = page.next.map_or(Part::FIRST_MEMOS, |cursor| Part::Events(PageStart::After(cursor)));
            let events = page.items.into_iter().map(AuditEvent::for_its_user).map(Record::Event);
            (Read::Records(events.collect()), next)
        }
        Part::Memos { list, start } => {
            let (filter, field) = list.filter(user);
            let oldest_first = MemoSort { field, direction: SortDirection::Ascending };
            let request = PageRequest { limit, start: start.clone() };
            let mut page = unit.memos().list(&filter, oldest_first, &request).await?;
            likes::mark(unit, user, &mut page.items).await?;
            let next = match page.next {
                Some(cursor) => Part::Memos { list: *list, start: PageStart::After(cursor) },
                None => list.next().map_or(Part::Changed { since: export.since }, |list| Part::Memos {
                    list,
                    start: PageStart::Offset(0),
                }),
            };
            (Read::Memos(with_shares(unit, export, page.items).await?), next)
        }
        // A memo that was restored from the trash between the two lists is in neither of them.
        Part::Changed { since } => {
            let changes = unit.changes().list(user, *since, limit).await?;
            let end = match export.contents {
                ExportContents::All => Part::Likes(PageStart::Offset(0)),
                ExportContents::Memos => Part::End,
            };
            let next = changes.last().map_or(end, |last| Part::Changed { since: last.seq });
            let mut views = Vec::new();
            for id in changes.iter().map(|change| change.memo_id).collect::<HashSet<_>>() {
                views.extend(unit.memos().lookup(id).await?.filter(|view| view.memo.owner_id == user));
            }
            likes::mark(unit, user, &mut views).await?;
            (Read::Memos(with_shares(unit, export, views).await?), next)
        }
        Part::Likes(start) => {
            let limit = Limit::new(MANY).unwrap_or_default();
            let page = unit.likes().list_by_user(user, &PageRequest { limit, start: start.clone() }).await?;
            let next = page.next.map_or(Part::End, |cursor| Part::Likes(PageStart::After(cursor)));
            (Read::Records(page.items.into_iter().map(Record::Like).collect()), next)
        }
        Part::End => (Read::Records(Vec::new()), Part::End),
    })
}

/// Memos, each export of all data also with their shares.
async fn with_shares(unit: &mut dyn UnitOfWork, export: &Export, views: Vec<MemoView>) -> Result<Waiting, Error> {
    let ids: Vec<_> = views.iter().map(|view| view.memo.id).collect();
    let mut shares = Vec::new();
    if export.contents == ExportContents::All && !ids.is_empty() {
        shares = unit.shares().find_by_memos(&ids).await?;
    }
    Ok(Waiting { revisions: None, memos: views.into(), shares })
}
