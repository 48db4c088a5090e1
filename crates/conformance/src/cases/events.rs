use std::{future::poll_fn, sync::Arc, task::Poll};

use memo_domain::{ApiKeyId, Event, Events, Received, SessionId, Subscription, Topic, UserId, Uuid};
use tokio::time::{Duration, timeout};

use crate::samples::{session_id, user_id};

/// Two nodes that share their events.
type Nodes = [Arc<dyn Events>; 2];

/// How long an adapter may take to connect between two attempts.
const PATIENCE: Duration = Duration::from_millis(100);

fn ended(numbers: impl IntoIterator<Item = u32>) -> Event {
    Event::SessionsEnded(numbers.into_iter().map(session_id).collect())
}

async fn publish(node: &dyn Events, event: &Event) {
    node.publish(event).await.expect("the event is published");
}

/// A subscription that is connected to both nodes, and has received all that was published before.
async fn subscribe(subscriber: &dyn Events, topics: &[Topic], nodes: &Nodes) -> Box<dyn Subscription> {
    let mut subscription = subscriber.subscribe(topics);
    for node in nodes {
        // Markers in each topic, since an adapter may have a connection for each.
        for topic in topics {
            let marker = |number: u128| match topic {
                Topic::Sessions => Event::SessionsEnded(vec![SessionId::new(Uuid::from_u128(number))]),
                Topic::ApiKeys => Event::ApiKeysChanged(vec![ApiKeyId::new(Uuid::from_u128(number))]),
                Topic::Memos => Event::MemosChanged(UserId::new(Uuid::from_u128(number))),
                Topic::Jobs => Event::JobsWaiting,
            };
            let mut number = 1 << 100;
            loop {
                publish(&**node, &marker(number)).await;
                let received = async { while subscription.next().await != Received::Event(marker(number)) {} };
                if timeout(PATIENCE, received).await.is_ok() {
                    break;
                }
                number += 1;
            }
        }
    }
    // Jobs have but one marker, of which there may be more.
    while timeout(PATIENCE, subscription.next()).await.is_ok() {}
    subscription
}

async fn assert_next(subscription: &mut dyn Subscription, expected: &[Event]) {
    for event in expected {
        assert_eq!(subscription.next().await, Received::Event(event.clone()));
    }
}

pub(crate) async fn an_event_reaches_every_subscription(nodes: Nodes) {
    let all = Topic::NAMES.map(|(topic, _)| topic);
    let mut subscriptions = Vec::new();
    for subscriber in [&nodes[0], &nodes[1], &nodes[0]] {
        subscriptions.push(subscribe(&**subscriber, &all, &nodes).await);
    }
    // Markers of the later ones.
    for subscription in &mut subscriptions {
        while timeout(PATIENCE, subscription.next()).await.is_ok() {}
    }
    let keys = Event::ApiKeysChanged([1, 2].map(|number| ApiKeyId::new(Uuid::from_u128(number))).into());
    for event in [ended([]), ended([1]), ended(0..500), keys, Event::MemosChanged(user_id(7)), Event::JobsWaiting] {
        for node in &nodes {
            publish(&**node, &event).await;
            for subscription in &mut subscriptions {
                assert_next(&mut **subscription, std::slice::from_ref(&event)).await;
            }
        }
    }
}

pub(crate) async fn a_subscription_has_its_topics_alone(nodes: Nodes) {
    let mut sessions = subscribe(&*nodes[0], &[Topic::Sessions], &nodes).await;
    let mut others = subscribe(&*nodes[0], &[Topic::Memos, Topic::Jobs], &nodes).await;
    let mut none = nodes[0].subscribe(&[]);
    let (changed, last) = (Event::MemosChanged(user_id(1)), Event::MemosChanged(user_id(2)));
    for event in [&changed, &ended([1]), &Event::JobsWaiting, &ended([2]), &last] {
        publish(&*nodes[1], event).await;
    }
    assert_next(&mut *sessions, &[ended([1]), ended([2])]).await;
    assert_next(&mut *others, &[changed, Event::JobsWaiting, last]).await;
    while let Ok(received) = timeout(PATIENCE, none.next()).await {
        assert_eq!(received, Received::Missed);
    }
}

pub(crate) async fn events_of_one_node_keep_their_order(nodes: Nodes) {
    let mut subscription = subscribe(&*nodes[0], &[Topic::Sessions, Topic::Memos], &nodes).await;
    let events: Vec<_> =
        (0..300).map(|n| if n % 3 == 0 { Event::MemosChanged(user_id(n)) } else { ended([n, n + 1]) }).collect();
    for event in &events {
        publish(&*nodes[1], event).await;
    }
    assert_next(&mut *subscription, &events).await;
}

pub(crate) async fn a_slow_subscription_is_told_that_it_missed_events(nodes: Nodes) {
    const NUMBER: u32 = 5_000;
    let mut slow = subscribe(&*nodes[0], &[Topic::Sessions], &nodes).await;
    for n in 1..=NUMBER {
        publish(&*nodes[0], &ended([n])).await;
    }
    let mut seen = 0;
    let mut missed = false;
    while seen < NUMBER {
        match slow.next().await {
            Received::Missed => missed = true,
            Received::Event(Event::SessionsEnded(ids)) => {
                let number = (seen + 1..=NUMBER).find(|n| ids == [session_id(*n)]).expect("a later event");
                assert!(number == seen + 1 || missed, "events between {seen} and {number} are lost without a word");
                (seen, missed) = (number, false);
            }
            Received::Event(event) => panic!("{event:?} is of another topic"),
        }
    }
    publish(&*nodes[0], &ended([0])).await;
    assert_next(&mut *slow, &[ended([0])]).await;
}

pub(crate) async fn a_cancelled_next_loses_nothing(nodes: Nodes) {
    let mut subscription = subscribe(&*nodes[0], &[Topic::Sessions], &nodes).await;
    for n in 0..50 {
        let mut next = subscription.next();
        let polled = poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "nothing is published");
        if n % 2 == 0 {
            drop(next);
            publish(&*nodes[1], &ended([n])).await;
        } else {
            publish(&*nodes[1], &ended([n])).await;
            drop(next);
        }
        assert_next(&mut *subscription, &[ended([n])]).await;
    }
}

pub(crate) async fn subscriptions_end_apart(nodes: Nodes) {
    let mut stays = subscribe(&*nodes[0], &[Topic::Sessions], &nodes).await;
    for n in 0..20 {
        let ends = nodes[0].subscribe(&[Topic::Sessions, Topic::Jobs]);
        publish(&*nodes[0], &ended([n])).await;
        drop(ends);
        publish(&*nodes[1], &ended([n + 100])).await;
        assert_next(&mut *stays, &[ended([n]), ended([n + 100])]).await;
    }
}
