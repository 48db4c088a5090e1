//! Users create, list, change and remove their API keys.

use memo_domain::{
    ApiKey, ApiKeyId, ApiKeyKind, ApiKeySecret, AuditKind, InvalidValue, MailMessage, OptionalChange, Scope, Scopes,
    Timestamp, UserId,
};

use super::{ApiKeyChange, ApiKeys, NewApiKey, context, secret::text};
use crate::{
    Device, Error, Once, Principal, Resource, UnauthenticatedReason, accounts::present, audit::AuditEntry, jobs::mail,
    transaction::Transaction,
};

impl ApiKeys {
    /// Returns the keys of a user, the newest first, expired ones too.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(&self, user: UserId) -> Result<Vec<ApiKey>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        transactions.read(async |unit| Ok(unit.api_keys().list_by_user(user).await?)).await
    }

    /// Creates a key, which its user is told by mail. Returns it with its secret, which can't be read again.
    ///
    /// # Errors
    /// [`Error::InsufficientScope`] if the caller lacks a scope of the key, [`Error::Invalid`] if it would have expired
    /// already, or [`Error::ApiKeyLimitReached`].
    pub async fn create(
        &self,
        caller: &Principal,
        new: NewApiKey,
        device: &Device,
        once: Option<&Once<'_, (ApiKey, String)>>,
    ) -> Result<(ApiKey, String), Error> {
        require_all(caller, new.scopes)?;
        let secret = self.ports.secrets.next();
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let created = transactions.write(async |tx| {
            // Locks the user: of two keys created at once, the second one counts the first.
            let user = present(tx.users().lookup(caller.user_id).await?)?;
            check_session(tx, caller).await?;
            if tx.api_keys().list_by_user(caller.user_id).await?.len() >= self.max_per_user {
                return Err(Error::ApiKeyLimitReached);
            }
            let now = tx.now();
            new.expires_at.map_or(Ok(()), |expires_at| check_future(expires_at, now))?;
            let id = ApiKeyId::new(tx.new_id());
            let stored = match new.kind {
                ApiKeyKind::Bearer => ApiKeySecret::Digest(secret.digest()),
                ApiKeyKind::Signed => {
                    let sealed = self.ports.sealer.seal(&context(id), secret.expose());
                    ApiKeySecret::Sealed(sealed.map_err(|source| Error::Internal { source })?)
                }
            };
            let NewApiKey { name, note, networks, .. } = new.clone();
            let key = ApiKey {
                id,
                user_id: caller.user_id,
                name,
                note,
                secret: stored,
                scopes: new.scopes,
                networks,
                created_at: now,
                expires_at: new.expires_at,
                last_used_at: None,
            };
            tx.api_keys().insert(&key).await?;
            let entry = AuditEntry::new(caller.user_id, AuditKind::ApiKeyCreated, device);
            tx.record(entry.with_detail(id.to_string())).await?;
            let message = MailMessage::ApiKeyCreated { name: key.name.as_str().to_owned() };
            mail::send(tx, &self.ports, &user, message).await?;
            let created = (key, text(id, &secret));
            tx.answer(once, &created).await?;
            Ok(created)
        });
        created.await
    }

    /// Changes a key of the caller.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientScope`] if the caller lacks a scope of the key, or [`Error::Invalid`] if a
    /// new expiry is not in the future.
    pub async fn change(
        &self,
        caller: &Principal,
        id: ApiKeyId,
        change: ApiKeyChange,
        device: &Device,
    ) -> Result<ApiKey, Error> {
        change.scopes.map_or(Ok(()), |scopes| require_all(caller, scopes))?;
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let changed = transactions.write(async |tx| {
            let before = own(tx.api_keys().lookup(id).await?, caller.user_id)?;
            let mut key = before.clone();
            change.clone().apply(&mut key);
            if key == before {
                return Ok(key);
            }
            if let OptionalChange::Set(expires_at) = change.expires_at
                && key.expires_at != before.expires_at
            {
                check_future(expires_at, tx.now())?;
            }
            tx.api_keys().update(&key).await?;
            tx.api_keys_changed([id]);
            let entry = AuditEntry::new(caller.user_id, AuditKind::ApiKeyChanged, device);
            tx.record(entry.with_detail(id.to_string())).await?;
            Ok(key)
        });
        changed.await
    }

    /// Removes a key of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, user: UserId, id: ApiKeyId, device: &Device) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let removed = transactions.write(async |tx| {
            own(tx.api_keys().lookup(id).await?, user)?;
            tx.api_keys().remove(id).await?;
            tx.api_keys_changed([id]);
            let entry = AuditEntry::new(user, AuditKind::ApiKeyRemoved, device);
            tx.record(entry.with_detail(id.to_string())).await
        });
        removed.await
    }
}

impl ApiKeyChange {
    fn apply(self, key: &mut ApiKey) {
        let Self { name, note, scopes, networks, expires_at } = self;
        if let Some(name) = name {
            key.name = name;
        }
        note.apply(&mut key.note);
        key.scopes = scopes.unwrap_or(key.scopes);
        if let Some(networks) = networks {
            key.networks = networks;
        }
        expires_at.apply(&mut key.expires_at);
    }
}

/// Checks that the session of the caller has not ended since the request was admitted: the key would outlive it.
async fn check_session(tx: &mut Transaction, caller: &Principal) -> Result<(), Error> {
    let Some(id) = caller.session_id() else { return Ok(()) };
    let now = tx.now();
    let session = tx.sessions().lookup(id).await?.filter(|session| session.is_live(now));
    session.map(drop).ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
}

/// Removes all keys of a user. Returns their ids.
pub async fn remove_all(tx: &mut Transaction, user: UserId) -> Result<Vec<ApiKeyId>, Error> {
    let ids: Vec<_> = tx.api_keys().list_by_user(user).await?.into_iter().map(|key| key.id).collect();
    for id in &ids {
        tx.api_keys().remove(*id).await?;
    }
    tx.api_keys_changed(ids.iter().copied());
    Ok(ids)
}

/// A key of another user is absent.
fn own(key: Option<ApiKey>, user: UserId) -> Result<ApiKey, Error> {
    key.filter(|key| key.user_id == user).ok_or(Error::NotFound(Resource::ApiKey))
}

fn require_all(caller: &Principal, scopes: Scopes) -> Result<(), Error> {
    Scope::ALL.into_iter().filter(|scope| scopes.contains(*scope)).try_for_each(|scope| caller.require(scope))
}

fn check_future(expires_at: Timestamp, now: Timestamp) -> Result<(), Error> {
    if expires_at > now {
        Ok(())
    } else {
        Err(Error::Invalid { field: "expires_at", reason: InvalidValue::NotInFuture })
    }
}
