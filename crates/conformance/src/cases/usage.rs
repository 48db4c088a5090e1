use std::sync::Arc;

use memo_domain::{
    Access, CountedRequest, Day, OperationName, Store, Usage, UsageCounters, UsageKey, UsageRange, UserId,
};

use crate::{
    samples::{EARLIEST, LATEST, api_key_id, usage, user_id},
    steps::{add_user, committed, concurrently, dropped, read, write},
};

/// The days that a store must know.
pub(super) const ALL_DAYS: UsageRange = UsageRange { from: Day::of(EARLIEST), to: Day::of(LATEST) };

async fn list(store: &dyn Store, user: UserId) -> Vec<Usage> {
    read(store, Access::Read, async |uow| uow.usage().list(user, ALL_DAYS, None, 1_000).await).await
}

async fn add(store: &dyn Store, usage: &[Usage]) {
    write(store, async |uow| uow.usage().add(usage).await).await;
}

fn sorted(mut usage: Vec<Usage>) -> Vec<Usage> {
    usage.sort_by(|one, other| one.key.cmp(&other.key));
    usage
}

pub(crate) async fn usage_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let longest = OperationName::new("z".repeat(OperationName::MAX_LENGTH)).expect("a valid name");
    let mut extreme = UsageCounters {
        requests: UsageCounters::MAX,
        errors: UsageCounters::MAX,
        bytes_in: UsageCounters::MAX,
        bytes_out: UsageCounters::MAX,
        ..UsageCounters::default()
    };
    for power in 0..40 {
        let latency = std::time::Duration::from_micros(3 << power);
        (0..=power).for_each(|_| extreme.latencies.record(latency));
    }
    let sample = usage(user, 20_484, 1, 4);
    let key = |day| UsageKey { day, ..sample.key.clone() };
    let all = vec![
        Usage { key: UsageKey { operation: longest, api_key_id: None, ..key(Day::of(EARLIEST)) }, ..sample.clone() },
        usage(user, -1, 0, 1),
        Usage { counters: UsageCounters::default(), ..usage(user, 0, 2, 0) },
        sample.clone(),
        Usage { key: key(Day::of(LATEST)), counters: extreme },
    ];
    add(&*store, &all).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let found = read(&*store, access, async |uow| uow.usage().list(user, ALL_DAYS, None, 9).await).await;
        assert_eq!(found, all, "{access:?}");
    }
    assert_eq!(list(&*store, user_id(9)).await, []);
}

pub(crate) async fn usage_is_added(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let keys = [usage(user, 0, 0, 3), usage(user, 0, 1, 2), usage(user, 1, 0, 1), usage(other, 0, 0, 1)];
    add(&*store, &keys).await;
    dropped(&*store, async |uow| uow.usage().add(&keys).await).await;
    // One key twice in one call.
    add(&*store, &[usage(user, 0, 0, 5), usage(other, 0, 0, 1), usage(user, 0, 0, 1)]).await;
    add(&*store, &[]).await;
    let mut sum = keys[0].clone();
    sum.counters.add(&usage(user, 0, 0, 5).counters);
    sum.counters.add(&usage(user, 0, 0, 1).counters);
    assert_eq!((sum.counters.requests, sum.counters.latencies.total()), (9, 9));
    assert_eq!(list(&*store, user).await, [sum, keys[1].clone(), keys[2].clone()]);
    assert_eq!(list(&*store, other).await[0].counters.requests, 2);
    // A counter ends at its maximum.
    let full = Usage {
        counters: UsageCounters { bytes_in: UsageCounters::MAX, ..keys[1].counters.clone() },
        ..keys[1].clone()
    };
    add(&*store, &[full]).await;
    let found = list(&*store, user).await[1].counters.clone();
    assert_eq!((found.requests, found.bytes_in), (4, UsageCounters::MAX));
}

pub(crate) async fn usage_of_many_nodes_at_once_is_all_added(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let nodes = concurrently(&store, 8, move |store, n| async move {
        let mut uow = store.begin(Access::Write).await?;
        let mut both = [usage(user, 0, 0, 2), usage(user, 0, 1, 1), usage(other, 0, 0, 1)];
        both.rotate_left(n as usize % 3);
        match uow.usage().add(&both).await {
            // Another one inserted a row meanwhile: the unit of work runs again.
            Err(memo_domain::StoreError::Conflict { what: memo_domain::Conflict::Id }) => {
                Err(memo_domain::StoreError::Stale)
            }
            added => added,
        }?;
        committed(uow, ()).await
    });
    nodes.await.into_iter().for_each(|added| added.expect("it succeeds eventually"));
    let requests = |usage: Vec<Usage>| {
        usage.iter().map(|usage| (usage.counters.requests, usage.counters.latencies.total())).collect::<Vec<_>>()
    };
    assert_eq!(requests(list(&*store, user).await), [(16, 16), (8, 8)]);
    assert_eq!(requests(list(&*store, other).await), [(8, 8)]);
}

pub(crate) async fn usage_of_an_absent_user_is_ignored(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    add(&*store, &[usage(user_id(9), 0, 0, 1), usage(user, 0, 0, 1), usage(user_id(8), 0, 0, 1)]).await;
    assert_eq!(list(&*store, user).await, [usage(user, 0, 0, 1)]);
    // It does not come back with a user of this id.
    add_user(&*store, 9).await;
    assert_eq!(list(&*store, user_id(9)).await, []);
}

pub(crate) async fn usage_is_listed_by_day_operation_and_api_key(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut all = Vec::new();
    for (day, name, key) in (-2..3).flat_map(|day| {
        let names = ["a", "a_b", "ab", "a0", "b"].into_iter();
        names.flat_map(move |name| [None, Some(0), Some(1), Some(2)].map(move |key| (day, name, key)))
    }) {
        let operation = OperationName::new(name).expect("a valid name");
        let key = UsageKey { user_id: user, day: Day::from_number(day), operation, api_key_id: key.map(api_key_id) };
        let mut counters = UsageCounters::default();
        counters.count(&CountedRequest::default());
        all.push(Usage { key, counters });
    }
    let mut shuffled: Vec<_> = (0..all.len()).map(|n| all[n * 37 % all.len()].clone()).collect();
    shuffled.push(usage(other, 0, 0, 1));
    add(&*store, &shuffled).await;
    let all = sorted(all);
    assert_eq!(all.len(), 100);
    assert_eq!(list(&*store, user).await, all);
    let range = |from, to| UsageRange { from: Day::from_number(from), to: Day::from_number(to) };
    let listed = async |range, after: Option<&UsageKey>, limit| {
        read(&*store, Access::Read, async |uow| uow.usage().list(user, range, after, limit).await).await
    };
    for (from, to) in [(-2, 2), (-1, 0), (2, 2), (2, 9), (-9, -2), (1, 0), (5, 9)] {
        let expected: Vec<_> = all.iter().filter(|usage| range(from, to).contains(usage.key.day)).cloned().collect();
        assert_eq!(listed(range(from, to), None, 1_000).await, expected, "{from} to {to}");
        // In pages, of which each begins after the last one.
        let mut pages: Vec<Usage> = Vec::new();
        loop {
            let page = listed(range(from, to), pages.last().map(|usage| &usage.key), 7).await;
            assert!(page.len() <= 7);
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        assert_eq!(pages, expected, "{from} to {to}, in pages");
    }
    // After a key that is not there, before or after the days, or of another user.
    for key in [usage(other, -1, 7, 1), usage(user, -9, 0, 1), usage(user, 9, 0, 1)].map(|usage| usage.key) {
        let after = UsageKey { user_id: user, ..key.clone() };
        let expected = all.iter().filter(|usage| usage.key > after && range(-1, 1).contains(usage.key.day));
        assert_eq!(listed(range(-1, 1), Some(&key), 1_000).await, expected.cloned().collect::<Vec<_>>());
    }
    assert_eq!(listed(range(-2, 2), None, 0).await, []);
}

pub(crate) async fn usage_of_all_users_is_listed_by_user(store: Arc<dyn Store>) {
    let mut all = Vec::new();
    for n in 0..5 {
        let user = add_user(&*store, n).await;
        all.extend((-2..4).flat_map(|day| [usage(user, day, 0, 1), usage(user, day, 1, 1), usage(user, day, 2, 1)]));
    }
    let shuffled: Vec<_> = (0..all.len()).map(|n| all[n * 37 % all.len()].clone()).collect();
    add(&*store, &shuffled).await;
    let all = sorted(all);
    let range = |from, to| UsageRange { from: Day::from_number(from), to: Day::from_number(to) };
    let listed = async |range, after: Option<&UsageKey>, limit| {
        read(&*store, Access::Read, async |uow| uow.usage().list_all(range, after, limit).await).await
    };
    for (from, to) in [(-2, 3), (-1, 0), (2, 2), (3, 9), (1, 0), (5, 9)] {
        let expected: Vec<_> = all.iter().filter(|usage| range(from, to).contains(usage.key.day)).cloned().collect();
        assert_eq!(listed(range(from, to), None, 1_000).await, expected, "{from} to {to}");
        let mut pages: Vec<Usage> = Vec::new();
        loop {
            let page = listed(range(from, to), pages.last().map(|usage| &usage.key), 7).await;
            assert!(page.len() <= 7);
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        assert_eq!(pages, expected, "{from} to {to}, in pages");
    }
    // After a key that is not there: before or after the days, or of a user before or after all others.
    let keys = [(0, -1, 7), (1, -9, 0), (2, 9, 0), (9, 0, 0)].map(|(n, day, key)| usage(user_id(n), day, key, 1).key);
    for after in keys {
        let expected = all.iter().filter(|usage| usage.key > after && range(-1, 1).contains(usage.key.day));
        assert_eq!(listed(range(-1, 1), Some(&after), 1_000).await, expected.cloned().collect::<Vec<_>>());
    }
    assert_eq!(listed(range(-2, 2), None, 0).await, []);
}

pub(crate) async fn old_usage_is_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let all: Vec<_> = (0..6).flat_map(|day| [usage(user, day, 0, 1), usage(user, day, 1, 1)]).collect();
    add(&*store, &all).await;
    add(&*store, &[usage(other, 1, 0, 1)]).await;
    let remove = async |day, most| {
        let day = Day::from_number(day);
        let removed = write(&*store, async |uow| uow.usage().remove_before(day, most).await).await;
        (removed, list(&*store, user).await.len() + list(&*store, other).await.len())
    };
    assert_eq!(remove(0, 100).await, (0, 13), "that day stays");
    assert_eq!(remove(2, 0).await, (0, 13));
    assert_eq!((remove(2, 3).await, remove(2, 3).await), ((3, 10), (2, 8)), "of all users");
    assert_eq!(list(&*store, user).await, all[4..]);
    assert_eq!(remove(i64::MAX, 100).await, (8, 0));
}
