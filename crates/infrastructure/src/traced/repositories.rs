use async_trait::async_trait;
use memo_domain::{
    Change, ChangeRepository, Email, Limit, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView,
    NewChange, Page, PageRequest, RefreshToken, RefreshTokenRepository, SecretDigest, Session, SessionId,
    SessionRepository, Stamp, StoreError, Tag, TagCount, Timestamp, UnitOfWork, User, UserId, UserRepository, Version,
};

use super::trace;

pub struct TracedUnit(pub Box<dyn UnitOfWork>);

#[async_trait]
impl UnitOfWork for TracedUnit {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository {
        self
    }

    fn memos(&mut self) -> &mut dyn MemoRepository {
        self
    }

    fn changes(&mut self) -> &mut dyn ChangeRepository {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        trace("commit", self.0.commit()).await
    }
}

/// Implements a repository by tracing its calls.
macro_rules! traced {
    ($trait:ident, $repository:ident { $(fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }) => {
        #[async_trait]
        impl $trait for TracedUnit {
            $(async fn $method(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let call = self.0.$repository().$method($($argument),*);
                trace(concat!(stringify!($repository), ".", stringify!($method)), call).await
            })*
        }
    };
}

traced!(UserRepository, users {
    fn lookup(id: UserId) -> Option<User>;
    fn find_by_email(email: &Email) -> Option<User>;
    fn insert(user: &User) -> ();
    fn update(user: &User, from: Version) -> ();
});

traced!(SessionRepository, sessions {
    fn lookup(id: SessionId) -> Option<Session>;
    fn insert(session: &Session) -> ();
    fn update(session: &Session) -> ();
});

traced!(RefreshTokenRepository, refresh_tokens {
    fn lookup(digest: &SecretDigest) -> Option<RefreshToken>;
    fn insert(token: &RefreshToken) -> ();
    fn claim(digest: &SecretDigest, at: Timestamp) -> bool;
});

traced!(MemoRepository, memos {
    fn lookup(id: MemoId) -> Option<MemoView>;
    fn list(filter: &MemoFilter, sort: MemoSort, page: &PageRequest<MemoCursor>) -> Page<MemoView, MemoCursor>;
    fn count(filter: &MemoFilter) -> u64;
    fn tags(owner: UserId) -> Vec<TagCount>;
    fn find_by_tag(owner: UserId, tag: &Tag) -> Vec<MemoId>;
    fn insert(memo: &Memo) -> MemoView;
    fn update(memo: &Memo, from: Version) -> ();
    fn remove(id: MemoId, from: Version) -> ();
});

traced!(ChangeRepository, changes {
    fn append(owner: UserId, changes: &[NewChange]) -> ();
    fn list(owner: UserId, since: u64, limit: Limit) -> Vec<Change>;
    fn last(owner: UserId) -> u64;
    fn stamp(owner: UserId) -> Option<Stamp>;
    fn remove_before(time: Timestamp, most: u32) -> u64;
});
