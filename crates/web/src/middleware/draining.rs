use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// The shutdown of this node, in two steps.
#[derive(Debug, Default)]
pub struct Draining {
    announced: AtomicBool,
    refusing: watch::Sender<bool>,
}

impl Draining {
    /// Makes `/readyz` report the shutdown; requests are still served.
    pub fn announce(&self) {
        self.announced.store(true, Ordering::Release);
    }

    /// Refuses new requests, and ends live connections.
    pub fn refuse(&self) {
        self.refusing.send_replace(true);
    }

    /// Whether the shutdown is announced.
    pub fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }

    /// Whether new requests are refused.
    pub fn is_refusing(&self) -> bool {
        *self.refusing.borrow()
    }

    /// Tells when new requests are refused.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.refusing.subscribe()
    }
}
