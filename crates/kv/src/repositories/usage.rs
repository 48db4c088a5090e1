//! What was counted of the requests of a user.

use async_trait::async_trait;
use memo_domain::{
    ApiKeyId, Day, LatencyHistogram, OperationName, Source, StoreError, Usage, UsageCounters, UsageKey, UsageRange,
    UsageRepository, UserId, Uuid,
};

use super::users::exists;
use crate::{
    Direction,
    codec::{Codec, Input, record, write_bytes},
    entity::{Entity, PRIMARY},
    keys::{KeyPart, Prefix, key},
    store::Unit,
    transaction::{Transaction, range},
};

impl Codec for Day {
    fn write(&self, out: &mut Vec<u8>) {
        self.number().write(out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        i64::read(input).map(Self::from_number)
    }
}

impl KeyPart for Day {
    fn append_to(&self, key: &mut Vec<u8>) {
        // Without the sign, days before 1970 come before those after it.
        key.extend((self.number() ^ i64::MIN).to_be_bytes());
    }
}

impl Codec for OperationName {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_str().as_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::new(String::read(input)?)?)
    }
}

impl Codec for LatencyHistogram {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(&self.to_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::from_bytes(&Vec::<u8>::read(input)?)?)
    }
}

record!(Usage, 1, { key, counters });
record!(UsageKey, 1, { user_id, day, operation, api_key_id });
record!(UsageCounters, 1, { requests, errors, bytes_in, bytes_out, latencies });

/// The usage of all users, by its day.
const USAGE_BY_DAY: u8 = 1;

impl Entity for Usage {
    const TABLE: u8 = 48;

    fn key(&self) -> Vec<u8> {
        [key![self.key.user_id], after_user(&self.key)].concat()
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let UsageKey { user_id, day, operation, api_key_id } = &self.key;
        vec![(USAGE_BY_DAY, key![*day, *user_id, Prefix(operation.as_str()), or_nil(*api_key_id)])]
    }
}

/// The part of the key of a record after its user.
pub fn after_user(key: &UsageKey) -> Vec<u8> {
    key![key.day, Prefix(key.operation.as_str()), or_nil(key.api_key_id)]
}

/// No API key has the nil UUID.
fn or_nil(id: Option<ApiKeyId>) -> ApiKeyId {
    id.unwrap_or(ApiKeyId::new(Uuid::nil()))
}

#[async_trait]
impl UsageRepository for Unit {
    async fn add(&mut self, usage: &[Usage]) -> Result<(), StoreError> {
        let usage = usage.to_vec();
        self.write(move |tx| {
            for new in usage {
                if !exists(tx, new.key.user_id)? {
                    continue;
                }
                let Some(old) = tx.get::<Usage>(&new.key())? else {
                    tx.insert(&new)?;
                    continue;
                };
                let mut sum = old.clone();
                sum.counters.add(&new.counters);
                tx.replace(&old, &sum)?;
            }
            Ok(())
        })
        .await
    }

    async fn list(
        &mut self,
        user: UserId,
        days: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError> {
        let after = after.filter(|key| key.day >= days.from).map(after_user);
        self.read(move |tx| {
            let keys = range::<Usage>(PRIMARY, &key![user]);
            let keys = match after {
                Some(after) => keys.after(&after, Direction::Ascending),
                None => keys.from(&key![days.from], Direction::Ascending),
            };
            let is_within = |usage: &Result<Usage, _>| usage.as_ref().map_or(true, |usage| usage.key.day <= days.to);
            let usage = tx.scan::<Usage>(PRIMARY, &keys, Direction::Ascending);
            usage.take_while(is_within).take(limit as usize).collect()
        })
        .await
    }

    async fn list_all(
        &mut self,
        days: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError> {
        let after = after.map(|key| [key![key.user_id], after_user(key)].concat());
        self.read(move |tx| {
            let all = range::<Usage>(PRIMARY, &[]);
            let keys = match after {
                Some(after) => all.after(&after, Direction::Ascending),
                None => all,
            };
            let is_within =
                |usage: &Result<Usage, _>| usage.as_ref().map_or(true, |usage| days.contains(usage.key.day));
            let usage = tx.scan::<Usage>(PRIMARY, &keys, Direction::Ascending);
            usage.filter(is_within).take(limit as usize).collect()
        })
        .await
    }

    async fn remove_before(&mut self, day: Day, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<Usage>(USAGE_BY_DAY, &key![day], most)).await
    }
}

/// Removes usage of a user, as a [`Step`](super::Step).
pub fn remove_of_user(tx: &mut Transaction, user: UserId, limit: usize) -> Result<usize, StoreError> {
    tx.remove_some::<Usage>(PRIMARY, &key![user], limit)
}
