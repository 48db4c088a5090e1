//! The mail that is still to be sent.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Limit, MailId, MailState, OutboxRepository, QueuedMail, StoreError, Timestamp};

use crate::{
    state::{Row, require},
    store::Unit,
};

#[async_trait]
impl OutboxRepository for Unit {
    async fn insert(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.mails.contains_key(&mail.id), Conflict::Id)?;
            require(state.users.contains_key(&mail.user_id), Conflict::Parent)?;
            Ok(vec![Row::Mail(Arc::new(mail.clone()))])
        })?;
        Ok(())
    }

    async fn claim(&mut self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<QueuedMail>, StoreError> {
        let waiting = self.state.mails.values().filter(|mail| mail.state == MailState::Waiting);
        let mut due: Vec<_> = waiting.filter(|mail| mail.due_at <= now).collect();
        due.sort_by_key(|mail| mail.due_at);
        let claim = |mail: &Arc<QueuedMail>| {
            let begun = mail.begun.saturating_add(1);
            QueuedMail { due_at: until, begun, ..QueuedMail::clone(mail) }
        };
        let claimed: Vec<_> = due.into_iter().take(most as usize).map(claim).collect();
        self.write(|_| Ok(claimed.iter().map(|mail| Row::Mail(Arc::new(mail.clone()))).collect()))?;
        Ok(claimed)
    }

    async fn update(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.mails.contains_key(&mail.id);
            Ok(kept.then(|| Row::Mail(Arc::new(mail.clone()))).into_iter().collect())
        })?;
        Ok(())
    }

    async fn remove(&mut self, id: MailId) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.mails.contains_key(&id);
            Ok(kept.then_some(Row::MailGone(id)).into_iter().collect())
        })?;
        Ok(())
    }

    async fn list_dead(&mut self, after: Option<MailId>, limit: Limit) -> Result<Vec<QueuedMail>, StoreError> {
        let dead = self.state.mails.values().rev().filter(|mail| mail.state == MailState::Dead);
        let rest = dead.filter(|mail| after.is_none_or(|place| mail.id < place));
        Ok(rest.take(limit.get().into()).map(|mail| QueuedMail::clone(mail)).collect())
    }
}
