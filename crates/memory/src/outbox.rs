use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Limit, MailId, MailState, OutboxRepository, QueuedMail, StoreError, Timestamp};

use crate::{state::require, store::Unit};

#[async_trait]
impl OutboxRepository for Unit {
    async fn insert(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.outbox.contains_key(&mail.id), Conflict::Id)?;
            require(state.users.contains_key(&mail.user_id), Conflict::Parent)?;
            state.outbox.insert(mail.id, Arc::new(mail.clone()));
            Ok(())
        })
    }

    async fn claim(&mut self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<QueuedMail>, StoreError> {
        self.write(|state| {
            let waiting = state.outbox.values_mut().filter(|mail| mail.state == MailState::Waiting);
            let mut due: Vec<_> = waiting.filter(|mail| mail.due_at <= now).collect();
            due.sort_by_key(|mail| (mail.due_at, mail.id));
            due.truncate(most as usize);
            let claimed = due.into_iter().map(|mail| {
                let mail = Arc::make_mut(mail);
                mail.due_at = until;
                mail.begun = mail.begun.saturating_add(1);
                mail.clone()
            });
            Ok(claimed.collect())
        })
    }

    async fn update(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.write(|state| {
            if let Some(kept) = state.outbox.get_mut(&mail.id) {
                *kept = Arc::new(mail.clone());
            }
            Ok(())
        })
    }

    async fn remove(&mut self, id: MailId) -> Result<(), StoreError> {
        self.write(|state| {
            state.outbox.remove(&id);
            Ok(())
        })
    }

    async fn list_dead(&mut self, after: Option<MailId>, limit: Limit) -> Result<Vec<QueuedMail>, StoreError> {
        let dead = self.state.outbox.values().rev().filter(|mail| mail.state == MailState::Dead);
        let rest = dead.filter(|mail| after.is_none_or(|place| mail.id < place));
        Ok(rest.take(limit.get().into()).map(|mail| QueuedMail::clone(mail)).collect())
    }
}
