use std::collections::HashSet;

use memo_domain::{
    AuditEvent, AuditId, AuditKind, Identity, Like, Limit, MemoCursor, MemoFilter, MemoId, MemoSort, MemoView,
    PageRequest, PageStart, Session, Share, SortDirection, SortField, UnitOfWork, User, UserId,
};

use super::Transfer;
use crate::{Device, Error, Principal, accounts::present, audit::AuditEntry, likes};

/// How many records of a kind are read at once while they may be large.
const FEW: u64 = 10;
/// How many are read at once after a batch of small ones.
const MANY: u64 = 100;
/// How large a batch of [`FEW`] is at most when the next one may be one of [`MANY`], in bytes.
const SMALL: u64 = 64 << 10;

/// A record of an export.
#[derive(Debug)]
pub enum Record {
    /// The account itself.
    Account(User),
    /// A linked social account.
    Identity(Identity),
    /// A live session.
    Session(Session),
    /// An audit event.
    Event(AuditEvent),
    /// A memo, in the trash or not.
    Memo(Box<MemoView>),
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
    /// Whether it contains how the user signs in: sessions and identities.
    with_sign_ins: bool,
    contents: ExportContents,
    next: Part,
    /// The number of the last change before the export began.
    since: u64,
    /// Whether the last records were small, so that more of them are read at once.
    is_small: bool,
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
    /// Starts an export of a user's data, and records it in the audit log. Sessions and identities are for a user who signed in
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
        Ok(Export { user, with_sign_ins, contents, next, since: since.await?, is_small: false })
    }

    /// Returns the next records of an export, or `None` at its end. A memo that changes meanwhile is returned again: of two
    /// records with one id the last one counts.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn more(&self, export: &mut Export) -> Result<Option<Vec<Record>>, Error> {
        let sessions = match &export.next {
            Part::Account if export.with_sign_ins => {
                self.ports.browser_sessions.list_live(export.user, self.ports.now()).await?
            }
            Part::End => return Ok(None),
            _ => Vec::new(),
        };
        let transactions = self.ports.transactions.on_behalf_of(export.user);
        let read = transactions.read(async |unit| read_part(unit, export).await);
        let (mut records, next) = read.await?;
        records.extend(sessions.into_iter().map(Record::Session));
        export.next = next;
        export.is_small = average_size(&records) as u64 <= SMALL / FEW;
        Ok(Some(records))
    }
}

/// The average size of the contents of some records, in bytes.
fn average_size(records: &[Record]) -> usize {
    let size = |record: &Record| match record {
        Record::Memo(view) => view.memo.state.content.as_str().len(),
        _ => 0,
    };
    records.iter().map(size).sum::<usize>() / records.len().max(1)
}

/// Reads the records of the next part, and returns the part after it.
async fn read_part(unit: &mut dyn UnitOfWork, export: &Export) -> Result<(Vec<Record>, Part), Error> {
    let limit = Limit::new(if export.is_small { MANY } else { FEW }).unwrap_or_default();
    let user = export.user;
    Ok(match &export.next {
        Part::Account => {
            let account = present(unit.users().lookup(user).await?)?;
            let mut records = vec![Record::Account(account.clone()), Record::Settings(account)];
            if export.with_sign_ins {
                records.extend(unit.identities().list_by_user(user).await?.into_iter().map(Record::Identity));
            }
            (records, Part::Events(PageStart::Offset(0)))
        }
        Part::Events(start) => {
            let page = unit.audit().list(Some(user), &PageRequest { limit, start: start.clone() }).await?;
            let next = page.next.map_or(Part::FIRST_MEMOS, |cursor| Part::Events(PageStart::After(cursor)));
            (page.items.into_iter().map(AuditEvent::for_its_user).map(Record::Event).collect(), next)
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
            (memo_records(unit, export, page.items).await?, next)
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
            (memo_records(unit, export, views).await?, next)
        }
        Part::Likes(start) => {
            let limit = Limit::new(MANY).unwrap_or_default();
            let page = unit.likes().list_by_user(user, &PageRequest { limit, start: start.clone() }).await?;
            let next = page.next.map_or(Part::End, |cursor| Part::Likes(PageStart::After(cursor)));
            (page.items.into_iter().map(Record::Like).collect(), next)
        }
        Part::End => (Vec::new(), Part::End),
    })
}

/// Memos, each export of all data also with their shares.
async fn memo_records(unit: &mut dyn UnitOfWork, export: &Export, views: Vec<MemoView>) -> Result<Vec<Record>, Error> {
    let ids: Vec<_> = views.iter().map(|view| view.memo.id).collect();
    let mut records: Vec<_> = views.into_iter().map(|view| Record::Memo(Box::new(view))).collect();
    if export.contents == ExportContents::All && !ids.is_empty() {
        records.extend(unit.shares().find_by_memos(&ids).await?.into_iter().map(Record::Share));
    }
    Ok(records)
}
