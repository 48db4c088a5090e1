//! The Redis adapters, against a real Redis.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::{TestCache, TestStore, eventually, pause};
use memo_domain::{
    Access, BrowserSessions, Cache, Clock, DisplayName, Email, Event, Events, IdGenerator, Locale, Received, Scopes,
    SecretGenerator, Session, SessionId, Store, Topic, User, UserId,
};
use memo_redis::{Redis, RedisBrowserSessions, RedisCache, RedisEvents};
use memo_system::{SystemClock, SystemSecrets, UuidV7Generator};
use memo_test_databases::{Proxy, redis_url};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpListener,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// The server behind a proxy, under a prefix of its own.
async fn behind_a_proxy() -> Option<(Redis, Proxy)> {
    let url = redis_url().await?;
    let address = url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    Some((own_prefix_at(&format!("redis://127.0.0.1:{}", proxy.port())), proxy))
}

#[tokio::test]
async fn a_new_connection_may_have_missed_events() {
    let Some(redis) = own_prefix().await else { return };
    let (one, other) = (RedisEvents::new(redis.clone()), RedisEvents::new(redis));
    for node in [&one, &other] {
        let mut subscription = node.subscribe(&[Topic::Sessions]);
        assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_missed_while_the_connection_is_lost() {
    let Some((redis, proxy)) = behind_a_proxy().await else { return };
    let node = RedisEvents::new(redis);
    let mut subscription = node.subscribe(&[Topic::Jobs]);
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed));
    proxy.drop_connections().await;
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed), "it has connected again");
    node.publish(&Event::JobsWaiting).await.expect("it is published");
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Event(Event::JobsWaiting)));
    // Longer away.
    proxy.cut();
    assert!(node.publish(&Event::JobsWaiting).await.is_err());
    proxy.restore().await;
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed));
    let published = async { while node.publish(&Event::JobsWaiting).await.is_err() {} };
    timeout(PATIENCE, published).await.expect("Redis is reached");
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Event(Event::JobsWaiting)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_unavailable_at_start_is_reached_later() {
    let Some((redis, proxy)) = behind_a_proxy().await else { return };
    let cache = RedisCache::new(redis);
    proxy.cut();
    assert!(timeout(PATIENCE, cache.check()).await.expect("a result in time").is_err());
    proxy.restore().await;
    let found = async { while cache.check().await.is_err() {} };
    timeout(PATIENCE, found).await.expect("Redis is reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_lost_without_a_word_are_replaced() {
    let Some((redis, proxy)) = behind_a_proxy().await else { return };
    let (cache, node) = (RedisCache::new(redis.clone()), RedisEvents::new(redis));
    let mut subscription = node.subscribe(&[Topic::Jobs]);
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed));
    cache.check().await.expect("Redis is reached");
    proxy.freeze_connections();
    cache.check().await.expect_err("no response");
    cache.check().await.expect("Redis is reached on another connection");
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Missed), "it has connected again");
    node.publish(&Event::JobsWaiting).await.expect("it is published");
    assert_eq!(timeout(PATIENCE, subscription.next()).await, Ok(Received::Event(Event::JobsWaiting)));
}

/// Answers like a server that was the primary until `is_primary`, for connections that it has accepted since.
async fn former_primary(is_primary: Arc<AtomicBool>) -> Redis {
    own_prefix_at(&format!(
        "redis://127.0.0.1:{}",
        refusing("SET", b"-READONLY It is a replica.\r\n", is_primary).await
    ))
}

/// A server that answers a command so, until it no longer does, on new connections. Returns its port.
async fn refusing(refused: &'static str, with: &'static [u8], accepts: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let accepts = accepts.load(Ordering::SeqCst);
            tokio::spawn(async move {
                let mut stream = BufStream::new(stream);
                let mut line = String::new();
                // Each command is an array of bulk strings: lengths and texts in turns.
                while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                    let count: usize = line.trim_start_matches('*').trim_end().parse().expect("a length");
                    let mut words = Vec::new();
                    for _ in 0..count {
                        line.clear();
                        stream.read_line(&mut line).await.expect("a length");
                        line.clear();
                        stream.read_line(&mut line).await.expect("a text");
                        words.push(line.trim_end().to_owned());
                    }
                    line.clear();
                    let reply: &[u8] = match &*words[0] {
                        word if word == refused && !accepts => with,
                        "PING" => b"+PONG\r\n",
                        _ => b"+OK\r\n",
                    };
                    stream.write_all(reply).await.expect("it is written");
                    stream.flush().await.expect("it is sent");
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn server_that_did_not_know_the_password_is_asked_again() {
    let accepts = Arc::new(AtomicBool::new(false));
    let port = refusing("AUTH", b"-WRONGPASS invalid username-password pair\r\n", accepts.clone()).await;
    let cache = RedisCache::new(own_prefix_at(&format!("redis://:password@127.0.0.1:{port}")));
    for _ in 0..2 {
        cache.check().await.expect_err("it refuses the password");
    }
    accepts.store(true, Ordering::SeqCst);
    eventually("another connection", async || cache.check().await.ok()).await;
}

#[tokio::test]
async fn server_that_only_reads_is_unavailable_and_left_when_it_is_no_longer_the_primary() {
    let is_primary = Arc::new(AtomicBool::new(false));
    let cache = RedisCache::new(former_primary(is_primary.clone()).await);
    for _ in 0..2 {
        cache.check().await.expect_err("it can't be written to");
    }
    // The name leads to another server from now on.
    is_primary.store(true, Ordering::SeqCst);
    cache.check().await.expect("a new connection leads to it");
}

#[test]
fn invalid_url_is_rejected_without_being_shown() {
    for url in ["postgres://user:secret@host", "redis://user:secret@host:port", "secret"] {
        let error = Redis::new(url, "test").err().expect("an error").to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}

/// A prefix of its own. Its data expires by itself.
async fn own_prefix() -> Option<Redis> {
    Some(own_prefix_at(&redis_url().await?))
}

fn own_prefix_at(url: &str) -> Redis {
    let id = UuidV7Generator::default().next(SystemClock.now());
    Redis::new(url, &format!("test:{id}")).expect("a URL of Redis")
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

struct ByTheServersTime(Arc<dyn Cache>);

#[async_trait]
impl TestCache for ByTheServersTime {
    fn cache(&self) -> Arc<dyn Cache> {
        self.0.clone()
    }

    async fn elapse(&self, time: Duration) {
        // A key expires after the millisecond in which it ends.
        pause(time + Duration::from_millis(2)).await;
    }
}

async fn cache() -> Option<Box<dyn TestCache>> {
    Some(Box::new(ByTheServersTime(Arc::new(RedisCache::new(own_prefix().await?)))))
}

memo_conformance::cache_tests!(cache);

async fn nodes() -> Option<[Arc<dyn Events>; 2]> {
    let redis = own_prefix().await?;
    Some([Arc::new(RedisEvents::new(redis.clone())), Arc::new(RedisEvents::new(redis))])
}

memo_conformance::events_tests!(nodes);

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
        proved_at: None,
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
