//! A database on a server with enough memos for its planner to choose realistic plans.

use std::sync::Arc;

use memo_domain::{
    Access, Content, DisplayName, Email, Locale, Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoState, PageStart,
    PasswordHash, SortField, SortPosition, Store, Tags, Timestamp, Title, User, UserId, Visibility,
};
use memo_test_databases::{Server, TestDatabase};
use sea_orm::{DbBackend, prelude::Uuid};

use super::{PAGE_ROWS, Plan, Start, gram_query, list, mine, tag};
use crate::{SeaOrmStore, StoreOptions, row::row, unit_of_work::SeaOrmUnitOfWork};

/// The number of memos; half of them belong to one user.
const MEMOS: u32 = 4_000;
/// The number of users who own the other half: a plan that suits them does not suit the first one.
const OTHERS: u32 = 99;
/// The number of rows that a page may read: a few for each memo that it shows, and fewer than there are memos of any kind.
pub const MAX_READS: u64 = 8 * PAGE_ROWS;

/// A store with memos of all kinds.
pub struct Filled {
    store: SeaOrmStore,
    pub backend: DbBackend,
    /// Dropped last, since it removes the database.
    _database: TestDatabase,
}

impl Filled {
    /// Fills a new database; `None` if the server is not available.
    pub async fn new(server: Server) -> Option<Self> {
        let database = server.database().await?;
        let store = SeaOrmStore::open(StoreOptions::new(database.url())).await.expect("the store opens");
        store.migrate_up().await.expect("the schema is created");
        let mut unit = store.begin(Access::Write).await.expect("a unit of work begins");
        for n in 0..=OTHERS {
            unit.users().insert(&user(n)).await.expect("the user is added");
        }
        for n in 0..MEMOS {
            unit.memos().insert(&memo(n), &memo(n).search_text()).await.expect("the memo is added");
        }
        unit.commit().await.expect("the unit of work commits");
        let backend = store.database.backend();
        Some(Self { store, backend, _database: database })
    }

    /// Begins a unit of work, which runs all its statements on one connection.
    pub async fn unit(&self) -> SeaOrmUnitOfWork {
        let session = self.store.database.begin(Access::Write, None).await.expect("a unit of work begins");
        SeaOrmUnitOfWork::new(session, self.backend, Arc::clone(&self.store.prepared), Arc::default())
    }
}

/// The user who owns half of the memos.
pub fn main_user() -> UserId {
    user(0).id
}

/// A time after those of all memos.
pub fn end() -> Timestamp {
    moment(MEMOS)
}

/// The starts of the first page and of one in the middle.
pub fn starts(sort: MemoSort) -> [PageStart<MemoCursor>; 2] {
    let position = match sort.field {
        SortField::Title => SortPosition::Text(title(MEMOS / 2).sort_key()),
        _ => SortPosition::Time(moment(MEMOS / 2)),
    };
    let cursor = MemoCursor { position, id: id(MEMOS / 2) };
    [PageStart::Offset(0), PageStart::After(cursor)]
}

/// Filters that few memos of the main user match, with the plans that look them up.
pub fn selective_filters() -> [(&'static str, MemoFilter, Plan); 3] {
    let mine = mine(main_user());
    let tagged = MemoFilter { tags: vec![tag("seldom")], ..mine.clone() };
    let new = MemoFilter { created_after: Some(moment(MEMOS - 100)), ..mine.clone() };
    [
        ("tag", tagged, Plan { start: Start::Tag(tag("seldom")), ..Plan::default() }),
        ("search", mine, Plan { gram_query: Some(gram_query("휴가")), start: Start::Search, ..Plan::default() }),
        ("time", new, Plan { start: Start::Time, ..Plan::default() }),
    ]
}

/// Filters that many memos of the main user match, each with the plan that scans in order and the plan that looks up.
pub fn broad_filters() -> [(MemoFilter, [Plan; 2]); 3] {
    let mine = mine(main_user());
    let tagged = MemoFilter { tags: vec![tag("often")], ..mine.clone() };
    let search = |query| {
        let in_order = Plan { gram_query: Some(gram_query(query)), ..Plan::default() };
        [in_order, Plan { gram_query: Some(gram_query(query)), start: Start::Search, ..Plan::default() }]
    };
    [
        (tagged, [Plan::default(), Plan { start: Start::Tag(tag("often")), ..Plan::default() }]),
        (mine.clone(), search("회의")),
        // Every memo matches.
        (mine, search("ox")),
    ]
}

/// Checks that both plans of a broad filter find the same memos.
pub async fn check_plans_find_the_same_memos(unit: &mut SeaOrmUnitOfWork) {
    let sort = MemoSort::default();
    for (filter, plans) in broad_filters() {
        for start in starts(sort) {
            let mut pages = Vec::new();
            for plan in &plans {
                let list = list(&filter, sort, &start, plan, unit.backend);
                let found = unit.find_all::<Found>(list).await;
                pages.push(found.expect("memos are found"));
            }
            assert_eq!(pages[0].len() as u64, PAGE_ROWS, "{plans:?}");
            assert_eq!(pages[0], pages[1], "{plans:?}");
        }
    }
}

row! {
    #[derive(Debug, PartialEq, Eq)]
    struct Found {
        id: Uuid,
    }
}

fn moment(n: u32) -> Timestamp {
    Timestamp::from_micros(1_769_850_000_000_000 + i64::from(n) * 1_000_000)
}

fn title(n: u32) -> Title {
    Title::new(format!("Title {n:05}")).expect("a valid title")
}

fn id(n: u32) -> MemoId {
    MemoId::new(Uuid::from_u128(0x0198_c0df_0000_7000_8000_0000_0000_0000 + u128::from(n)))
}

fn user(n: u32) -> User {
    User::sign_up(
        UserId::new(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + u128::from(n))),
        Email::new(format!("user{n}@example.com")).expect("a valid address"),
        DisplayName::new(format!("User {n}")).expect("a valid name"),
        PasswordHash::new("$2b$".to_owned()),
        Locale::En,
        moment(0),
    )
}

/// The orders by id, by each time and by title are unrelated.
fn memo(n: u32) -> Memo {
    let mixed = |prime: u32| n * prime % MEMOS;
    let (m, is_of_main_user) = (n / 2, n.is_multiple_of(2));
    let mut tags = vec![tag(&format!("tag{}", m % 700))];
    let mut content = "The quick brown fox jumps over the lazy dog. ".repeat(4);
    if m.is_multiple_of(2) {
        tags.push(tag("often"));
        content.push_str("회의");
    }
    if m % 200 == 7 {
        tags.push(tag("seldom"));
        content.push_str("휴가");
    }
    let state = MemoState {
        tags: Tags::new(tags).expect("few tags"),
        pinned: m % 10 == 3,
        archived: m % 10 == 6,
        visibility: if m % 5 == 4 { Visibility::Public } else { Visibility::Private },
        ..MemoState::new(title(mixed(7_919)), Content::new(content).expect("valid content"))
    };
    let owner = if is_of_main_user { 0 } else { 1 + m % OTHERS };
    let mut memo = Memo::create(id(n), user(owner).id, state, moment(mixed(6_151)));
    memo.updated_at = moment(mixed(9_973));
    memo.deleted_at = (m % 10 == 1).then(end);
    memo
}
