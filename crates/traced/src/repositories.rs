use async_trait::async_trait;
use memo_domain::{
    AuditEvent, AuditId, AuditRepository, Change, ChangeRepository, Email, Identity, IdentityRepository, Limit, MailId,
    Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, NewChange, OneTimeToken,
    OneTimeTokenRepository, OutboxRepository, Page, PageRequest, QueuedMail, RefreshToken, RefreshTokenRepository,
    SecondFactor, SecondFactorRepository, SecretDigest, Session, SessionId, SessionRepository, Stamp, StoreError, Tag,
    TagCount, Timestamp, TokenPurpose, UnitOfWork, User, UserFilter, UserId, UserRepository, Version,
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

    fn identities(&mut self) -> &mut dyn IdentityRepository {
        self
    }

    fn one_time_tokens(&mut self) -> &mut dyn OneTimeTokenRepository {
        self
    }

    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
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
    fn remove(id: UserId, from: Version) -> ();
    fn list(filter: &UserFilter, page: &PageRequest<UserId>) -> Page<User, UserId>;
    fn count(filter: &UserFilter) -> u64;
    fn administrators() -> Vec<UserId>;
});

traced!(SessionRepository, sessions {
    fn lookup(id: SessionId) -> Option<Session>;
    fn find_by_cookie(digest: &SecretDigest) -> Option<Session>;
    fn live(user: UserId, now: Timestamp) -> Vec<Session>;
    fn end_all(user: UserId, except: Option<SessionId>, at: Timestamp) -> Vec<SessionId>;
    fn remove_before(time: Timestamp, most: u32) -> u64;
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

traced!(IdentityRepository, identities {
    fn find(issuer: &str, subject: &str) -> Option<Identity>;
    fn of_user(user: UserId) -> Vec<Identity>;
    fn insert(identity: &Identity) -> ();
    fn remove(user: UserId, provider: &str) -> bool;
});

traced!(OneTimeTokenRepository, one_time_tokens {
    fn lookup(digest: &SecretDigest, purpose: TokenPurpose) -> Option<OneTimeToken>;
    fn insert(token: &OneTimeToken) -> ();
    fn take(digest: &SecretDigest, purpose: TokenPurpose) -> Option<OneTimeToken>;
    fn count_try(digest: &SecretDigest) -> u32;
    fn remove_all(user: UserId, purpose: TokenPurpose) -> ();
    fn remove_before(time: Timestamp, most: u32) -> u64;
});

traced!(SecondFactorRepository, second_factors {
    fn lookup(user: UserId) -> Option<SecondFactor>;
    fn put(factor: &SecondFactor) -> ();
    fn set_codes(user: UserId, codes: &[SecretDigest]) -> ();
    fn codes_left(user: UserId) -> u64;
    fn claim_step(user: UserId, step: i64) -> bool;
    fn claim_code(user: UserId, code: &SecretDigest) -> bool;
    fn remove(user: UserId) -> bool;
});

traced!(OutboxRepository, outbox {
    fn insert(mail: &QueuedMail) -> ();
    fn claim(now: Timestamp, until: Timestamp, most: u32) -> Vec<QueuedMail>;
    fn update(mail: &QueuedMail) -> ();
    fn remove(id: MailId) -> ();
    fn dead(behind: Option<MailId>, limit: Limit) -> Vec<QueuedMail>;
});

traced!(AuditRepository, audit {
    fn append(event: &AuditEvent) -> ();
    fn list(user: Option<UserId>, page: &PageRequest<AuditId>) -> Page<AuditEvent, AuditId>;
    fn remove_before(time: Timestamp, most: u32) -> u64;
});
