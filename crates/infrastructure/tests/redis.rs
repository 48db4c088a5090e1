//! What nodes tell each other by way of a real Redis.

use std::time::Duration;

use memo_domain::{Clock, IdGenerator, SessionEvent, SessionEvents, SessionId};
use memo_infrastructure::{
    redis::RedisSessionEvents,
    system::{SystemClock, UuidV7Generator},
};
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
    let [one, other] = [(), ()].map(|()| RedisSessionEvents::new(&url).expect("a URL of Redis"));
    one.check().await.expect("the server answers");
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
    let node = RedisSessionEvents::new(&format!("redis://127.0.0.1:{}", proxy.port())).expect("a URL of Redis");
    assert_eq!(timeout(PATIENCE, node.receive()).await, Ok(SessionEvent::Missed));
    proxy.drop_connections();
    let missed = async { while node.receive().await != SessionEvent::Missed {} };
    timeout(PATIENCE, missed).await.expect("it listens again");
    let ended = ids(1);
    node.tell(&ended).await.expect("it is told");
    heard(&node, &ended).await;
}

#[test]
fn a_url_of_something_else_is_refused_without_being_shown() {
    for url in ["postgres://user:secret@host", "redis://user:secret@host:port", "secret"] {
        let error = RedisSessionEvents::new(url).err().expect("it is refused").to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
