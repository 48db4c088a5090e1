//! All that a store holds.

use std::{iter, ops::Range, time::Duration};

use memo_domain::{
    Access, ApiKey, AuditEvent, Change, IdGenerator, IdempotentRequest, IdempotentResponse, Identity, Job, JobKind,
    Limit, MemoFilter, MemoId, MemoView, OneTimeToken, PageRequest, PageStart, RefreshToken, Revision, SecondFactor,
    SecretGenerator, Session, SessionId, Share, Store, TagCount, Timestamp, TokenPurpose, UnitOfWork, User, UserId,
    Version, Webhook, WebhookDelivery,
};
use memo_memory::{MemoryStore, SequentialIds, SequentialSecrets};
use uuid::Uuid;

use crate::{
    ports::successor,
    use_cases::{KEY, imported},
    world::CREATED,
};

/// The ids that the world creates at first are among these; a generator counts on.
const FIRST_IDS: Range<usize> = 0..70;
/// The ids that a use case creates later, with its retries, are among these.
const LATER_IDS: Range<usize> = 30..125;
/// More secrets than the world and a use case create.
const MAX_SECRETS: usize = 80;
/// More refresh tokens than any session of the world has.
const MAX_SUCCESSORS: usize = 5;

/// All that the repositories return, as text. Ids and digests are numbered, since a retried use case creates different ones.
#[derive(Debug, Clone, PartialEq)]
pub struct State(String);

/// All that a store holds.
#[derive(Debug, Default)]
struct Kept {
    users: Vec<User>,
    sessions: Vec<Session>,
    tokens: Vec<RefreshToken>,
    memos: Vec<MemoView>,
    revisions: Vec<Revision>,
    shares: Vec<Share>,
    counts: Vec<u64>,
    tags: Vec<Vec<TagCount>>,
    feeds: Vec<(u64, Vec<Change>)>,
    factors: Vec<SecondFactor>,
    keys: Vec<ApiKey>,
    codes: u64,
    one_time: Vec<OneTimeToken>,
    identities: Vec<Identity>,
    jobs: Vec<Job>,
    audit: Vec<AuditEvent>,
    responses: Vec<IdempotentResponse>,
    webhooks: Vec<(Webhook, Vec<WebhookDelivery>)>,
}

impl From<Kept> for State {
    fn from(kept: Kept) -> Self {
        let all = format!("{kept:?}");
        let mut names: Vec<&str> = Vec::new();
        let (mut state, mut rest) = (String::new(), all.as_str());
        while let Some(next) = rest.chars().next() {
            let is_id = rest.as_bytes().get(8) == Some(&b'-');
            let name = if is_id { rest.get(..36).filter(|text| Uuid::try_parse(text).is_ok()) } else { None };
            let name = name.or_else(|| {
                rest.starts_with("SecretDigest(").then(|| rest.find(')')).flatten().and_then(|end| rest.get(..end))
            });
            let Some(name) = name else {
                state.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            };
            let number = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            state.extend(["#", &number.to_string()]);
            rest = &rest[name.len()..];
        }
        Self(state)
    }
}

async fn revisions(unit: &mut dyn UnitOfWork, memo: MemoId) -> Vec<Revision> {
    let (first, last) = (Version::new(u32::MAX), Version::new(0));
    unit.revisions().list_down_to(memo, first, last, 100).await.expect("revisions are read")
}

/// Reads all that a store holds.
pub async fn state(store: &MemoryStore, now: Timestamp) -> State {
    let mut unit = store.begin(Access::Snapshot).await.expect("a unit of work");
    let mut state = Kept::default();
    for id in [(CREATED, FIRST_IDS), (now, LATER_IDS)].into_iter().flat_map(|(at, range)| {
        let ids = SequentialIds::new();
        std::iter::repeat_with(move || ids.next(at)).take(range.end).skip(range.start)
    }) {
        if let Some(user) = unit.users().lookup(UserId::new(id)).await.expect("users are read") {
            let limit = Limit::new(100).expect("a limit");
            let last = unit.changes().last_seq(user.id).await.expect("changes are read");
            let changes = unit.changes().list(user.id, 0, limit).await.expect("changes are read");
            state.feeds.push((last, changes));
            for trashed in [false, true] {
                let filter = MemoFilter { trashed, ..MemoFilter::of(user.id) };
                state.counts.push(unit.memos().count(&filter).await.expect("memos are counted"));
            }
            state.tags.push(unit.memos().list_tags(user.id, None, 1_000).await.expect("tags are counted"));
            state.keys.extend(unit.api_keys().list_by_user(user.id).await.expect("keys are read"));
            state.factors.extend(unit.second_factors().lookup(user.id).await.expect("factors are read"));
            state.codes += unit.second_factors().count_codes(user.id).await.expect("codes are counted");
            state.identities.extend(unit.identities().list_by_user(user.id).await.expect("identities are read"));
            let request = IdempotentRequest::new(user.id, KEY, &[]);
            state.responses.extend(unit.idempotency().lookup(&request.id).await.expect("responses are read"));
            for webhook in unit.webhooks().list_by_user(user.id).await.expect("webhooks are read") {
                let all = PageRequest { limit, start: PageStart::Offset(0) };
                let deliveries = unit.webhooks().list_deliveries(webhook.id, &all).await.expect("deliveries are read");
                state.webhooks.push((webhook, deliveries.items));
            }
            state.users.push(user);
        }
        state.sessions.extend(unit.sessions().lookup(SessionId::new(id)).await.expect("sessions are read"));
        state.shares.extend(unit.shares().list(MemoId::new(id)).await.expect("shares are read"));
        state.memos.extend(unit.memos().lookup(MemoId::new(id)).await.expect("memos are read"));
        state.revisions.extend(revisions(&mut *unit, MemoId::new(id)).await);
    }
    state.revisions.extend(revisions(&mut *unit, imported().id).await);
    let secrets = SequentialSecrets::new();
    for _ in 0..MAX_SECRETS {
        let secret = secrets.next();
        let digest = secret.digest();
        for token in iter::successors(Some(secret), |token| Some(successor(token))).take(MAX_SUCCESSORS) {
            state.tokens.extend(unit.refresh_tokens().lookup(&token.digest()).await.expect("tokens are read"));
        }
        for (purpose, _) in TokenPurpose::NAMES {
            let token = unit.one_time_tokens().lookup(&digest, purpose).await;
            state.one_time.extend(token.expect("tokens are read"));
        }
    }
    let all = PageRequest { limit: Limit::new(100).expect("a limit"), start: PageStart::Offset(0) };
    state.audit = unit.audit().list(None, &all).await.expect("events are read").items;
    drop(unit);
    // The claim is not committed.
    let kinds = [JobKind::MAIL, JobKind::URGENT_MAIL, JobKind::TRASH, JobKind::WEBHOOK, JobKind::WEBHOOK_DELIVERY];
    let far = now + Duration::from_hours(1_000);
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    state.jobs = unit.jobs().claim(&kinds, far, far, 100).await.expect("jobs are read");
    state.into()
}
