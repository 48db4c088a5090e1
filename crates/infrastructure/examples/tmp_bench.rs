#![allow(warnings, clippy::all, clippy::pedantic)]
use memo_domain::*;
use memo_infrastructure::sea_orm::*;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

fn id(n: u64) -> Uuid {
    Uuid::from_u128(
        (1_769_850_000_000u128 + n as u128) << 80
            | 7u128 << 76
            | 2u128 << 62
            | (n as u128).wrapping_mul(0x9e3779b97f4a7c15) & ((1u128 << 62) - 1),
    )
}
fn memo(n: u64, owner: UserId, tags: &[&str]) -> Memo {
    let state = MemoState {
        title: Title::new(format!("메모 {n} about something")).unwrap(),
        content: Content::new("lorem ipsum 한글 ".repeat(20)).unwrap(),
        tags: Tags::new(tags.iter().map(|t| Tag::new(t).unwrap())).unwrap(),
        pinned: false,
        archived: false,
        visibility: if n % 20 == 0 { Visibility::Public } else { Visibility::Private },
        remind_at: None,
    };
    Memo::create(MemoId::new(id(n)), owner, state, Timestamp::from_micros(1_769_850_000_000_000 + n as i64))
}
async fn run<F, Fut>(name: &str, conc: u64, f: F)
where
    F: Fn(u64) -> Fut + Send + Sync + 'static + Clone,
    Fut: std::future::Future<Output = ()> + Send,
{
    let start = Instant::now();
    let dur = Duration::from_secs(3);
    let mut set = vec![];
    for t in 0..conc {
        let f = f.clone();
        set.push(tokio::spawn(async move {
            let mut n = 0u64;
            let mut lat = vec![];
            while start.elapsed() < dur {
                let s = Instant::now();
                f(t * 1_000_000 + n).await;
                lat.push(s.elapsed().as_micros() as u64);
                n += 1;
            }
            lat
        }));
    }
    let mut all = vec![];
    for s in set {
        all.extend(s.await.unwrap());
    }
    all.sort();
    let n = all.len();
    println!(
        "{name:28} conc {conc:3}: {:8.0}/s  p50 {} us p99 {} us",
        n as f64 / start.elapsed().as_secs_f64(),
        all[n / 2],
        all[n * 99 / 100]
    );
}
#[tokio::main(worker_threads = 2)]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let fresh = !std::path::Path::new(&format!("{dir}/b.db")).exists();
    let store = Arc::new(SeaOrmStore::open(StoreOptions::new(format!("sqlite:{dir}/b.db"))).await.unwrap());
    store.migrate_up().await.unwrap();
    let owners: Vec<UserId> = (0..100).map(|n| UserId::new(id(n))).collect();
    if fresh {
        let mut u = store.begin(Access::Write).await.unwrap();
        for (i, o) in owners.iter().enumerate() {
            u.users()
                .insert(&User::sign_up(
                    *o,
                    Email::new(format!("u{i}@example.com")).unwrap(),
                    DisplayName::new(format!("User {i}")).unwrap(),
                    PasswordHash::new("x".repeat(60)),
                    Locale::Ko,
                    Timestamp::from_micros(0),
                ))
                .await
                .unwrap();
        }
        u.commit().await.unwrap();
        let s = Instant::now();
        for chunk in 0..100u64 {
            let mut u = store.begin(Access::Write).await.unwrap();
            for n in chunk * 1000..(chunk + 1) * 1000 {
                u.memos()
                    .insert(&memo(n, owners[(n % 100) as usize], if n % 3 == 0 { &["work", "한글"] } else { &[] }))
                    .await
                    .unwrap();
            }
            u.commit().await.unwrap();
        }
        println!("filled 100,000 in {:?}", s.elapsed());
    }
    let rnd = |n: u64| (n.wrapping_mul(0x9e3779b97f4a7c15) >> 20) % 100_000;
    for conc in [1, 8, 32] {
        let s = store.clone();
        run("lookup", conc, move |n| {
            let s = s.clone();
            async move {
                s.begin(Access::Read).await.unwrap().memos().lookup(MemoId::new(id(rnd(n)))).await.unwrap().unwrap();
            }
        })
        .await;
    }
    for conc in [1, 8, 32] {
        let s = store.clone();
        let o = owners.clone();
        run("page of 20", conc, move |n| {
            let s = s.clone();
            let o = o[(rnd(n) % 100) as usize];
            async move {
                let p = s
                    .begin(Access::Read)
                    .await
                    .unwrap()
                    .memos()
                    .list(&MemoFilter::of(o), MemoSort::default(), &PageRequest::default())
                    .await
                    .unwrap();
                assert_eq!(p.items.len(), 20);
            }
        })
        .await;
    }
    let base = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64 * 1000;
    for (k, conc) in [1u64, 8, 32].into_iter().enumerate() {
        let s = store.clone();
        let o = owners.clone();
        run("insert", conc, move |n| {
            let s = s.clone();
            let o = o[(rnd(n) % 100) as usize];
            async move {
                let mut u = s.begin(Access::Write).await.unwrap();
                u.memos().insert(&memo(base + k as u64 * 100_000_000 + n, o, &[])).await.unwrap();
                u.commit().await.unwrap();
            }
        })
        .await;
    }
    println!("wal {} KiB", std::fs::metadata(format!("{dir}/b.db-wal")).unwrap().len() / 1024);
    let s2 = store.clone();
    let w = tokio::spawn(async move {
        let mut n = 0u64;
        let s = Instant::now();
        while s.elapsed() < Duration::from_secs(3) {
            let mut u = s2.begin(Access::Write).await.unwrap();
            u.memos().insert(&memo(base + 900_000_000 + n, UserId::new(id(1)), &[])).await.unwrap();
            u.commit().await.unwrap();
            n += 1;
        }
        n
    });
    let s = store.clone();
    let o = owners.clone();
    run("pages beside a writer", 8, move |n| {
        let s = s.clone();
        let o = o[(rnd(n) % 100) as usize];
        async move {
            s.begin(Access::Read)
                .await
                .unwrap()
                .memos()
                .list(&MemoFilter::of(o), MemoSort::default(), &PageRequest::default())
                .await
                .unwrap();
        }
    })
    .await;
    println!("  writer beside: {}/s", w.await.unwrap() / 3);
    println!("wal {} KiB", std::fs::metadata(format!("{dir}/b.db-wal")).unwrap().len() / 1024);
    store.close().await;
}
