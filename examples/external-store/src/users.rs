use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Conflict, Email, StoreError, User, UserId, UserRepository, Version};

use crate::{
    state::{Row, State, require},
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
            Ok(vec![Row::User(Arc::new(user.clone()))])
        })?;
        Ok(())
    }

    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            state.users.get(&user.id).filter(|kept| kept.version == from).ok_or(StoreError::Stale)?;
            require(holder(state, &user.email).is_none_or(|holder| holder.id == user.id), Conflict::Email)?;
            Ok(vec![Row::User(Arc::new(user.clone()))])
        })?;
        Ok(())
    }
}

fn holder<'a>(state: &'a State, email: &Email) -> Option<&'a Arc<User>> {
    state.users.values().find(|user| user.email == *email)
}
