//! Computes on the texts of memos.

use std::{io, sync::Arc, thread::available_parallelism, time::Duration};

use async_trait::async_trait;
use memo_application::{Error, TextAnalysis, TextWorker};
use memo_domain::{Content, Markdown, MemoFacts, SearchText, Title, UserId};
use memo_fair::{Capacity, FairSemaphore, LongWork};

/// The length in bytes up to which a text is computed in place: faster than handing it to another thread.
const SHORT: usize = 2_048;
/// How many long texts of one user may wait: more than a batch has.
const WAITING_OF_USER: usize = 200;
/// How many long texts may wait: they may have 400 kB each.
const WAITING: usize = 500;

/// Computes long texts on threads of their own, one fewer than there are cores, and takes turns between users.
pub struct TextThreads {
    threads: LongWork,
    turns: FairSemaphore<UserId>,
    markdown: Arc<dyn Markdown>,
}

impl TextThreads {
    /// Starts the threads, which end with this.
    pub fn start(markdown: Arc<dyn Markdown>) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, usize::from);
        let permits = cores.saturating_sub(1).max(1);
        let permits_per_key = (permits / 2).max(1);
        let capacity = Capacity { permits, permits_per_key, waiting: WAITING, waiting_per_key: WAITING_OF_USER };
        Ok(Self { threads: LongWork::start("texts", permits)?, turns: FairSemaphore::new(capacity), markdown })
    }

    async fn run<T: Send + 'static>(
        &self,
        owner: UserId,
        content: &Content,
        work: impl FnOnce(&Content) -> T + Send + 'static,
    ) -> Result<T, Error> {
        if is_short(content) {
            return Ok(work(content));
        }
        let busy = |_| Error::Overloaded { retry_after: Duration::from_secs(1) };
        let permit = self.turns.acquire(owner).await.map_err(busy)?;
        let content = content.clone();
        let done = self.threads.run(move || {
            // It is returned when the work is done, also if no caller waits for it any more.
            let _permit = permit;
            work(&content)
        });
        done.await.map_err(|panicked| Error::Internal { source: panicked.into() })
    }
}

fn is_short(content: &Content) -> bool {
    content.as_str().len() <= SHORT
}

#[async_trait]
impl TextWorker for TextThreads {
    async fn analyze(&self, owner: UserId, title: &Title, content: &Content) -> Result<TextAnalysis, Error> {
        let (title, markdown) = (title.clone(), self.markdown.clone());
        let compute = move |content: &Content| {
            let search = SearchText::of(&title, content);
            if !is_short(content) {
                search.bigrams();
            }
            let facts = markdown.facts(content.as_str());
            TextAnalysis { search, facts: MemoFacts::from(&facts), links: facts.links }
        };
        self.run(owner, content, compute).await
    }

    async fn title(&self, owner: UserId, content: &Content) -> Result<Option<Title>, Error> {
        let markdown = self.markdown.clone();
        let title = self.run(owner, content, move |content| markdown.title(content.as_str())).await?;
        Ok(title.and_then(|title| Title::new(title).ok()))
    }

    async fn set_task(
        &self,
        owner: UserId,
        content: &Content,
        number: u32,
        done: bool,
    ) -> Result<Option<Content>, Error> {
        let markdown = self.markdown.clone();
        let set = self.run(owner, content, move |content| markdown.set_task(content.as_str(), number, done)).await?;
        Ok(set.and_then(|content| Content::new(content).ok()))
    }

    async fn html(&self, owner: UserId, content: &Content) -> Result<String, Error> {
        let markdown = self.markdown.clone();
        self.run(owner, content, move |content| markdown.html(content.as_str())).await
    }
}
