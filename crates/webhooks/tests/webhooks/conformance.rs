//! The adapter in the suite of its port.

use std::sync::Arc;

use memo_conformance::{ReceiverBehaviour, TestReceiver};
use memo_domain::{WebhookSender, WebhookUrl};

use crate::receiver::{Receiver, Reply, client};

struct Local(Arc<Receiver>);

impl TestReceiver for Local {
    fn sender(&self) -> Arc<dyn WebhookSender> {
        Arc::new(client())
    }

    fn url(&self) -> WebhookUrl {
        self.0.url()
    }

    fn behave(&self, behaviour: ReceiverBehaviour) -> bool {
        self.0.reply(match behaviour {
            ReceiverBehaviour::Responds(status) => Reply::Status(status),
            ReceiverBehaviour::Silent => Reply::Silent,
            ReceiverBehaviour::Slow => Reply::Slow,
            ReceiverBehaviour::Endless => Reply::EndlessBody,
            ReceiverBehaviour::Redirects => Reply::Redirect,
        });
        true
    }

    fn received(&self) -> Vec<String> {
        self.0.requests().into_iter().map(|request| request.header["webhook-id"].clone()).collect()
    }
}

async fn local() -> Option<Box<dyn TestReceiver>> {
    Some(Box::new(Local(Receiver::start().await)))
}

memo_conformance::webhook_sender_tests!(local);
