use std::time::{Duration, Instant};

use memo_domain::{DeliveryError, Secret, WebhookEvent, WebhookMessage};

use crate::{
    samples::at,
    subjects::{ReceiverBehaviour, TestReceiver},
};

fn message(given: &dyn TestReceiver, id: &str) -> WebhookMessage {
    WebhookMessage {
        id: id.to_owned(),
        url: given.url(),
        secret: Secret::new([7; 32]),
        sent_at: at(0),
        event: WebhookEvent::Ping { at: at(0) },
    }
}

pub(crate) async fn a_message_is_received_once(given: Box<dyn TestReceiver>) {
    let sender = given.sender();
    for id in ["msg_1", "msg_2"] {
        let outcome = sender.send(&message(&*given, id)).await;
        assert_eq!((outcome.status, outcome.error), (Some(200), None), "a receiver answers with 200 by default");
    }
    assert_eq!(given.received(), ["msg_1", "msg_2"]);
}

pub(crate) async fn only_a_status_from_200_to_299_is_a_success(given: Box<dyn TestReceiver>) {
    let sender = given.sender();
    for (status, error) in [
        (204, None),
        (299, None),
        (400, Some(DeliveryError::UnexpectedStatus)),
        (410, Some(DeliveryError::UnexpectedStatus)),
        (500, Some(DeliveryError::UnexpectedStatus)),
        (304, Some(DeliveryError::Redirect)),
    ] {
        assert!(given.behave(ReceiverBehaviour::Responds(status)), "a receiver can answer");
        let outcome = sender.send(&message(&*given, "msg_1")).await;
        assert_eq!((outcome.status, outcome.error), (Some(status), error));
    }
}

pub(crate) async fn a_redirect_of_a_receiver_is_not_followed(given: Box<dyn TestReceiver>) {
    if !given.behave(ReceiverBehaviour::Redirects) {
        return;
    }
    let outcome = given.sender().send(&message(&*given, "msg_1")).await;
    assert_eq!(outcome.error, Some(DeliveryError::Redirect));
    assert_eq!(given.received(), ["msg_1"]);
}

pub(crate) async fn a_delivery_ends_in_time(given: Box<dyn TestReceiver>) {
    for behaviour in [ReceiverBehaviour::Silent, ReceiverBehaviour::Slow] {
        if !given.behave(behaviour) {
            continue;
        }
        let begin = Instant::now();
        let outcome = given.sender().send(&message(&*given, "msg_1")).await;
        assert_eq!((outcome.status, outcome.error), (None, Some(DeliveryError::Timeout)), "{behaviour:?}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }
}

pub(crate) async fn a_response_is_not_read(given: Box<dyn TestReceiver>) {
    if !given.behave(ReceiverBehaviour::Endless) {
        return;
    }
    let begin = Instant::now();
    let outcome = given.sender().send(&message(&*given, "msg_1")).await;
    assert_eq!((outcome.status, outcome.error), (Some(200), None));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
