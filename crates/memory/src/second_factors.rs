use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, SecondFactor, SecondFactorRepository, SecretDigest, StoreError, UserId};

use crate::{state::require, store::Unit};

#[async_trait]
impl SecondFactorRepository for Unit {
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.state.second_factors.get(&user).map(|factor| SecondFactor::clone(factor)))
    }

    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.users.contains_key(&factor.user_id), Conflict::Parent)?;
            state.second_factors.insert(factor.user_id, Arc::new(factor.clone()));
            Ok(())
        })
    }

    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError> {
        self.write(|state| {
            require(state.second_factors.contains_key(&user), Conflict::Parent)?;
            state.recovery_codes.insert(user, codes.iter().copied().collect());
            Ok(())
        })
    }

    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(self.state.recovery_codes.get(&user).map_or(0, |codes| codes.len() as u64))
    }

    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        self.write(|state| match state.second_factors.get_mut(&user) {
            Some(factor) if factor.last_step < step => {
                Arc::make_mut(factor).last_step = step;
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.recovery_codes.get_mut(&user).is_some_and(|codes| codes.remove(code))))
    }

    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.write(|state| {
            state.recovery_codes.remove(&user);
            Ok(state.second_factors.remove(&user).is_some())
        })
    }
}
