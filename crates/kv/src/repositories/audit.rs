use async_trait::async_trait;
use memo_domain::{AuditEvent, AuditId, AuditRepository, Page, PageRequest, Source, StoreError, Timestamp, UserId};

use super::users::require_user;
use crate::{
    Direction,
    codec::{Codec, Input, record},
    entity::{Entity, PRIMARY},
    keys::key,
    store::Unit,
    transaction::Transaction,
};

record!(AuditEvent, 2, {
    id, user_id, actor_id, kind, at, ip, device, request_id, detail,
    api_key_id: since 2, None
});

const EVENT_BY_USER: u8 = 1;
const EVENT_BY_TIME: u8 = 2;

impl Entity for AuditEvent {
    const TABLE: u8 = 12;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(EVENT_BY_USER, key![self.user_id, self.id]), (EVENT_BY_TIME, key![self.at, self.id])]
    }
}

#[async_trait]
impl AuditRepository for Unit {
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        let event = event.clone();
        self.write(move |tx| {
            tx.insert(&event)?;
            require_user(tx, event.user_id)
        })
        .await
    }

    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError> {
        let page = page.clone();
        self.read(move |tx| {
            let (index, prefix) = user.map_or((PRIMARY, Vec::new()), |user| (EVENT_BY_USER, key![user]));
            let cursor = (|event: &AuditEvent| event.id, |id: &AuditId| key![*id]);
            tx.page((index, &prefix, Direction::Descending), &page, cursor, |_| true)
        })
        .await
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<AuditEvent>(EVENT_BY_TIME, &key![time], most)).await
    }
}

/// Removes events of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    tx.remove_some::<AuditEvent>(EVENT_BY_USER, &key![user], limit)
}
