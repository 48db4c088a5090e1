//! Fills a store and measures it without HTTP: `memo-bench-million URL [MEMOS [EACH]]`.
//!
//! Every EACH-th memo (default: 10) belongs to one user, the others to 999 other users. Prints a line of Markdown for each
//! figure. A store that was filled before is only measured.

mod sizes;
mod texts;

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use memo_domain::{
    Access, ChangeKind, Content, DisplayName, Email, Limit, Locale, Memo, MemoCursor, MemoFilter, MemoId, MemoSort,
    MemoState, MemoView, NewChange, Page, PageRequest, PageStart, PasswordHash, SearchQuery, Store, StoreError, Tag,
    Tags, Timestamp, Title, User, UserId,
};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use uuid::Uuid;

use texts::{Language, Random};

const USERS: u128 = 1_000;
/// The number of memos that one unit of work adds while the store is filled.
const BATCH: u128 = 500;
const ROUNDS: usize = 41;
/// A tag and a word that half of the memos have. No other word contains its syllables.
const HALF_TAG: &str = "half";
const HALF_WORD: &str = " half";

type Failed = Box<dyn Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: memo-bench-million URL [MEMOS [EACH]]")?;
    let memos: u128 = arguments.next().map_or(Ok(1_000_000), |memos| memos.parse())?;
    let each: u128 = arguments.next().map_or(Ok(10), |each| each.parse())?;
    let store = Arc::new(SeaOrmStore::open(StoreOptions::new(&url)).await?);
    store.migrate_up().await?;
    sizes::restore_index(&url).await?;
    let bench = Bench { store, language: Language::new(), memos, each };
    bench.fill().await?;
    sizes::analyze(&url).await?;
    bench.measure().await?;
    sizes::print(&url).await?;
    bench.measure_inserts(&url).await?;
    bench.store.close().await;
    Ok(())
}

struct Bench {
    store: Arc<SeaOrmStore>,
    language: Language,
    memos: u128,
    each: u128,
}

const fn user_id(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n + 1))
}

/// The time of a memo, shuffled, so that the order by time is not the order of the rows.
fn moment(n: u128, memos: u128) -> Timestamp {
    let mixed = n * 7_919 % memos;
    Timestamp::from_micros(1_769_850_000_000_000 + i64::try_from(mixed).unwrap_or(0) * 1_000)
}

impl Bench {
    const fn owner(&self, n: u128) -> UserId {
        user_id(if n.is_multiple_of(self.each) { 0 } else { 1 + n % (USERS - 1) })
    }

    fn memo(&self, n: u128) -> Result<Memo, Failed> {
        let mut random = Random::new(u64::try_from(n)?.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
        let mut tags = vec![format!("tag{}", random.below(20)), format!("rare{}", random.below(2_000))];
        let mut title = self.language.text(&mut random, 3);
        // Half of a user's memos, in no order of time.
        if random.below(2) == 0 {
            tags.push(HALF_TAG.to_owned());
            title.push_str(HALF_WORD);
        }
        let title = Title::new(title).map_err(|error| error.to_string())?;
        let content = Content::new(self.language.text(&mut random, 60)).map_err(|error| error.to_string())?;
        let tags =
            Tags::new(tags.into_iter().filter_map(|tag| Tag::new(tag).ok())).map_err(|error| error.to_string())?;
        let state = MemoState { tags, ..MemoState::new(title, content) };
        let at = moment(n, self.memos);
        // The id begins with a time, as ids in production do.
        let id = MemoId::new(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + n));
        Ok(Memo::create(id, self.owner(n), state, at))
    }

    async fn add(&self, numbers: impl Iterator<Item = u128>) -> Result<(), Failed> {
        let mut unit = self.store.begin(Access::Write).await?;
        for n in numbers {
            let memo = self.memo(n)?;
            unit.memos().insert(&memo, &memo.search_text()).await?;
            unit.changes().append(memo.owner_id, &[NewChange::of(&memo, ChangeKind::Created, memo.created_at)]).await?;
        }
        Ok(unit.commit().await?)
    }

    async fn fill(&self) -> Result<(), Failed> {
        let memos = self.memos;
        let mut unit = self.store.begin(Access::Write).await?;
        if unit.users().lookup(user_id(0)).await?.is_some() {
            return Ok(());
        }
        for n in 0..USERS {
            let user = User::sign_up(
                user_id(n),
                Email::new(format!("user{n}@example.com")).map_err(|error| error.to_string())?,
                DisplayName::new(format!("User {n}")).map_err(|error| error.to_string())?,
                PasswordHash::new(String::new()),
                Locale::Ko,
                moment(0, memos),
            );
            unit.users().insert(&user).await?;
        }
        unit.commit().await?;
        let began = Instant::now();
        let mut first = 0;
        while first < memos {
            self.add(first..memos.min(first + BATCH)).await?;
            first += BATCH;
        }
        println!("| filled with {memos} memos, {BATCH} per unit of work | {:.0} s |", began.elapsed().as_secs_f64());
        Ok(())
    }

    async fn page(
        &self,
        filter: &MemoFilter,
        start: PageStart<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError> {
        let mut unit = self.store.begin(Access::Read).await?;
        unit.memos().list(filter, MemoSort::default(), &PageRequest { limit: Limit::default(), start }).await
    }

    async fn measure(&self) -> Result<(), Failed> {
        let filter = MemoFilter { archived: Some(false), ..MemoFilter::of(user_id(0)) };
        let rows = u64::try_from(self.memos / self.each / 2)?;
        let deep = self.page(&filter, PageStart::Offset(rows - 1)).await?.items;
        let deep = MemoSort::default().cursor(&deep.first().ok_or("the store has too few memos")?.memo, 0);
        let first = median(async |_| self.page(&filter, PageStart::Offset(0)).await.map(drop)).await?;
        let deep = median(async |_| self.page(&filter, PageStart::After(deep.clone())).await.map(drop)).await?;
        println!("| first page of 20 of a user with {} memos | {} |", self.memos / self.each, millis(first));
        println!("| page of 20 by cursor at depth {rows} | {} ({:.2} times) |", millis(deep), ratio(deep, first));
        for (kind, rank) in [("frequent", 3), ("usual", 100), ("rare", 4_000)] {
            let query = |n: usize| {
                let word: String = self.language.word(rank + n).chars().take(2).collect();
                MemoFilter { search: SearchQuery::parse(&word).ok().flatten(), ..filter.clone() }
            };
            let mut unit = self.store.begin(Access::Read).await?;
            let found = match unit.memos().count(&query(0)).await {
                Ok(found) => found.to_string(),
                // A search has a limit in time, which a count of very many memos reaches.
                Err(StoreError::Timeout { .. }) => "too many to count".to_owned(),
                Err(error) => return Err(error.into()),
            };
            let time = median(async |n| self.page(&query(n), PageStart::Offset(0)).await.map(drop)).await?;
            println!("| page of 20, search for two syllables, {kind} ({found} memos of the user) | {} |", millis(time));
        }
        let half_word = MemoFilter { search: SearchQuery::parse(HALF_WORD).ok().flatten(), ..filter.clone() };
        let half_tag = MemoFilter { tags: Tag::new(HALF_TAG).into_iter().collect(), ..filter.clone() };
        for (what, filter) in [("search for a word", half_word), ("a tag", half_tag)] {
            let time = median(async |_| self.page(&filter, PageStart::Offset(0)).await.map(drop)).await?;
            println!("| page of 20, {what} that half of the memos have | {} |", millis(time));
        }
        for (kind, tag) in [("frequent", "tag"), ("rare", "rare")] {
            let tagged = |n: usize| {
                let tags = Tag::new(format!("{tag}{n}")).into_iter().collect();
                MemoFilter { tags, ..filter.clone() }
            };
            let time = median(async |n| self.page(&tagged(n % 20), PageStart::Offset(0)).await.map(drop)).await?;
            println!("| page of 20 with a {kind} tag | {} |", millis(time));
        }
        Ok(())
    }

    /// Measures units of work with one memo each, alternately with the full-text index and with one that discards all rows.
    async fn measure_inserts(&self, url: &str) -> Result<(), Failed> {
        const INSERTS: u32 = 400;
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut next = self.memos + u128::from(self.store_size().await?);
        for _ in 0..5 {
            for is_indexed in [true, false] {
                if !is_indexed && !sizes::swap_index(url, true).await? {
                    println!("| insert without the full-text index | not measured |");
                    return Ok(());
                }
                let began = Instant::now();
                for n in next..next + u128::from(INSERTS) {
                    self.add(std::iter::once(n)).await?;
                }
                if is_indexed { &mut with } else { &mut without }.push(began.elapsed());
                next += u128::from(INSERTS);
                if !is_indexed {
                    sizes::swap_index(url, false).await?;
                }
            }
        }
        with.sort_unstable();
        without.sort_unstable();
        let (with, without) = (with[2] / INSERTS, without[2] / INSERTS);
        println!("| insert, one memo per unit of work | {} |", millis(with));
        println!(
            "| the same without the full-text index | {} ({:.2} of the time with it) |",
            millis(without),
            ratio(without, with)
        );
        Ok(())
    }

    async fn store_size(&self) -> Result<u32, Failed> {
        let mut unit = self.store.begin(Access::Read).await?;
        Ok(u32::try_from(unit.changes().last_seq(user_id(0)).await? * 10)?)
    }
}

/// Returns the median duration of a call, after one call to warm up.
async fn median(call: impl AsyncFn(usize) -> Result<(), StoreError>) -> Result<Duration, StoreError> {
    call(ROUNDS).await?;
    let mut times = Vec::new();
    for n in 0..ROUNDS {
        let began = Instant::now();
        call(n).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
