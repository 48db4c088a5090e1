use async_trait::async_trait;
use memo_domain::{
    ChangeOrigin, Conflict, InvalidValue, Memo, MemoId, Page, PageRequest, Revision, RevisionHead, RevisionRepository,
    Source, StoreError, TextDelta, Version,
};

use crate::{
    Direction,
    codec::{Codec, Input, record},
    entity::{Entity, PRIMARY},
    keys::key,
    store::Unit,
    transaction::{Transaction, range, require},
};

impl Codec for ChangeOrigin {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Server => out.push(0),
            Self::Session(id) => {
                out.push(1);
                id.write(out);
            }
            Self::ApiKey(id) => {
                out.push(2);
                id.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            0 => Ok(Self::Server),
            1 => Ok(Self::Session(Codec::read(input)?)),
            2 => Ok(Self::ApiKey(Codec::read(input)?)),
            _ => Err(InvalidValue::Malformed.into()),
        }
    }
}

record!(RevisionHead, 1, { memo_id, version, title, tags, at, replaced_at, replaced_through });
record!(TextDelta, 1, { prefix, suffix, middle });
record!(Revision, 1, { head, delta });

impl Entity for Revision {
    const TABLE: u8 = 50;

    fn key(&self) -> Vec<u8> {
        key![self.head.memo_id, self.head.version]
    }
}

#[async_trait]
impl RevisionRepository for Unit {
    async fn insert(&mut self, revision: &Revision) -> Result<(), StoreError> {
        let revision = revision.clone();
        self.write(move |tx| {
            tx.insert(&revision)?;
            require(tx.contains::<Memo>(&key![revision.head.memo_id])?, Conflict::Parent)
        })
        .await
    }

    async fn list(
        &mut self,
        memo: MemoId,
        page: &PageRequest<Version>,
    ) -> Result<Page<RevisionHead, Version>, StoreError> {
        let page = page.clone();
        self.read(move |tx| {
            let cursor = (|revision: &Revision| revision.head.version, |version: &Version| key![*version]);
            let Page { items, next } =
                tx.page((PRIMARY, &key![memo], Direction::Descending), &page, cursor, |_: &Revision| true)?;
            Ok(Page { items: items.into_iter().map(|revision| revision.head).collect(), next })
        })
        .await
    }

    async fn list_down_to(
        &mut self,
        memo: MemoId,
        before: Version,
        last: Version,
        limit: u32,
    ) -> Result<Vec<Revision>, StoreError> {
        self.read(move |tx| {
            let all = range::<Revision>(PRIMARY, &key![memo]);
            tx.scan::<Revision>(PRIMARY, &all, Direction::Descending)
                .skip_while(|revision| matches!(revision, Ok(revision) if revision.head.version >= before))
                .take_while(|revision| !matches!(revision, Ok(revision) if revision.head.version < last))
                .take(limit as usize)
                .collect()
        })
        .await
    }

    async fn remove_all_but(&mut self, memo: MemoId, kept: u32) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let all = range::<Revision>(PRIMARY, &key![memo]);
            let newest_first = tx.scan::<Revision>(PRIMARY, &all, Direction::Descending);
            let oldest = newest_first.skip(kept as usize).collect::<Result<Vec<_>, _>>()?;
            for revision in &oldest {
                tx.remove(revision);
            }
            Ok(oldest.len() as u64)
        })
        .await
    }

    async fn remove_over(&mut self, memo: MemoId, bytes: u64) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let all = range::<Revision>(PRIMARY, &key![memo]);
            let mut size = 0;
            let newest_first = tx.scan::<Revision>(PRIMARY, &all, Direction::Descending);
            let too_long = newest_first.skip_while(|revision| {
                size += revision.as_ref().map_or(0, |revision| revision.delta.middle.len() as u64);
                size <= bytes
            });
            let oldest = too_long.collect::<Result<Vec<_>, _>>()?;
            for revision in &oldest {
                tx.remove(revision);
            }
            Ok(oldest.len() as u64)
        })
        .await
    }
}

/// Removes the revisions of a memo.
pub fn remove_of_memo(tx: &mut Transaction, memo: MemoId) -> Result<(), StoreError> {
    tx.remove_all::<Revision>(PRIMARY, &key![memo])
}
