use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use memo_domain::StoreError;
use tokio::runtime::Handle;

use crate::stamps::Running;

type Inner = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// A commit. If it is dropped, it goes on in the background: until it has ended, it is unknown what is read.
pub struct Commit(Option<(Inner, Running)>);

impl Commit {
    pub fn new(inner: Inner, running: Running) -> Self {
        Self(Some((inner, running)))
    }
}

impl Future for Commit {
    type Output = Result<(), StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((inner, _)) = &mut self.0 else { return Poll::Pending };
        let committed = ready!(inner.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(committed)
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        let Some((inner, running)) = self.0.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                // No caller waits for the outcome.
                let _ = inner.await;
                drop(running);
            })),
            // The outcome stays unknown.
            Err(_) => std::mem::forget(running),
        }
    }
}
