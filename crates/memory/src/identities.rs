use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Identity, IdentityRepository, StoreError, UserId};

use crate::{
    state::{State, require},
    store::Unit,
};

#[async_trait]
impl IdentityRepository for Unit {
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
        Ok(holder(&self.state, issuer, subject).map(|identity| Identity::clone(identity)))
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        // The keys are sorted by member, then by provider.
        let own = self.state.identities.range((user, String::new())..).take_while(|((owner, _), _)| *owner == user);
        Ok(own.map(|(_, identity)| Identity::clone(identity)).collect())
    }

    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError> {
        self.write(|state| {
            let place = (identity.user_id, identity.provider.clone());
            require(holder(state, &identity.issuer, &identity.subject).is_none(), Conflict::Id)?;
            require(!state.identities.contains_key(&place), Conflict::Id)?;
            require(state.users.contains_key(&identity.user_id), Conflict::Parent)?;
            state.identities.insert(place, Arc::new(identity.clone()));
            Ok(())
        })
    }

    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.identities.remove(&(user, provider.to_owned())).is_some()))
    }
}

fn holder<'a>(state: &'a State, issuer: &str, subject: &str) -> Option<&'a Arc<Identity>> {
    state.identities.values().find(|identity| identity.issuer == issuer && identity.subject == subject)
}
