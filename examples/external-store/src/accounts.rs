//! What an account has beside its owner: social identities, tokens sent by mail, a second factor, the audit log.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    AuditEvent, AuditId, AuditRepository, Conflict, Identity, IdentityRepository, OneTimeToken, OneTimeTokenRepository,
    Page, PageRequest, SecondFactor, SecondFactorRepository, SecretDigest, StoreError, Timestamp, TokenPurpose, UserId,
};

use crate::{
    state::{Row, State, page_of, require},
    store::Unit,
};

#[async_trait]
impl IdentityRepository for Unit {
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
        Ok(linked(&self.state, issuer, subject).map(|identity| Identity::clone(identity)))
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        // In the order of the keys, which is that of the providers.
        let theirs = self.state.identities.values().filter(|identity| identity.user_id == user);
        Ok(theirs.map(|identity| Identity::clone(identity)).collect())
    }

    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError> {
        self.write(|state| {
            let has_one = state.identities.contains_key(&(identity.user_id, identity.provider.clone()));
            require(!has_one && linked(state, &identity.issuer, &identity.subject).is_none(), Conflict::Id)?;
            require(state.users.contains_key(&identity.user_id), Conflict::Parent)?;
            Ok(vec![Row::Identity(Arc::new(identity.clone()))])
        })?;
        Ok(())
    }

    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError> {
        let removed = self.write(|state| {
            let key = (user, provider.to_owned());
            let kept = state.identities.contains_key(&key);
            Ok(kept.then_some(Row::IdentityGone(key.0, key.1)).into_iter().collect())
        })?;
        Ok(removed == 1)
    }
}

fn linked<'a>(state: &'a State, issuer: &str, subject: &str) -> Option<&'a Arc<Identity>> {
    state.identities.values().find(|identity| identity.issuer == issuer && identity.subject == subject)
}

#[async_trait]
impl OneTimeTokenRepository for Unit {
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        let kept = self.state.one_time_tokens.get(digest).filter(|token| token.purpose == purpose);
        Ok(kept.map(|token| OneTimeToken::clone(token)))
    }

    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.one_time_tokens.contains_key(&token.digest), Conflict::Id)?;
            require(state.users.contains_key(&token.user_id), Conflict::Parent)?;
            Ok(vec![Row::OneTimeToken(Arc::new(token.clone()))])
        })?;
        Ok(())
    }

    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError> {
        let taken = OneTimeTokenRepository::lookup(self, digest, purpose).await?;
        self.write(|_| Ok(taken.iter().map(|token| Row::OneTimeTokenGone(token.digest)).collect()))?;
        Ok(taken)
    }

    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError> {
        let kept = self.state.one_time_tokens.get(digest);
        let counted =
            kept.map(|kept| OneTimeToken { tries: kept.tries.saturating_add(1), ..OneTimeToken::clone(kept) });
        let sum = counted.as_ref().map_or(0, |token| token.tries);
        self.write(|_| Ok(counted.map(|token| Row::OneTimeToken(Arc::new(token))).into_iter().collect()))?;
        Ok(sum)
    }

    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError> {
        self.write(|state| {
            let all = state.one_time_tokens.values();
            let theirs = all.filter(|token| token.user_id == user && token.purpose == purpose);
            Ok(theirs.map(|token| Row::OneTimeTokenGone(token.digest)).collect())
        })?;
        Ok(())
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let removed = self.write(|state| {
            let over = state.one_time_tokens.values().filter(|token| token.expires_at < time).take(most as usize);
            Ok(over.map(|token| Row::OneTimeTokenGone(token.digest)).collect())
        })?;
        Ok(removed as u64)
    }
}

#[async_trait]
impl SecondFactorRepository for Unit {
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.state.second_factors.get(&user).map(|factor| SecondFactor::clone(factor)))
    }

    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.users.contains_key(&factor.user_id), Conflict::Parent)?;
            Ok(vec![Row::SecondFactor(Arc::new(factor.clone()))])
        })?;
        Ok(())
    }

    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.second_factors.contains_key(&user), Conflict::Parent)?;
            Ok(vec![Row::Codes(user, codes.to_vec())])
        })?;
        Ok(())
    }

    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(self.state.codes.get(&user).map_or(0, Vec::len) as u64)
    }

    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let claimed = self.write(|state| {
            let before = state.second_factors.get(&user).filter(|factor| factor.last_step < step);
            let after = before.map(|factor| SecondFactor { last_step: step, ..SecondFactor::clone(factor) });
            Ok(after.map(|factor| Row::SecondFactor(Arc::new(factor))).into_iter().collect())
        })?;
        Ok(claimed == 1)
    }

    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError> {
        let claimed = self.write(|state| {
            let codes = state.codes.get(&user).filter(|codes| codes.contains(code));
            let left = |codes: &Vec<_>| codes.iter().copied().filter(|left| left != code).collect();
            Ok(codes.map(|codes| Row::Codes(user, left(codes))).into_iter().collect())
        })?;
        Ok(claimed == 1)
    }

    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        let removed = self.write(|state| {
            let kept = state.second_factors.contains_key(&user);
            Ok(kept.then_some(Row::SecondFactorGone(user)).into_iter().collect())
        })?;
        Ok(removed == 1)
    }
}

#[async_trait]
impl AuditRepository for Unit {
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.events.contains_key(&event.id), Conflict::Id)?;
            require(state.users.contains_key(&event.user_id), Conflict::Parent)?;
            Ok(vec![Row::Event(Arc::new(event.clone()))])
        })?;
        Ok(())
    }

    async fn list(
        &mut self,
        user: Option<UserId>,
        page: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError> {
        let newest_first = self.state.events.values().rev();
        let events = newest_first.filter(|event| user.is_none_or(|user| event.user_id == user));
        Ok(page_of(events, page, |event, last| event.id < *last, |event| event.id))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let removed = self.write(|state| {
            let old = state.events.values().filter(|event| event.at < time).take(most as usize);
            Ok(old.map(|event| Row::EventGone(event.id)).collect())
        })?;
        Ok(removed as u64)
    }
}
