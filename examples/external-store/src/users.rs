use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, Email, Page, PageRequest, Role, StoreError, User, UserFilter, UserId, UserRepository, Version,
};

use crate::{
    state::{Row, State, page_of, require},
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

    async fn remove(&mut self, id: UserId, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            state.users.get(&id).filter(|kept| kept.version == from).ok_or(StoreError::Stale)?;
            Ok(vec![Row::UserGone(id)])
        })?;
        Ok(())
    }

    async fn list(
        &mut self,
        filter: &UserFilter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        let found = self.state.users.values().filter(|user| filter.matches(user));
        Ok(page_of(found, page, |user, last| user.id > *last, |user| user.id))
    }

    async fn count(&mut self, filter: &UserFilter) -> Result<u64, StoreError> {
        Ok(self.state.users.values().filter(|user| filter.matches(user)).count() as u64)
    }

    async fn lock_administrators(&mut self) -> Result<Vec<UserId>, StoreError> {
        // Nobody else can change them: this is the only unit of work that writes, until it ends.
        let active = self.state.users.values().filter(|user| user.role == Role::Admin && user.disabled_at.is_none());
        Ok(active.map(|user| user.id).collect())
    }
}

fn holder<'a>(state: &'a State, email: &Email) -> Option<&'a Arc<User>> {
    state.users.values().find(|user| user.email == *email)
}
