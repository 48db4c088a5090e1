use std::{collections::HashSet, sync::Arc, thread};

use memo_domain::{IdGenerator, Timestamp};

/// The first time that a `UUIDv7` can hold, one with microseconds, and a late one.
const TIMES: [&str; 3] = ["1970-01-01T00:00:00Z", "2026-01-31T09:00:00.123456Z", "9999-12-31T23:59:59.999999Z"];

fn times() -> [Timestamp; 3] {
    TIMES.map(|time| Timestamp::parse(time).expect("a valid time"))
}

pub(crate) async fn an_id_is_a_uuid_v7_of_its_moment(ids: Arc<dyn IdGenerator>) {
    // RFC 9562, section 5.7: 48 bits of milliseconds, then the version; the variant begins the last 64 bits.
    let millis = |time: Timestamp| u128::try_from(time.as_micros() / 1_000).expect("not before 1970");
    for time in times() {
        let id = ids.next(time).as_u128();
        assert_eq!(id >> 80, millis(time), "{time}");
        assert_eq!((id >> 76 & 0xf, id >> 62 & 0b11), (7, 0b10), "version and variant");
    }
    let [_, back, latest] = times();
    let id = ids.next(back).as_u128();
    assert!([back, latest].map(millis).contains(&(id >> 80)), "after the clock went back");
}

pub(crate) async fn no_two_ids_are_equal(ids: Arc<dyn IdGenerator>) {
    let [_, time, other] = times();
    let create = || (0..2_000).map(|n| ids.next(if n % 2 == 0 { time } else { other })).collect::<Vec<_>>();
    let created: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the thread ends")).collect()
    });
    assert_eq!(created.iter().collect::<HashSet<_>>().len(), created.len());
}

pub(crate) async fn ids_of_one_moment_ascend(ids: Arc<dyn IdGenerator>) {
    for time in times() {
        let created: Vec<_> = (0..2_000).map(|_| ids.next(time)).collect();
        assert!(created.is_sorted_by(|a, b| a < b), "{time}");
    }
}
