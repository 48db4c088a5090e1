//! Removal of users, and of all rows that belong to them.

use memo_domain::{
    Access, ApiKey, ApiKeyId, ApiKeyName, ApiKeySecret, AuditEvent, AuditId, AuditKind, ChangeKind, ChangeOrigin, Day,
    DeliveryStatus, IdempotentRequest, IdempotentResponse, Identity, Job, JobId, JobKind, JobState, Like, LinkTarget,
    MemoState, Networks, NewChange, OneTimeToken, OperationName, RefreshToken, Revision, Scopes, Sealed, SecondFactor,
    Secret, Session, SessionId, Share, ShareId, Store, Tags, TokenPurpose, Usage, UsageCounters, UsageKey, UserId,
    Version, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookEvents, WebhookId, WebhookUrl,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use uuid::Uuid;

use crate::{
    NOW, add_memo, add_user, memo,
    support::{Fresh, options},
    user,
};

/// Tables without rows of users: internal tables of the full-text index and of SQLite, and the one of migrations.
const INTERNAL_TABLES: [&str; 5] =
    ["memo_grams_config", "memo_grams_data", "memo_grams_idx", "seaql_migrations", "sqlite_sequence"];

/// Inserts a webhook with a delivery.
async fn add_webhook(store: &dyn Store, owner: UserId) {
    let webhook = Webhook {
        id: WebhookId::new(Uuid::from_u128(1)),
        user_id: owner,
        name: None,
        url: WebhookUrl::new("https://example.com").expect("a valid URL"),
        events: WebhookEvents::default(),
        secret: Sealed::new(vec![7; 48]),
        enabled: true,
        disabled_reason: None,
        delivered_seq: 0,
        failures: 0,
        failing_since: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let delivery = WebhookDelivery {
        id: WebhookDeliveryId::new(Uuid::from_u128(1)),
        webhook_id: webhook.id,
        event: WebhookEvent::Ping { at: NOW },
        status: DeliveryStatus::Pending,
        response_status: None,
        duration_ms: None,
        error: None,
        attempts: 0,
        at: NOW,
        next_attempt_at: None,
    };
    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.webhooks().insert(&webhook).await.expect("the webhook is added");
    uow.webhooks().insert_delivery(&delivery).await.expect("the delivery is added");
    uow.commit().await.expect("the unit of work commits");
}

/// Inserts something of user 0 into each repository.
async fn add_all(store: &dyn Store) {
    let owner = user(0).id;
    add_user(store, 0).await;
    add_memos(store, owner).await;
    add_webhook(store, owner).await;
    let session = Session {
        id: SessionId::new(Uuid::from_u128(1)),
        user_id: owner,
        scopes: Scopes::all(),
        cookie: Some(digest(1)),
        provider: None,
        device: None,
        ip: None,
        created_at: NOW,
        proved_at: None,
        last_seen_at: NOW,
        expires_at: NOW,
        ended_at: None,
    };
    let token =
        RefreshToken { digest: digest(2), session_id: session.id, issued_at: NOW, expires_at: NOW, used_at: None };
    let identity = Identity {
        user_id: owner,
        provider: "provider".to_owned(),
        issuer: "https://provider.example".to_owned(),
        subject: "subject".to_owned(),
        email: None,
        created_at: NOW,
        message_tokens: None,
    };
    let one_time = OneTimeToken {
        digest: digest(3),
        user_id: owner,
        purpose: TokenPurpose::VerifyEmail,
        email_key: None,
        scopes: None,
        tries: 0,
        created_at: NOW,
        expires_at: NOW,
    };
    let factor = SecondFactor {
        user_id: owner,
        secret: Sealed::new(vec![7; 48]),
        confirmed_at: Some(NOW),
        last_step: 0,
        created_at: NOW,
    };
    let key = ApiKey {
        id: ApiKeyId::new(Uuid::from_u128(1)),
        user_id: owner,
        name: ApiKeyName::new("backup").expect("a valid name"),
        note: None,
        secret: ApiKeySecret::Digest(digest(6)),
        scopes: Scopes::all(),
        networks: Networks::default(),
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    };
    let job = Job {
        id: JobId::new(Uuid::from_u128(1)),
        owner: Some(owner),
        kind: JobKind::MAIL,
        label: "verify_email".to_owned(),
        payload: Sealed::new(vec![7; 48]),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: NOW,
        created_at: NOW,
        error: None,
    };
    let response = IdempotentResponse {
        request: IdempotentRequest { user_id: owner, id: digest(6), fingerprint: digest(7) },
        status: 201,
        location: None,
        etag: None,
        body: vec![7; 48],
        created_at: NOW,
    };
    let operation = OperationName::new("get_me").expect("a name");
    let usage_key = UsageKey { user_id: owner, day: Day::of(NOW), operation, api_key_id: None };
    let usage = Usage { key: usage_key, counters: UsageCounters::default() };
    let change = NewChange { kind: ChangeKind::Created, memo_id: memo(0).id, version: Version::FIRST, at: NOW };

    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.changes().append(owner, &[change]).await.expect("the change is added");
    uow.sessions().insert(&session).await.expect("the session is added");
    uow.refresh_tokens().insert(&token).await.expect("the token is added");
    uow.identities().insert(&identity).await.expect("the identity is added");
    uow.one_time_tokens().insert(&one_time).await.expect("the token is added");
    uow.second_factors().upsert(&factor).await.expect("the factor is added");
    uow.second_factors().replace_codes(owner, &[digest(4), digest(5)]).await.expect("the codes are added");
    uow.api_keys().insert(&key).await.expect("the key is added");
    uow.jobs().insert(&job).await.expect("the job is added");
    uow.idempotency().insert(&response).await.expect("the response is added");
    uow.usage().add(&[usage]).await.expect("the usage is added");
    uow.audit().append(&event(1, owner, None)).await.expect("the event is added");
    uow.commit().await.expect("the unit of work commits");
}

/// Inserts memos, and something of the first one into each repository of memos.
async fn add_memos(store: &dyn Store, owner: UserId) {
    for n in 0..3 {
        add_memo(store, n).await;
    }
    let share = Share {
        id: ShareId::new(Uuid::from_u128(1)),
        memo_id: memo(0).id,
        digest: digest(8),
        password_hash: None,
        expires_at: None,
        created_at: NOW,
        reads: 0,
    };
    let like = Like { memo_id: memo(0).id, user_id: owner, at: NOW };
    let next = MemoState { tags: Tags::default(), ..memo(0).state };
    let revision = Revision::of(&memo(0), &next, NOW, ChangeOrigin::Server).expect("another text");
    let link = (memo(0).id, LinkTarget::new([7; 16]));
    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.shares().insert(&share).await.expect("the share is added");
    uow.likes().insert(&like).await.expect("the like is added");
    uow.revisions().insert(&revision).await.expect("the revision is added");
    uow.links().insert_all(&[link]).await.expect("the link is added");
    uow.commit().await.expect("the unit of work commits");
}

fn digest(n: u8) -> memo_domain::SecretDigest {
    Secret::new([n; 32]).digest()
}

fn event(n: u128, user_id: UserId, actor_id: Option<UserId>) -> AuditEvent {
    AuditEvent {
        id: AuditId::new(Uuid::from_u128(n)),
        user_id,
        actor_id,
        kind: AuditKind::RoleChanged,
        at: NOW,
        ip: None,
        device: None,
        request_id: None,
        detail: None,
        api_key_id: None,
    }
}

/// Counts the rows of each table that has rows of users.
async fn rows(database: &DatabaseConnection) -> Vec<(String, i64)> {
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'memo_grams' ORDER BY name";
    let mut rows = Vec::new();
    for row in database.query_all_raw(statement(tables)).await.expect("the schema is read") {
        let name: String = row.try_get("", "name").expect("a name");
        if INTERNAL_TABLES.contains(&name.as_str()) {
            continue;
        }
        let count = database.query_one_raw(statement(&format!("SELECT COUNT(*) AS count FROM {name}"))).await;
        let count = count.expect("rows are counted").expect("one row").try_get("", "count").expect("a number");
        rows.push((name, count));
    }
    rows
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn a_removed_user_leaves_no_row_in_any_table() {
    for by_cascade_alone in [false, true] {
        let fresh = Fresh::new().await;
        add_all(&*fresh.store).await;
        let database = Database::connect(options(&fresh.folder).url).await.expect("a connection");
        let waits = database.execute_unprepared("INSERT INTO index_backlog (number) SELECT number FROM memos").await;
        waits.expect("memos wait to be indexed");
        let before = rows(&database).await;
        assert!(before.len() > 13 && before.iter().all(|(_, count)| *count > 0), "{before:?}");

        if by_cascade_alone {
            database.execute_unprepared("DELETE FROM users").await.expect("the user is removed");
        } else {
            let mut uow = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
            uow.users().remove(user(0).id, Version::FIRST).await.expect("the user is removed");
            uow.commit().await.expect("the unit of work commits");
        }
        let after = rows(&database).await;
        assert!(after.iter().all(|(_, count)| *count == 0), "by cascade alone: {by_cascade_alone}\n{after:?}");
    }
}

#[tokio::test]
async fn audit_events_stay_when_their_actor_is_removed() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    add_user(&*fresh.store, 1).await;
    let event = event(1, user(0).id, Some(user(1).id));
    let mut uow = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
    uow.audit().append(&event).await.expect("the event is added");
    uow.users().remove(user(1).id, Version::FIRST).await.expect("the user is removed");
    uow.commit().await.expect("the unit of work commits");

    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    let page = uow.audit().list(None, &memo_domain::PageRequest::default()).await.expect("events are listed");
    assert_eq!(page.items, [event]);
}
