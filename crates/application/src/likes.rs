//! Users like memos that they may read.

use std::sync::Arc;

use memo_domain::{
    ChangeKind, Conflict, Like, Liker, Memo, MemoId, MemoView, NewChange, Page, PageRequest, UnitOfWork, UserId,
};

use crate::{Error, Ports, memos::owner_gone, memos::visible, transaction::Transaction};

/// How many likes of a withdrawn user one transaction removes: each changes a memo of another user and a feed.
const STEP: u32 = 100;

/// The likes of memos.
pub struct Likes {
    ports: Arc<Ports>,
}

impl Likes {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Likes a memo; again is no change.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::MemoTrashed`].
    pub async fn like(&self, user: UserId, id: MemoId) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let write = transactions.write(async |tx| {
            // Of two at once, the second one then finds the like.
            tx.retry_on(Conflict::Id);
            let memo = likable(tx, user, id).await?;
            let like = Like { memo_id: id, user_id: user, at: tx.now() };
            if tx.likes().insert(&like).await? {
                append(tx, &memo, ChangeKind::Liked);
            }
            Ok(())
        });
        write.await.map_err(owner_gone)
    }

    /// Takes a like back; without one there is nothing to do.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::MemoTrashed`].
    pub async fn unlike(&self, user: UserId, id: MemoId) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let write = transactions.write(async |tx| {
            let memo = likable(tx, user, id).await?;
            if tx.likes().remove(id, user).await? {
                append(tx, &memo, ChangeKind::Unliked);
            }
            Ok(())
        });
        write.await
    }

    /// Returns a page of the users who like a memo.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list(
        &self,
        viewer: UserId,
        id: MemoId,
        page: &PageRequest<UserId>,
    ) -> Result<Page<Liker, UserId>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(viewer);
        let read = transactions.read(async |unit| {
            visible(unit.memos().lookup(id).await?, viewer)?;
            Ok(unit.likes().list(id, page).await?)
        });
        read.await
    }
}

/// Sets in each view whether the reader likes the memo. It reads nothing if no user likes any of them.
pub async fn mark<'v>(
    unit: &mut dyn UnitOfWork,
    reader: UserId,
    views: impl IntoIterator<Item = &'v mut MemoView>,
) -> Result<(), Error> {
    let mut views: Vec<_> = views.into_iter().filter(|view| view.like_count > 0).collect();
    if views.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = views.iter().map(|view| view.memo.id).collect();
    let liked = unit.likes().find_liked(reader, &ids).await?;
    for view in &mut views {
        view.liked = liked.contains(&view.memo.id);
    }
    Ok(())
}

/// Takes back some likes of a user who has withdrawn, and returns how many.
pub async fn withdraw(tx: &mut Transaction, user: UserId) -> Result<u64, Error> {
    let ids = tx.likes().find_by_user(user, STEP).await?;
    // Locks the memos in one order, so that concurrent steps wait for each other.
    let views = tx.memos().lookup_all(&ids).await?;
    for view in &views {
        if tx.likes().remove(view.memo.id, user).await? {
            append(tx, &view.memo, ChangeKind::Unliked);
        }
    }
    Ok(ids.len() as u64)
}

/// Looks up a memo that a user may like. It stays locked, so that likes of one memo are counted one after the other.
async fn likable(tx: &mut Transaction, user: UserId, id: MemoId) -> Result<Memo, Error> {
    let memo = visible(tx.memos().lookup(id).await?, user)?.memo;
    if memo.is_trashed() { Err(Error::MemoTrashed) } else { Ok(memo) }
}

/// Tells the owner, whose cached responses change with it.
fn append(tx: &mut Transaction, memo: &Memo, kind: ChangeKind) {
    tx.append_change(memo.owner_id, NewChange::of(memo, kind, tx.now()));
}
