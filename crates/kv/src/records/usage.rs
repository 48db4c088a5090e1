//! What was counted of the requests of a user.

use memo_domain::{ApiKeyId, Day, LatencyHistogram, OperationName, Source, Usage, UsageCounters, UsageKey, Uuid};

use super::Entity;
use crate::{
    codec::{Codec, Input, record, write_bytes},
    keys::{KeyPart, Prefix, key},
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
pub const USAGE_BY_DAY: u8 = 1;

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
