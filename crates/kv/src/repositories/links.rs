use std::collections::BTreeSet;

use async_trait::async_trait;
use memo_domain::{
    Conflict, LinkRepository, LinkTarget, Memo, MemoId, MemoView, Page, PageRequest, PageStart, Source, StoreError,
    UserId,
};

use super::memos::view;
use crate::{
    Direction,
    codec::{Codec, Input, record},
    entity::{Entity, PRIMARY},
    keys::key,
    store::Unit,
    transaction::{Transaction, range, require},
};

/// A link of a memo.
pub struct Link {
    pub memo_id: MemoId,
    pub target: LinkTarget,
}

record!(Link, 1, { memo_id, target });

const LINK_BY_TARGET: u8 = 1;

impl Entity for Link {
    const TABLE: u8 = 14;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id, self.target]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(LINK_BY_TARGET, key![self.target, self.memo_id])]
    }
}

#[async_trait]
impl LinkRepository for Unit {
    async fn insert_all(&mut self, links: &[(MemoId, LinkTarget)]) -> Result<(), StoreError> {
        let links = links.to_vec();
        self.write(move |tx| {
            for (memo_id, target) in links {
                require(tx.contains::<Memo>(&key![memo_id])?, Conflict::Parent)?;
                tx.insert(&Link { memo_id, target })?;
            }
            Ok(())
        })
        .await
    }

    async fn remove_all(&mut self, memo: MemoId) -> Result<(), StoreError> {
        self.write(move |tx| remove_of_memo(tx, memo)).await
    }

    async fn list_backlinks(
        &mut self,
        memo: &Memo,
        viewer: UserId,
        page: &PageRequest<MemoId>,
    ) -> Result<Page<MemoView, MemoId>, StoreError> {
        let (memo, page) = (memo.clone(), page.clone());
        self.read(move |tx| list(tx, &memo, viewer, &page)).await
    }
}

fn list(
    tx: &Transaction,
    memo: &Memo,
    viewer: UserId,
    page: &PageRequest<MemoId>,
) -> Result<Page<MemoView, MemoId>, StoreError> {
    let mut ids = BTreeSet::new();
    for target in LinkTarget::all_to(memo) {
        let links = range::<Link>(LINK_BY_TARGET, &key![target]);
        for link in tx.scan::<Link>(LINK_BY_TARGET, &links, Direction::Ascending) {
            ids.insert(link?.memo_id);
        }
    }
    ids.remove(&memo.id);
    let (skipped, after) = match page.start {
        PageStart::Offset(offset) => (usize::try_from(offset).unwrap_or(usize::MAX), None),
        PageStart::After(last) => (0, Some(last)),
    };
    let mut found = Vec::new();
    for id in ids.into_iter().rev().filter(|id| after.is_none_or(|after| *id < after)) {
        let Some(memo) = tx.get::<Memo>(&key![id])? else { continue };
        if !memo.is_trashed() && memo.is_visible_to(viewer) {
            found.push(memo);
        }
        if found.len() > skipped.saturating_add(page.limit.get().into()) {
            break;
        }
    }
    let views = found.into_iter().skip(skipped).map(|memo| view(tx, memo)).collect::<Result<_, _>>()?;
    Ok(Page::from_overfetched(views, page.limit, |view: &MemoView| view.memo.id))
}

/// Removes the links of a memo.
pub fn remove_of_memo(tx: &mut Transaction, memo: MemoId) -> Result<(), StoreError> {
    tx.remove_all::<Link>(PRIMARY, &key![memo])
}
