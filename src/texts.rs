//! Computes the search texts of memos.

use std::thread::available_parallelism;

use async_trait::async_trait;
use memo_application::{Error, TextWorker};
use memo_domain::{Content, SearchText, Title, UserId};
use memo_fair::{Capacity, FairSemaphore};
use tokio::task::spawn_blocking;

/// The length in bytes up to which a text is computed in place: faster than handing it to another thread.
const SHORT: usize = 2_048;
/// How many long texts of one user may wait: more than a batch has.
const WAITING_OF_USER: usize = 200;
/// How many long texts may wait: they may have 400 kB each.
const WAITING: usize = 500;

/// Computes long texts on threads for blocking work, one fewer than there are cores, and takes turns between users.
pub struct TextThreads(FairSemaphore<UserId>);

impl TextThreads {
    pub fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let permits = cores.saturating_sub(1).max(1);
        let permits_per_key = (permits / 2).max(1);
        let capacity = Capacity { permits, permits_per_key, waiting: WAITING, waiting_per_key: WAITING_OF_USER };
        Self(FairSemaphore::new(capacity))
    }
}

#[async_trait]
impl TextWorker for TextThreads {
    async fn search_text(&self, owner: UserId, title: &Title, content: &Content) -> Result<SearchText, Error> {
        if content.as_str().len() <= SHORT {
            return Ok(SearchText::of(title, content));
        }
        let busy = |_| Error::Overloaded { retry_after: std::time::Duration::from_secs(1) };
        let permit = self.0.acquire(owner).await.map_err(busy)?;
        let (title, content) = (title.clone(), content.clone());
        let text = spawn_blocking(move || {
            // It is returned when the work is done, also if no caller waits for the text any more.
            let _permit = permit;
            let text = SearchText::of(&title, &content);
            text.bigrams();
            text
        });
        text.await.map_err(|panic| Error::Internal { source: panic.into() })
    }
}
