use memo_domain::{ChangeOrigin, InvalidValue, Revision, RevisionHead, Source, TextDelta};

use super::Entity;
use crate::{
    codec::{Codec, Input, record},
    keys::key,
};

impl Codec for ChangeOrigin {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Server => out.push(0),
            Self::Session(id) => {
                out.push(1);
                id.write(out);
            }
            Self::ApiKey(id) => {
                out.push(2);
                id.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            0 => Ok(Self::Server),
            1 => Ok(Self::Session(Codec::read(input)?)),
            2 => Ok(Self::ApiKey(Codec::read(input)?)),
            _ => Err(InvalidValue::Malformed.into()),
        }
    }
}

record!(RevisionHead, 1, { memo_id, version, title, tags, at, replaced_at, replaced_through });
record!(TextDelta, 1, { prefix, suffix, middle });
record!(Revision, 1, { head, delta });

impl Entity for Revision {
    const TABLE: u8 = 50;

    fn key(&self) -> Vec<u8> {
        key![self.head.memo_id, self.head.version]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        Vec::new()
    }
}
