use async_trait::async_trait;
use memo_domain::{Limit, MailId, OutboxRepository, QueuedMail, StoreError, Timestamp};

use crate::{
    Direction,
    keys::{KeyRange, key},
    records::{DEAD_MAIL, MAIL_BY_TIME},
    repositories::users::require_user,
    store::Unit,
    transaction::range,
};

#[async_trait]
impl OutboxRepository for Unit {
    async fn insert(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        let mail = mail.clone();
        self.write(move |tx| {
            tx.insert(&mail)?;
            require_user(tx, mail.user_id)
        })
        .await
    }

    async fn claim(&mut self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<QueuedMail>, StoreError> {
        self.write(move |tx| {
            let due = range::<QueuedMail>(MAIL_BY_TIME, &[]).from(&key![now], Direction::Descending);
            let due = tx.scan::<QueuedMail>(MAIL_BY_TIME, &due, Direction::Ascending).take(most as usize);
            let mut claimed = due.collect::<Result<Vec<_>, _>>()?;
            for mail in &mut claimed {
                let old = mail.clone();
                mail.due_at = until;
                mail.begun = mail.begun.saturating_add(1);
                tx.replace(&old, mail)?;
            }
            Ok(claimed)
        })
        .await
    }

    async fn update(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        let mail = mail.clone();
        self.write(move |tx| match tx.get::<QueuedMail>(&key![mail.id])? {
            Some(old) => tx.replace(&old, &mail),
            None => Ok(()),
        })
        .await
    }

    async fn remove(&mut self, id: MailId) -> Result<(), StoreError> {
        self.write(move |tx| {
            if let Some(mail) = tx.get::<QueuedMail>(&key![id])? {
                tx.remove(&mail);
            }
            Ok(())
        })
        .await
    }

    async fn list_dead(&mut self, after: Option<MailId>, limit: Limit) -> Result<Vec<QueuedMail>, StoreError> {
        self.read(move |tx| {
            let all: KeyRange = range::<QueuedMail>(DEAD_MAIL, &[]);
            let older = match after {
                Some(id) => all.after(&key![id], Direction::Descending),
                None => all,
            };
            tx.scan(DEAD_MAIL, &older, Direction::Descending).take(limit.get().into()).collect()
        })
        .await
    }
}
