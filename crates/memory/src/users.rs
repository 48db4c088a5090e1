use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Email, StoreError, User, UserId, UserRepository, Version};

use crate::{
    state::{State, expect_version, require},
    store::Unit,
};

#[async_trait]
impl UserRepository for Unit {
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state.users.get(&id).map(|user| User::clone(user)))
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        Ok(holder(&self.state, email).map(|user| User::clone(user)))
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        self.write(|state| {
            require(!state.users.contains_key(&user.id), Conflict::Id)?;
            require(holder(state, &user.email).is_none(), Conflict::Email)?;
            state.users.insert(user.id, Arc::new(user.clone()));
            Ok(())
        })
    }

    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            let free = holder(state, &user.email).is_none_or(|holder| holder.id == user.id);
            let kept = expect_version(state.users.get_mut(&user.id), |user| user.version, from)?;
            require(free, Conflict::Email)?;
            *kept = Arc::new(user.clone());
            Ok(())
        })
    }
}

fn holder<'a>(state: &'a State, email: &Email) -> Option<&'a Arc<User>> {
    state.users.values().find(|user| user.email.key() == email.key())
}
