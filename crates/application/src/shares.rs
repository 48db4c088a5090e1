//! Shares: anyone who has the link of one can read its memo.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memo_domain::{
    AuditKind, Causes, Content, HashPurpose, InvalidValue, MemoId, MemoView, Password, Secret, Share, ShareId,
    Timestamp, UserId,
};

use crate::{
    Device, Error, Once, Ports, Resource,
    attempts::AttemptLimiter,
    audit::AuditEntry,
    memos::{owned, owner_gone},
};

/// How many shares have reads that are not stored yet; those of more are not counted.
const MAX_COUNTED: usize = 10_000;
/// How many counts one transaction stores.
const STORED_AT_ONCE: usize = 100;

/// A new share, as its owner wants it.
#[derive(Debug, Clone, Default)]
pub struct NewShare {
    /// When it ends to be valid.
    pub expires_at: Option<Timestamp>,
    /// The password that a reader needs.
    pub password: Option<Password>,
}

/// The shares of memos.
pub struct Shares {
    ports: Arc<Ports>,
    attempts: AttemptLimiter,
    reads: Reads,
}

/// Reads that are not stored yet: the request of a stranger writes nothing.
#[derive(Default)]
struct Reads(Mutex<HashMap<ShareId, u64>>);

impl Shares {
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        let attempts = AttemptLimiter::new(ports.counters.clone());
        Self { ports, attempts, reads: Reads::default() }
    }

    /// Creates a share of a memo. Returns it with its token, which can't be read again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the expiry is not in the future; [`Error::NotFound`], [`Error::NotOwner`], [`Error::MemoTrashed`],
    /// [`Error::TooManyShares`]; [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn create(
        &self,
        owner: UserId,
        memo: MemoId,
        new: NewShare,
        device: &Device,
        once: Option<&Once<'_, (Share, Secret)>>,
    ) -> Result<(Share, Secret), Error> {
        let now = self.ports.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid { field: "expires_at", reason: InvalidValue::NotInFuture });
        }
        let transactions = self.ports.transactions.on_behalf_of(owner);
        // Before the password is hashed, which takes long.
        transactions.read(async |unit| owned(unit, owner, memo).await.map(drop)).await?;
        let password_hash = match &new.password {
            Some(password) => Some(self.ports.hasher.hash(password, device.lane(HashPurpose::SignIn)).await?),
            None => None,
        };
        let secret = self.ports.secrets.next();
        let share = Share {
            id: ShareId::new(self.ports.id(now)),
            memo_id: memo,
            digest: secret.digest(),
            password_hash,
            expires_at: new.expires_at,
            created_at: now,
            reads: 0,
        };
        let created = (share, secret);
        let write = transactions.write(async |tx| {
            // Locks the memo, so that two new shares are counted one after the other.
            if owned(&mut **tx, owner, memo).await?.memo.is_trashed() {
                return Err(Error::MemoTrashed);
            }
            let mut left = tx.shares().list(memo).await?;
            for expired in left.extract_if(.., |share| share.is_expired(now)) {
                tx.shares().remove(memo, expired.id).await?;
            }
            if left.len() >= Share::MAX_PER_MEMO {
                return Err(Error::TooManyShares);
            }
            let share = &created.0;
            tx.shares().insert(share).await?;
            let entry = AuditEntry::new(owner, AuditKind::ShareCreated, device);
            tx.record(entry.with_detail(audited(memo, share.id))).await?;
            tx.answer(once, &created).await
        });
        write.await.map_err(owner_gone)?;
        Ok(created)
    }

    /// Returns the shares of a memo, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn list(&self, owner: UserId, memo: MemoId) -> Result<Vec<Share>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let read = transactions.read(async |unit| {
            owned(unit, owner, memo).await?;
            Ok(unit.shares().list(memo).await?)
        });
        let mut shares = read.await?;
        for share in &mut shares {
            share.reads += self.reads.of(share.id);
        }
        Ok(shares)
    }

    /// Ends a share, also of a memo in the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotOwner`].
    pub async fn revoke(&self, owner: UserId, memo: MemoId, id: ShareId, device: &Device) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let write = transactions.write(async |tx| {
            owned(&mut **tx, owner, memo).await?;
            if !tx.shares().remove(memo, id).await? {
                return Err(Error::NotFound(Resource::Share));
            }
            let entry = AuditEntry::new(owner, AuditKind::ShareRevoked, device);
            tx.record(entry.with_detail(audited(memo, id))).await
        });
        write.await
    }

    /// Returns the memo of a share, for anyone who has its token.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such share, it has expired or was revoked, the memo is in the trash, or the account of
    /// its owner has ended: which of these is not told. [`Error::SharePasswordRequired`] without its password, and
    /// [`Error::TooManyAttempts`] at it from this client.
    pub async fn read(
        &self,
        token: &Secret,
        password: Option<&str>,
        is_counted: bool,
        device: &Device,
    ) -> Result<MemoView, Error> {
        let (digest, now) = (token.digest(), self.ports.now());
        let found = self.ports.transactions.read(async |unit| {
            let share = unit.shares().find_by_digest(&digest).await?.filter(|share| !share.is_expired(now));
            let Some(share) = share else { return Ok(None) };
            let view = unit.memos().lookup(share.memo_id).await?.filter(|view| !view.memo.is_trashed());
            let Some(view) = view else { return Ok(None) };
            let owner = unit.users().lookup(view.memo.owner_id).await?;
            Ok(owner.filter(|owner| owner.disabled_at.is_none()).map(|_| (share, view)))
        });
        let (share, view) = found.await?.ok_or(Error::NotFound(Resource::Share))?;
        self.check_password(&share, password, device).await?;
        if is_counted {
            self.reads.add(share.id, 1);
        }
        Ok(view)
    }

    /// Returns the content of a memo as HTML that is safe in a page.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many texts are waiting.
    pub async fn html(&self, owner: UserId, content: &Content) -> Result<String, Error> {
        self.ports.texts.html(owner, content).await
    }

    async fn check_password(&self, share: &Share, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let Some(hash) = &share.password_hash else { return Ok(()) };
        let Some(password) = password else { return Err(Error::SharePasswordRequired { is_wrong: false }) };
        let client = device.network().map_or_else(String::new, |address| address.to_string());
        let attempt = self.attempts.count(&format!("share {} from {client}", share.id), None, device).await?;
        let verified = match Password::of_share(password) {
            Ok(password) => self.ports.hasher.verify(&password, Some(hash), device.lane(HashPurpose::SignIn)).await,
            Err(_) => Ok(false),
        };
        if !matches!(verified, Ok(false)) {
            // It was right, or it was not checked.
            self.attempts.forgive(attempt).await;
        }
        if verified? { Ok(()) } else { Err(Error::SharePasswordRequired { is_wrong: true }) }
    }

    /// Stores the reads since the last time. Those that can't be stored are kept for the next time.
    pub async fn store_reads(&self) {
        let mut taken = self.reads.take();
        while !taken.left.is_empty() {
            let rest = taken.left.len().saturating_sub(STORED_AT_ONCE);
            let some = &taken.left[rest..];
            let stored = self.ports.transactions.write(async |tx| Ok(tx.shares().add_reads(some).await?)).await;
            if let Err(error) = stored {
                tracing::warn!(error = %Causes(&error), "reads of shares are stored later");
                return;
            }
            taken.left.truncate(rest);
        }
    }
}

/// What the audit log says of a share.
fn audited(memo: MemoId, id: ShareId) -> String {
    format!("share {id} of memo {memo}")
}

impl Reads {
    fn add(&self, id: ShareId, number: u64) {
        let mut reads = self.lock();
        if reads.len() < MAX_COUNTED || reads.contains_key(&id) {
            *reads.entry(id).or_default() += number;
        }
    }

    fn of(&self, id: ShareId) -> u64 {
        self.lock().get(&id).copied().unwrap_or(0)
    }

    fn take(&self) -> TakenReads<'_> {
        TakenReads { reads: self, left: mem::take(&mut *self.lock()).into_iter().collect() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShareId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads that are being stored. Those that are left when it is dropped are counted again.
struct TakenReads<'r> {
    reads: &'r Reads,
    left: Vec<(ShareId, u64)>,
}

impl Drop for TakenReads<'_> {
    fn drop(&mut self) {
        self.left.drain(..).for_each(|(id, number)| self.reads.add(id, number));
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Uuid;

    use super::*;

    #[test]
    fn counted_shares_are_bounded() {
        let (reads, id) = (Reads::default(), |n: usize| ShareId::new(Uuid::from_u128(n as u128)));
        for _ in 0..2 {
            (0..=MAX_COUNTED).for_each(|n| reads.add(id(n), 1));
        }
        assert_eq!((reads.of(id(0)), reads.of(id(MAX_COUNTED - 1)), reads.of(id(MAX_COUNTED))), (2, 2, 0));
        assert_eq!((reads.take().left.len(), reads.take().left.len()), (MAX_COUNTED, 0));
    }
}
