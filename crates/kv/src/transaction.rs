//! A snapshot with the writes of one unit of work on top.

use std::{borrow::Cow, cmp::Ordering, ops::Range};

use memo_domain::{Conflict, Page, PageRequest, PageStart, StoreError};

use crate::{
    codec::{decode, encode},
    engine::{Direction, Entries, Entry, Snapshot, Writes},
    entity::{Entity, PRIMARY},
    keys::KeyRange,
};

/// What a unit of work sees: the snapshot of its beginning, changed by its own writes.
pub struct Transaction {
    snapshot: Box<dyn Snapshot>,
    writes: Writes,
}

impl Transaction {
    pub fn new(snapshot: Box<dyn Snapshot>) -> Self {
        Self { snapshot, writes: Writes::default() }
    }

    pub fn is_unchanged(&self) -> bool {
        self.writes.is_empty()
    }

    pub fn into_writes(self) -> Writes {
        self.writes
    }

    pub fn get_bytes(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.as_deref().map(Cow::Borrowed)),
            None => self.snapshot.get(key),
        }
    }

    pub fn put_bytes(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, value);
    }

    pub fn walk(&self, range: Range<&[u8]>, direction: Direction) -> Entries<'_> {
        let kept = self.snapshot.walk(range.clone(), direction);
        if self.writes.is_empty() {
            return kept;
        }
        let written = self.writes.range(range);
        match direction {
            Direction::Ascending => Box::new(merge(kept, written, direction)),
            Direction::Descending => Box::new(merge(kept, written.rev(), direction)),
        }
    }

    /// The record with this key.
    pub fn get<E: Entity>(&self, key: &[u8]) -> Result<Option<E>, StoreError> {
        self.get_bytes(&address::<E>(PRIMARY, key))?.map(|record| decode(&record)).transpose()
    }

    pub fn contains<E: Entity>(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get_bytes(&address::<E>(PRIMARY, key))?.is_some())
    }

    /// The record that a whole key of an index leads to.
    pub fn find<E: Entity>(&self, index: u8, key: &[u8]) -> Result<Option<E>, StoreError> {
        let Some(key) = self.get_bytes(&address::<E>(index, key))? else { return Ok(None) };
        self.indexed(&key).map(Some)
    }

    /// The record that an index entry leads to.
    pub fn indexed<E: Entity>(&self, key: &[u8]) -> Result<E, StoreError> {
        self.get(key)?.ok_or_else(|| StoreError::corrupt("an index leads to a record that is not there"))
    }

    /// The records of a range of an index, or of [`PRIMARY`], in the order of its keys.
    pub fn scan<'a, E: Entity + 'a>(
        &'a self,
        index: u8,
        range: &KeyRange,
        direction: Direction,
    ) -> impl Iterator<Item = Result<E, StoreError>> + 'a {
        self.walk(range.as_range(), direction).map(move |entry| {
            let (_, value) = entry?;
            if index == PRIMARY { decode(&value) } else { self.indexed(&value) }
        })
    }

    /// All records with a prefix in an index.
    pub fn all<E: Entity>(&self, index: u8, prefix: &[u8]) -> Result<Vec<E>, StoreError> {
        self.scan(index, &range::<E>(index, prefix), Direction::Ascending).collect()
    }

    /// Adds a record, or fails if its key or one of its index entries is taken.
    pub fn insert(&mut self, new: &impl Entity) -> Result<(), StoreError> {
        let (key, entries) = (key_of(new), index_entries(new).collect::<Vec<_>>());
        for taken in entries.iter().chain([&key]) {
            require(self.get_bytes(taken)?.is_none(), Conflict::Id)?;
        }
        for entry in entries {
            self.writes.insert(entry, new.key());
        }
        self.writes.insert(key, encode(new));
        Ok(())
    }

    /// Replaces a record by one with the same key, or fails if one of its index entries is another's.
    pub fn replace<E: Entity>(&mut self, old: &E, new: &E) -> Result<(), StoreError> {
        self.remove(old);
        self.insert(new)
    }

    pub fn remove(&mut self, old: &impl Entity) {
        for entry in index_entries(old) {
            self.writes.remove(entry);
        }
        self.writes.remove(key_of(old));
    }

    /// Removes the record with this key, which has no index entries.
    pub fn remove_key<E: Entity>(&mut self, key: &[u8]) {
        self.writes.remove(address::<E>(PRIMARY, key));
    }

    /// Removes all records with a prefix in an index.
    pub fn remove_all<E: Entity>(&mut self, index: u8, prefix: &[u8]) -> Result<(), StoreError> {
        for old in self.all::<E>(index, prefix)? {
            self.remove(&old);
        }
        Ok(())
    }

    /// Removes the first records with a prefix in an index. Returns how many.
    pub fn remove_some<E: Entity>(&mut self, index: u8, prefix: &[u8], limit: usize) -> Result<usize, StoreError> {
        let found = self.scan::<E>(index, &range::<E>(index, prefix), Direction::Ascending).take(limit);
        let found = found.collect::<Result<Vec<_>, _>>()?;
        for old in &found {
            self.remove(old);
        }
        Ok(found.len())
    }

    /// The first records of an index whose keys are below a bound.
    pub fn first_below<E: Entity>(&self, index: u8, bound: &[u8], limit: u32) -> Result<Vec<E>, StoreError> {
        let range = range::<E>(index, &[]).below(bound);
        self.scan(index, &range, Direction::Ascending).take(limit as usize).collect()
    }

    /// Removes the first records of an index whose keys are below a bound. Returns how many.
    pub fn remove_below<E: Entity>(&mut self, index: u8, bound: &[u8], limit: u32) -> Result<u64, StoreError> {
        let old = self.first_below::<E>(index, bound, limit)?;
        for old in &old {
            self.remove(old);
        }
        Ok(old.len() as u64)
    }

    /// A page of the records with a prefix in an index that match. `cursor` names a record by the rest of its key, which
    /// `key` turns into bytes.
    pub fn page<E: Entity, C>(
        &self,
        (index, prefix, direction): (u8, &[u8], Direction),
        request: &PageRequest<C>,
        (cursor, key): (impl Fn(&E) -> C, impl Fn(&C) -> Vec<u8>),
        mut matches: impl FnMut(&E) -> bool,
    ) -> Result<Page<E, C>, StoreError> {
        let range = range::<E>(index, prefix);
        let (range, skipped) = match &request.start {
            PageStart::Offset(offset) => (range, usize::try_from(*offset).unwrap_or(usize::MAX)),
            PageStart::After(last) => (range.after(&key(last), direction), 0),
        };
        let matching = self.scan(index, &range, direction).filter(|found| found.as_ref().map_or(true, &mut matches));
        let overfetched = usize::from(request.limit.get()) + 1;
        let items = matching.skip(skipped).take(overfetched).collect::<Result<Vec<E>, _>>()?;
        Ok(Page::from_overfetched(items, request.limit, cursor))
    }
}

/// Fails with a conflict unless a rule holds.
pub fn require(holds: bool, what: Conflict) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict { what }) }
}

/// The keys of an index that begin with a prefix.
pub fn range<E: Entity>(index: u8, prefix: &[u8]) -> KeyRange {
    KeyRange::of(address::<E>(index, prefix))
}

fn address<E: Entity>(index: u8, key: &[u8]) -> Vec<u8> {
    [&[E::TABLE, index], key].concat()
}

fn key_of<E: Entity>(entity: &E) -> Vec<u8> {
    address::<E>(PRIMARY, &entity.key())
}

fn index_entries<E: Entity>(entity: &E) -> impl Iterator<Item = Vec<u8>> {
    entity.indexes().into_iter().map(|(index, key)| address::<E>(index, &key))
}

/// Entries of the snapshot with those written later, both in the same order: of two with one key the written one counts.
fn merge<'a>(
    kept: Entries<'a>,
    written: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> + 'a,
    direction: Direction,
) -> impl Iterator<Item = Result<Entry<'a>, StoreError>> + 'a {
    let (mut kept, mut written) = (kept.peekable(), written.peekable());
    std::iter::from_fn(move || {
        loop {
            let order = match (kept.peek(), written.peek()) {
                (Some(Ok((kept, _))), Some((written, _))) => match direction {
                    Direction::Ascending => kept.as_ref().cmp(written.as_slice()),
                    Direction::Descending => written.as_slice().cmp(kept.as_ref()),
                },
                (None, Some(_)) => Ordering::Greater,
                // An error of the snapshot comes first.
                _ => Ordering::Less,
            };
            if order == Ordering::Less {
                return kept.next();
            }
            if order == Ordering::Equal {
                kept.next();
            }
            if let (key, Some(value)) = written.next()? {
                return Some(Ok((Cow::Borrowed(key.as_slice()), Cow::Borrowed(value.as_slice()))));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every second key, from 0 to 8, with the value 0. A walk fails at the key that is named.
    struct Even(Option<u8>);

    impl Snapshot for Even {
        fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
            Ok((key.len() == 1 && key[0] < 9 && key[0].is_multiple_of(2)).then_some(Cow::Borrowed(&[0])))
        }

        fn walk(&self, range: Range<&[u8]>, direction: Direction) -> Entries<'_> {
            let (start, end) = (range.start.to_vec(), range.end.to_vec());
            let keys = [0, 2, 4, 6, 8].map(|key| vec![key]).into_iter();
            let keys = keys.filter(move |key| (&start..&end).contains(&key));
            let entry = |key: Vec<u8>| {
                if Some(key[0]) == self.0 {
                    return Err(StoreError::corrupt("it fails here"));
                }
                Ok((Cow::Owned(key), Cow::Owned(vec![0])))
            };
            match direction {
                Direction::Ascending => Box::new(keys.map(entry)),
                Direction::Descending => Box::new(keys.rev().map(entry)),
            }
        }
    }

    fn written(failing: Option<u8>) -> Transaction {
        let mut transaction = Transaction::new(Box::new(Even(failing)));
        for (key, value) in [(0, Some(1)), (1, Some(1)), (4, None), (5, Some(1)), (6, Some(1)), (7, None), (9, Some(1))]
        {
            match value {
                Some(value) => transaction.writes.insert(vec![key], vec![value]),
                None => transaction.writes.remove(vec![key]),
            }
        }
        transaction
    }

    fn keys(transaction: &Transaction, range: Range<u8>, direction: Direction) -> Result<Vec<(u8, u8)>, StoreError> {
        let entries = transaction.walk(&[range.start]..&[range.end], direction);
        entries.map(|entry| entry.map(|(key, value)| (key[0], value[0]))).collect()
    }

    #[test]
    fn walk_has_written_entries_in_place_of_stored_ones() {
        let transaction = written(None);
        let all = [(0, 1), (1, 1), (2, 0), (5, 1), (6, 1), (8, 0), (9, 1)];
        for (range, expected) in [(0..10, &all[..]), (2..9, &all[2..6]), (4..5, &[]), (7..8, &[])] {
            let mut expected = expected.to_vec();
            assert_eq!(keys(&transaction, range.clone(), Direction::Ascending).expect("it is read"), expected);
            expected.reverse();
            assert_eq!(keys(&transaction, range, Direction::Descending).expect("it is read"), expected);
        }
        for (key, expected) in [(0, Some(1)), (2, Some(0)), (3, None), (4, None), (5, Some(1))] {
            let found = transaction.get_bytes(&[key]).expect("it is read").map(|value| value[0]);
            assert_eq!(found, expected, "{key}");
        }
    }

    #[test]
    fn walk_passes_errors_of_the_snapshot_on() {
        for failing in [0, 4, 8] {
            let transaction = written(Some(failing));
            for direction in [Direction::Ascending, Direction::Descending] {
                assert!(matches!(keys(&transaction, 0..10, direction), Err(StoreError::Corrupt { .. })), "{failing}");
            }
        }
    }
}
