use async_trait::async_trait;

use crate::StoreError;

/// Calls a macro with the list of repositories: the accessor in [`UnitOfWork`](crate::UnitOfWork), the trait, and its
/// methods with their arguments and what they return when they succeed.
///
/// A decorator of a store expands from this list, so that a new repository or method needs no line in it:
///
/// ```
/// macro_rules! accessors {
///     ($($accessor:ident: $repository:path {
///         $(fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*
///     })*) => {
///         const ACCESSORS: &[&str] = &[$(stringify!($accessor)),*];
///     };
/// }
/// memo_domain::for_each_repository!(accessors);
/// assert_eq!(ACCESSORS[0], "users");
/// ```
#[macro_export]
macro_rules! for_each_repository {
    ($callback:ident) => {
        $callback! {
            users: $crate::UserRepository {
                fn lookup(id: $crate::UserId) -> Option<$crate::User>;
                fn find_by_email(email: &$crate::Email) -> Option<$crate::User>;
                fn insert(user: &$crate::User) -> ();
                fn update(user: &$crate::User, from: $crate::Version) -> ();
                fn remove(id: $crate::UserId, from: $crate::Version) -> ();
                fn sweep(id: $crate::UserId, what: $crate::Sweep, most: u32) -> u64;
                fn list(
                    filter: &$crate::UserFilter,
                    page: &$crate::PageRequest<$crate::UserId>
                ) -> $crate::Page<$crate::User, $crate::UserId>;
                fn count(filter: &$crate::UserFilter) -> u64;
                fn lock_administrators() -> Vec<$crate::UserId>;
            }
            sessions: $crate::SessionRepository {
                fn lookup(id: $crate::SessionId) -> Option<$crate::Session>;
                fn find_by_cookie(digest: &$crate::SecretDigest) -> Option<$crate::Session>;
                fn list_live(user: $crate::UserId, now: $crate::Timestamp) -> Vec<$crate::Session>;
                fn end_all(
                    user: $crate::UserId,
                    except: Option<$crate::SessionId>,
                    at: $crate::Timestamp
                ) -> Vec<$crate::SessionId>;
                fn remove_before(time: $crate::Timestamp, most: u32) -> u64;
                fn insert(session: &$crate::Session) -> ();
                fn update(session: &$crate::Session) -> ();
            }
            refresh_tokens: $crate::RefreshTokenRepository {
                fn lookup(digest: &$crate::SecretDigest) -> Option<$crate::RefreshToken>;
                fn insert(token: &$crate::RefreshToken) -> ();
                fn claim(digest: &$crate::SecretDigest, at: $crate::Timestamp) -> bool;
                fn remove_of_ended(time: $crate::Timestamp, most: u32) -> u64;
            }
            memos: $crate::MemoRepository {
                fn lookup(id: $crate::MemoId) -> Option<$crate::MemoView>;
                fn lookup_all(ids: &[$crate::MemoId]) -> Vec<$crate::MemoView>;
                fn list(
                    filter: &$crate::MemoFilter,
                    sort: $crate::MemoSort,
                    page: &$crate::PageRequest<$crate::MemoCursor>
                ) -> $crate::Page<$crate::MemoView, $crate::MemoCursor>;
                fn count(filter: &$crate::MemoFilter) -> u64;
                fn list_tags(
                    owner: $crate::UserId,
                    after: Option<&$crate::Tag>,
                    limit: u32
                ) -> Vec<$crate::TagCount>;
                fn count_tags(owner: $crate::UserId) -> u64;
                fn has_tags(owner: $crate::UserId, tags: &[$crate::Tag]) -> bool;
                fn find_tag(owner: $crate::UserId, tag: &$crate::Tag) -> Option<$crate::TagCount>;
                fn find_by_tag(
                    owner: $crate::UserId,
                    tag: &$crate::Tag,
                    after: Option<$crate::MemoId>,
                    limit: u32
                ) -> Vec<$crate::MemoId>;
                fn list_trashed(before: $crate::Timestamp, limit: u32) -> Vec<$crate::MemoId>;
                fn insert(memo: &$crate::Memo, text: &$crate::SearchText) -> $crate::MemoView;
                fn insert_all(memos: &[(&$crate::Memo, &$crate::SearchText)]) -> ();
                fn update(
                    memo: &$crate::Memo,
                    from: $crate::Version,
                    text: Option<&$crate::SearchText>
                ) -> ();
                fn remove(id: $crate::MemoId, from: $crate::Version) -> ();
            }
            likes: $crate::LikeRepository {
                fn insert(like: &$crate::Like) -> bool;
                fn remove(memo: $crate::MemoId, user: $crate::UserId) -> bool;
                fn find_liked(user: $crate::UserId, memos: &[$crate::MemoId]) -> Vec<$crate::MemoId>;
                fn find_by_user(user: $crate::UserId, limit: u32) -> Vec<$crate::MemoId>;
                fn list_by_user(
                    user: $crate::UserId,
                    page: &$crate::PageRequest<$crate::MemoId>
                ) -> $crate::Page<$crate::Like, $crate::MemoId>;
                fn list(
                    memo: $crate::MemoId,
                    page: &$crate::PageRequest<$crate::UserId>
                ) -> $crate::Page<$crate::Liker, $crate::UserId>;
            }
            shares: $crate::ShareRepository {
                fn find_by_digest(digest: &$crate::SecretDigest) -> Option<$crate::Share>;
                fn list(memo: $crate::MemoId) -> Vec<$crate::Share>;
                fn find_by_memos(memos: &[$crate::MemoId]) -> Vec<$crate::Share>;
                fn insert(share: &$crate::Share) -> ();
                fn remove(memo: $crate::MemoId, id: $crate::ShareId) -> bool;
                fn add_reads(reads: &[($crate::ShareId, u64)]) -> ();
                fn remove_expired(time: $crate::Timestamp, most: u32) -> u64;
            }
            revisions: $crate::RevisionRepository {
                fn insert(revision: &$crate::Revision) -> ();
                fn list(
                    memo: $crate::MemoId,
                    page: &$crate::PageRequest<$crate::Version>
                ) -> $crate::Page<$crate::RevisionHead, $crate::Version>;
                fn list_down_to(
                    memo: $crate::MemoId,
                    before: $crate::Version,
                    last: $crate::Version,
                    limit: u32
                ) -> Vec<$crate::Revision>;
                fn remove_all_but(memo: $crate::MemoId, kept: u32) -> u64;
                fn remove_over(memo: $crate::MemoId, bytes: u64) -> u64;
            }
            links: $crate::LinkRepository {
                fn insert_all(links: &[($crate::MemoId, $crate::LinkTarget)]) -> ();
                fn remove_all(memo: $crate::MemoId) -> ();
                fn list_backlinks(
                    memo: &$crate::Memo,
                    viewer: $crate::UserId,
                    page: &$crate::PageRequest<$crate::MemoId>
                ) -> $crate::Page<$crate::MemoView, $crate::MemoId>;
            }
            changes: $crate::ChangeRepository {
                fn append(owner: $crate::UserId, changes: &[$crate::NewChange]) -> ();
                fn list(owner: $crate::UserId, since: u64, limit: $crate::Limit) -> Vec<$crate::Change>;
                fn last_seq(owner: $crate::UserId) -> u64;
                fn lookup_stamp(owner: $crate::UserId) -> Option<$crate::Stamp>;
                fn remove_before(time: $crate::Timestamp, most: u32) -> u64;
            }
            identities: $crate::IdentityRepository {
                fn find_by_subject(issuer: &str, subject: &str) -> Option<$crate::Identity>;
                fn list_by_user(user: $crate::UserId) -> Vec<$crate::Identity>;
                fn insert(identity: &$crate::Identity) -> ();
                fn set_message_tokens(
                    user: $crate::UserId,
                    provider: &str,
                    tokens: Option<&$crate::Sealed>
                ) -> bool;
                fn remove(user: $crate::UserId, provider: &str) -> bool;
            }
            one_time_tokens: $crate::OneTimeTokenRepository {
                fn lookup(
                    digest: &$crate::SecretDigest,
                    purpose: $crate::TokenPurpose
                ) -> Option<$crate::OneTimeToken>;
                fn insert(token: &$crate::OneTimeToken) -> ();
                fn take(digest: &$crate::SecretDigest, purpose: $crate::TokenPurpose) -> Option<$crate::OneTimeToken>;
                fn count_try(digest: &$crate::SecretDigest) -> u32;
                fn remove_all(user: $crate::UserId, purpose: $crate::TokenPurpose) -> ();
                fn remove_before(time: $crate::Timestamp, most: u32) -> u64;
            }
            second_factors: $crate::SecondFactorRepository {
                fn lookup(user: $crate::UserId) -> Option<$crate::SecondFactor>;
                fn upsert(factor: &$crate::SecondFactor) -> ();
                fn replace_codes(user: $crate::UserId, codes: &[$crate::SecretDigest]) -> ();
                fn count_codes(user: $crate::UserId) -> u64;
                fn claim_step(user: $crate::UserId, step: i64) -> bool;
                fn claim_code(user: $crate::UserId, code: &$crate::SecretDigest) -> bool;
                fn remove(user: $crate::UserId) -> bool;
            }
            api_keys: $crate::ApiKeyRepository {
                fn lookup(id: $crate::ApiKeyId) -> Option<$crate::ApiKey>;
                fn list_by_user(user: $crate::UserId) -> Vec<$crate::ApiKey>;
                fn insert(key: &$crate::ApiKey) -> ();
                fn update(key: &$crate::ApiKey) -> ();
                fn touch(id: $crate::ApiKeyId, at: $crate::Timestamp) -> bool;
                fn remove(id: $crate::ApiKeyId) -> bool;
            }
            jobs: $crate::JobRepository {
                fn insert(job: &$crate::Job) -> ();
                fn has_due(kinds: &[$crate::JobKind], now: $crate::Timestamp) -> bool;
                fn claim(
                    kinds: &[$crate::JobKind],
                    now: $crate::Timestamp,
                    until: $crate::Timestamp,
                    limit: u32
                ) -> Vec<$crate::Job>;
                fn holds(job: &$crate::Job) -> bool;
                fn update(job: &$crate::Job) -> ();
                fn remove(id: $crate::JobId) -> ();
                fn lookup(id: $crate::JobId) -> Option<$crate::Job>;
                fn list_waiting(owner: $crate::UserId, kind: &$crate::JobKind) -> Vec<$crate::Job>;
                fn remove_ended(kind: &$crate::JobKind, time: $crate::Timestamp, most: u32) -> u64;
                fn list_dead(
                    kind: &$crate::JobKind,
                    after: Option<$crate::JobId>,
                    limit: $crate::Limit
                ) -> Vec<$crate::Job>;
            }
            audit: $crate::AuditRepository {
                fn append(event: &$crate::AuditEvent) -> ();
                fn list(
                    user: Option<$crate::UserId>,
                    page: &$crate::PageRequest<$crate::AuditId>
                ) -> $crate::Page<$crate::AuditEvent, $crate::AuditId>;
                fn remove_before(time: $crate::Timestamp, most: u32) -> u64;
            }
            webhooks: $crate::WebhookRepository {
                fn lookup(id: $crate::WebhookId) -> Option<$crate::Webhook>;
                fn list_by_user(user: $crate::UserId) -> Vec<$crate::Webhook>;
                fn list_behind(after: Option<$crate::WebhookId>, limit: u32) -> Vec<$crate::Webhook>;
                fn insert(webhook: &$crate::Webhook) -> ();
                fn update(webhook: &$crate::Webhook) -> ();
                fn remove(id: $crate::WebhookId) -> bool;
                fn lookup_delivery(id: $crate::WebhookDeliveryId) -> Option<$crate::WebhookDelivery>;
                fn find_delivery(webhook: $crate::WebhookId, seq: u64) -> Option<$crate::WebhookDelivery>;
                fn list_deliveries(
                    webhook: $crate::WebhookId,
                    page: &$crate::PageRequest<$crate::WebhookDeliveryId>
                ) -> $crate::Page<$crate::WebhookDelivery, $crate::WebhookDeliveryId>;
                fn insert_delivery(delivery: &$crate::WebhookDelivery) -> ();
                fn update_delivery(delivery: &$crate::WebhookDelivery) -> ();
                fn remove_old_deliveries(webhook: $crate::WebhookId, kept: u32) -> ();
            }
            idempotency: $crate::IdempotencyRepository {
                fn lookup(id: &$crate::SecretDigest) -> Option<$crate::IdempotentResponse>;
                fn insert(response: &$crate::IdempotentResponse) -> ();
                fn remove_expired(id: &$crate::SecretDigest, time: $crate::Timestamp) -> bool;
                fn remove_before(time: $crate::Timestamp, most: u32) -> u64;
            }
            usage: $crate::UsageRepository {
                fn add(usage: &[$crate::Usage]) -> ();
                fn list(
                    user: $crate::UserId,
                    range: $crate::UsageRange,
                    after: Option<&$crate::UsageKey>,
                    limit: u32
                ) -> Vec<$crate::Usage>;
                fn list_all(
                    range: $crate::UsageRange,
                    after: Option<&$crate::UsageKey>,
                    limit: u32
                ) -> Vec<$crate::Usage>;
                fn remove_before(day: $crate::Day, most: u32) -> u64;
            }
        }
    };
}

macro_rules! unit_of_work {
    ($($accessor:ident: $repository:path { $($methods:tt)* })*) => {
        /// The repositories of one transaction. Dropped without [`commit`](Self::commit) it is rolled back.
        ///
        /// After an error of a write only dropping it is left.
        ///
        /// Its methods run on the few threads that serve requests, so none of them blocks: what waits for a disk or a
        /// network does so asynchronously or on a thread of its own.
        #[async_trait]
        pub trait UnitOfWork: Send {
            $(
                #[doc = concat!("The repository of ", stringify!($accessor), ".")]
                fn $accessor(&mut self) -> &mut dyn $repository;
            )*

            /// Commits all that was written, or nothing of it. When it returns `Ok`, the writes are durable if the store is.
            ///
            /// # Errors
            /// [`StoreError::Conflict`] and [`StoreError::Stale`] if a write breaks a rule only because of another unit of
            /// work, and [`StoreError::Contention`]: nothing was written. After [`StoreError::Unavailable`] it is unknown
            /// whether it was.
            async fn commit(self: Box<Self>) -> Result<(), StoreError>;
        }
    };
}
crate::for_each_repository!(unit_of_work);
