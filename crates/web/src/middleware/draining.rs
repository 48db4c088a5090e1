use std::sync::atomic::{AtomicBool, Ordering};

/// The shutdown of this node, in two steps.
#[derive(Debug, Default)]
pub struct Draining {
    announced: AtomicBool,
    refusing: AtomicBool,
}

impl Draining {
    /// Makes `/readyz` report the shutdown; requests are still served.
    pub fn announce(&self) {
        self.announced.store(true, Ordering::Release);
    }

    /// Refuses new requests.
    pub fn refuse(&self) {
        self.refusing.store(true, Ordering::Release);
    }

    /// Whether the shutdown is announced.
    pub fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }

    /// Whether new requests are refused.
    pub fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Acquire)
    }
}
