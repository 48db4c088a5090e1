use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{AuditEvent, AuditId, AuditRepository, Conflict, Page, PageRequest, StoreError, Timestamp, UserId};

use crate::{
    state::{page_of, remove_some, require},
    store::Unit,
};

#[async_trait]
impl AuditRepository for Unit {
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.audit.contains_key(&event.id), Conflict::Id)?;
            require(state.users.contains_key(&event.user_id), Conflict::Parent)?;
            state.audit.insert(event.id, Arc::new(event.clone()));
            Ok(())
        })
    }

    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError> {
        let newest_first = self.state.audit.values().rev();
        let events = newest_first.filter(|event| user.is_none_or(|user| event.user_id == user));
        Ok(page_of(events, page, |event, last| event.id < *last, |event| event.id))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.write(|state| Ok(remove_some(&mut state.audit, most, |event| event.at < time)))
    }
}
