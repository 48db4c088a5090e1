use async_trait::async_trait;
use memo_domain::{
    Conflict, Memo, MemoId, SecretDigest, Share, ShareId, ShareRepository, Source, StoreError, Timestamp,
};

use crate::{
    codec::{Codec, Input, record},
    entity::Entity,
    keys::key,
    store::Unit,
    transaction::{Transaction, require},
};

record!(Share, 1, { id, memo_id, digest, password_hash, expires_at, created_at, reads });

const SHARE_BY_DIGEST: u8 = 1;
const SHARE_BY_MEMO: u8 = 2;
/// The shares that expire, by when they do.
const SHARE_BY_END: u8 = 3;

impl Entity for Share {
    const TABLE: u8 = 25;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut indexes = vec![(SHARE_BY_DIGEST, key![self.digest]), (SHARE_BY_MEMO, key![self.memo_id, self.id])];
        indexes.extend(self.expires_at.map(|end| (SHARE_BY_END, key![end, self.id])));
        indexes
    }
}

#[async_trait]
impl ShareRepository for Unit {
    async fn find_by_digest(&mut self, digest: &SecretDigest) -> Result<Option<Share>, StoreError> {
        let digest = *digest;
        self.read(move |tx| tx.find(SHARE_BY_DIGEST, &key![digest])).await
    }

    async fn list(&mut self, memo: MemoId) -> Result<Vec<Share>, StoreError> {
        self.read(move |tx| {
            let mut shares = tx.all::<Share>(SHARE_BY_MEMO, &key![memo])?;
            shares.reverse();
            Ok(shares)
        })
        .await
    }

    async fn find_by_memos(&mut self, memos: &[MemoId]) -> Result<Vec<Share>, StoreError> {
        let memos = memos.to_vec();
        self.read(move |tx| {
            let mut found = Vec::new();
            for memo in memos {
                found.extend(tx.all::<Share>(SHARE_BY_MEMO, &key![memo])?);
            }
            Ok(found)
        })
        .await
    }

    async fn insert(&mut self, share: &Share) -> Result<(), StoreError> {
        let share = share.clone();
        self.write(move |tx| {
            tx.insert(&share)?;
            require(tx.contains::<Memo>(&key![share.memo_id])?, Conflict::Parent)
        })
        .await
    }

    async fn remove(&mut self, memo: MemoId, id: ShareId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let share = tx.get::<Share>(&key![id])?.filter(|share| share.memo_id == memo);
            Ok(share.map(|share| tx.remove(&share)).is_some())
        })
        .await
    }

    async fn add_reads(&mut self, reads: &[(ShareId, u64)]) -> Result<(), StoreError> {
        let reads = reads.to_vec();
        self.write(move |tx| {
            for (id, number) in reads {
                if let Some(share) = tx.get::<Share>(&key![id])? {
                    let reads = share.reads.saturating_add(number);
                    tx.replace(&share, &Share { reads, ..share.clone() })?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn remove_expired(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<Share>(SHARE_BY_END, &key![time], most)).await
    }
}

/// Removes the shares of a memo.
pub fn remove_of_memo(tx: &mut Transaction, memo: MemoId) -> Result<(), StoreError> {
    tx.remove_all::<Share>(SHARE_BY_MEMO, &key![memo])
}
