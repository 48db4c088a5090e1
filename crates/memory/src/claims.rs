use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use memo_domain::Timestamp;

/// Claimed names, at most a number of them. If they are too many, the holders with the most lose those that end first.
///
/// A lost claim does not free its name: a holder that has lost a claim can claim no name that would end as early.
pub struct Claims {
    capacity: usize,
    length: usize,
    by_holder: HashMap<String, Held>,
}

/// The claims of a holder.
#[derive(Default)]
struct Held {
    /// When they end.
    by_name: HashMap<String, Timestamp>,
    /// When the last of the lost ones ends.
    lost: Option<Timestamp>,
}

impl Claims {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, length: 0, by_holder: HashMap::new() }
    }

    /// Claims a name until `end`. Returns whether it was free.
    pub fn claim(&mut self, holder: &str, name: &str, end: Timestamp, now: Timestamp) -> bool {
        if let Some(held) = self.by_holder.get_mut(holder) {
            let is_claimed = held.by_name.get(name).is_some_and(|end| now < *end);
            if is_claimed || held.lost.is_some_and(|lost| end <= lost) {
                return false;
            }
        }
        if self.length >= self.capacity {
            self.make_room(now);
        }
        let held = self.by_holder.entry(holder.to_owned()).or_default();
        self.length += usize::from(held.by_name.insert(name.to_owned(), end).is_none());
        true
    }

    /// Removes what has ended, and if that is little, an eighth of all, so that the cost per claim stays constant.
    fn make_room(&mut self, now: Timestamp) {
        self.by_holder.retain(|_, held| {
            held.by_name.retain(|_, end| now < *end);
            held.lost = held.lost.filter(|lost| now < *lost);
            !held.by_name.is_empty() || held.lost.is_some()
        });
        let surplus = self.length().saturating_sub(self.capacity - self.capacity.div_ceil(8));
        if surplus > 0 {
            for (holder, name) in self.first_to_lose(surplus) {
                let Some(held) = self.by_holder.get_mut(&holder) else { continue };
                held.lost = held.lost.max(held.by_name.remove(&name));
            }
        }
        self.length = self.length();
    }

    fn length(&self) -> usize {
        self.by_holder.values().map(|held| held.by_name.len()).sum()
    }

    /// The claims that are lost next. The latest claim of each holder is lost last, and before it the one that ends before it.
    fn first_to_lose(&self, number: usize) -> HashSet<(String, String)> {
        let mut ranked = Vec::new();
        for (holder, held) in &self.by_holder {
            let mut claims: Vec<_> = held.by_name.iter().collect();
            claims.sort_unstable_by_key(|(_, end)| Reverse(**end));
            ranked
                .extend(claims.into_iter().enumerate().map(|(rank, (name, end))| (Reverse(rank), *end, holder, name)));
        }
        ranked.select_nth_unstable(number - 1);
        ranked[..number].iter().map(|(.., holder, name)| ((*holder).clone(), (*name).clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: usize = 800;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_flood_of_one_holder_costs_others_nothing() {
        let mut claims = Claims::new(CAPACITY);
        let few = |n: i64| (format!("holder {}", n % 10), n.to_string(), at(1_000_000 + n));
        for n in 0..100 {
            let (holder, name, end) = few(n);
            assert!(claims.claim(&holder, &name, end, at(0)));
        }
        for n in 0..10_000 {
            assert!(claims.claim("flood", &n.to_string(), at(2_000_000 + n), at(0)), "{n}");
            assert!(claims.length <= CAPACITY && claims.length == claims.length());
        }
        for n in 0..100 {
            let (holder, name, end) = few(n);
            assert!(!claims.claim(&holder, &name, end, at(0)), "{n} is still claimed");
        }
        for n in 0..10 {
            assert!(claims.claim(&format!("holder {n}"), "new", at(1), at(0)), "{n} is not refused");
        }
    }

    #[test]
    fn a_lost_claim_is_not_free_before_its_end() {
        let mut claims = Claims::new(CAPACITY);
        for n in 0..10_000 {
            assert!(claims.claim("flood", &n.to_string(), at(1_000 + n), at(0)));
        }
        let claim = |claims: &mut Claims, n: i64, now| claims.claim("flood", &n.to_string(), at(1_000 + n), at(now));
        assert!((0..10_000).all(|n| !claim(&mut claims, n, 0)));
        assert!(claim(&mut claims, 10_000, 0));
        // After its end, a name is claimed for another time.
        assert!(claims.claim("flood", "0", at(20_000), at(1_000)));
    }

    #[test]
    fn many_holders_share_the_room() {
        let mut claims = Claims::new(CAPACITY);
        for n in 0..10_000 {
            assert!(claims.claim(&format!("holder {n}"), "a", at(1_000 + n), at(0)));
            assert!(claims.length <= CAPACITY);
        }
        assert!(!claims.claim("holder 9999", "a", at(20_000), at(0)));
        // What has ended leaves nothing.
        for n in 0..800 {
            claims.claim("late", &n.to_string(), at(100_000 + n), at(50_000));
        }
        assert_eq!(claims.by_holder.len(), 1);
    }
}
