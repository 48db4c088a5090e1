//! What nodes share and tell each other by way of a real Redis.

use std::{sync::Arc, time::Duration};

use memo_conformance::TestStore;
use memo_domain::{
    Access, BrowserSessions, Cache, Clock, DisplayName, Email, IdGenerator, Locale, Scopes, SecretGenerator, Session,
    SessionEvent, SessionEvents, SessionId, Store, User, UserId,
};
use memo_redis::{Redis, RedisBrowserSessions, RedisCache, RedisSessionEvents};
use memo_system::{SystemClock, SystemSecrets, UuidV7Generator};
use memo_test_databases::{Proxy, redis_url};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

fn ids(number: usize) -> Vec<SessionId> {
    // Other tests tell on the same channel.
    let (ids, now) = (UuidV7Generator::default(), SystemClock.now());
    (0..number).map(|_| SessionId::new(ids.next(now))).collect()
}

async fn heard(node: &RedisSessionEvents, wanted: &[SessionId]) {
    let heard = async { while node.receive().await != SessionEvent::Ended(wanted.to_vec()) {} };
    timeout(PATIENCE, heard).await.expect("it is heard");
}

#[tokio::test]
async fn what_a_node_tells_all_nodes_hear() {
    let Some(url) = redis_url().await else { return };
    let [one, other] = [(), ()].map(|()| RedisSessionEvents::new(Redis::new(&url, "test").expect("a URL of Redis")));
    for node in [&one, &other] {
        assert_eq!(timeout(PATIENCE, node.receive()).await, Ok(SessionEvent::Missed), "it begins to listen");
    }
    let ended = ids(3);
    one.tell(&ended).await.expect("it is told");
    for node in [&one, &other] {
        heard(node, &ended).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_connection_says_that_it_may_have_missed_something() {
    let Some(url) = redis_url().await else { return };
    let address = url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    let redis = Redis::new(&format!("redis://127.0.0.1:{}", proxy.port()), "test").expect("a URL of Redis");
    let node = RedisSessionEvents::new(redis);
    assert_eq!(timeout(PATIENCE, node.receive()).await, Ok(SessionEvent::Missed));
    proxy.drop_connections();
    let missed = async { while node.receive().await != SessionEvent::Missed {} };
    timeout(PATIENCE, missed).await.expect("it listens again");
    let ended = ids(1);
    node.tell(&ended).await.expect("it is told");
    heard(&node, &ended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_unavailable_at_start_is_reached_later() {
    let Some(url) = redis_url().await else { return };
    let address = url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    let redis = Redis::new(&format!("redis://127.0.0.1:{}", proxy.port()), "test").expect("a URL of Redis");
    let cache = RedisCache::new(redis);
    proxy.cut();
    assert!(timeout(PATIENCE, cache.check()).await.expect("a result in time").is_err());
    proxy.restore().await;
    let found = async { while cache.check().await.is_err() {} };
    timeout(PATIENCE, found).await.expect("Redis is reached");
}

#[test]
fn invalid_url_is_rejected_without_being_shown() {
    for url in ["postgres://user:secret@host", "redis://user:secret@host:port", "secret"] {
        let error = Redis::new(url, "test").err().expect("an error").to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}

/// A key prefix of its own. Its data expires by itself.
async fn own_prefix() -> Option<Redis> {
    let url = redis_url().await?;
    let id = UuidV7Generator::default().next(SystemClock.now());
    Some(Redis::new(&url, &format!("test:{id}")).expect("a URL of Redis"))
}

struct Fresh(Arc<dyn Store>);

impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

async fn with_a_store() -> Option<(Box<dyn TestStore>, Arc<dyn BrowserSessions>)> {
    let store: Arc<dyn Store> = Arc::new(memo_memory::MemoryStore::new());
    let sessions = RedisBrowserSessions::new(own_prefix().await?, store.clone());
    Some((Box::new(Fresh(store)), Arc::new(sessions)))
}

memo_conformance::browser_sessions_tests!(with_a_store);

async fn cache() -> Option<Arc<dyn Cache>> {
    Some(Arc::new(RedisCache::new(own_prefix().await?)))
}

memo_conformance::cache_tests!(cache);

#[tokio::test]
async fn cookie_session_never_outlives_its_maximum_age() {
    let Some(redis) = own_prefix().await else { return };
    let store: Arc<dyn Store> = Arc::new(memo_memory::MemoryStore::new());
    let sessions = RedisBrowserSessions::new(redis, store.clone());
    let (ids, now) = (UuidV7Generator::default(), SystemClock.now());
    let email = Email::new("alice@example.com").expect("an address");
    let name = DisplayName::new("Alice").expect("a name");
    let user = User::without_password(UserId::new(ids.next(now)), email, name, Locale::En, now);
    let cookie = SystemSecrets.next().digest();
    let session = Session {
        id: SessionId::new(ids.next(now)),
        user_id: user.id,
        scopes: Scopes::all(),
        cookie: Some(cookie),
        provider: None,
        device: None,
        ip: None,
        created_at: now,
        last_seen_at: now,
        expires_at: now + PATIENCE,
        ended_at: None,
    };
    let kept = sessions.prepare(&session).await.expect("the session is prepared");
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    unit.users().insert(&user).await.expect("the user is inserted");
    unit.sessions().insert(&kept).await.expect("the session is inserted");
    unit.commit().await.expect("the commit succeeds");
    let long = Session::MAX_AGE + Session::MAX_AGE;
    assert!(sessions.touch(&cookie, now, now + long).await.expect("the touch succeeds"));
    let found = sessions.find_by_cookie(&cookie).await.expect("Redis answers").expect("the session exists");
    assert_eq!(found.expires_at, session.ends_at_latest());
    assert!(sessions.list_live(user.id, session.ends_at_latest()).await.expect("Redis answers").is_empty());
}
