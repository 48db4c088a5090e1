use async_trait::async_trait;
use memo_domain::{AuditEvent, AuditId, AuditRepository, Page, PageRequest, StoreError, Timestamp, UserId};

use crate::{
    Direction,
    keys::key,
    records::{EVENT_BY_TIME, EVENT_BY_USER, PRIMARY},
    repositories::users::require_user,
    store::Unit,
};

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
