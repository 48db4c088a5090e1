//! Memos as records, and the lists that they are in.

use memo_domain::{Content, Memo, MemoFacts, MemoId, MemoState, SortPosition, Source, Tag, Title, UserId, Visibility};

use crate::{
    codec::{Codec, Input, enums, record, texts},
    entity::Entity,
    keys::{Hashed, KeyPart, Prefix, key},
};

texts!(Title Content Tag);
enums! {
    Visibility { Private = 1, Public = 2 }
}

record!(Memo, 2, {
    id, owner_id, state, reminded_at, version, created_at, updated_at, deleted_at, facts: since 2, MemoFacts::default()
});
record!(MemoFacts, 1, { snippet, has_tasks, open_tasks });
record!(MemoState, 1, { title, content, tags, pinned, archived, visibility, remind_at });

/// The form in which the texts of a memo are searched.
pub struct SearchForms {
    pub memo_id: MemoId,
    pub title: String,
    pub content: String,
}

record!(SearchForms, 1, { memo_id, title, content });

impl Entity for SearchForms {
    const TABLE: u8 = 13;

    fn key(&self) -> Vec<u8> {
        key![self.memo_id]
    }
}

/// The list that a memo is in.
#[derive(Clone, Copy)]
pub enum MemoList {
    /// The memos of a user that are in the trash, or those that are not.
    Own(UserId, bool),
    /// The public memos of all users.
    Public,
}

impl KeyPart for MemoList {
    fn append_to(&self, key: &mut Vec<u8>) {
        match self {
            Self::Own(owner, trashed) => key.extend(key![0_u8, *owner, *trashed]),
            Self::Public => key.push(1),
        }
    }
}

impl KeyPart for SortPosition {
    fn append_to(&self, key: &mut Vec<u8>) {
        match self {
            Self::Time(time) | Self::Relevance { updated_at: time, .. } => time.append_to(key),
            Self::Text(text) => Prefix(text).append_to(key),
        }
    }
}

pub const MEMO_BY_UPDATE: u8 = 1;
pub const MEMO_BY_CREATION: u8 = 2;
/// Titles as far as they fit: those that are equal there are in no order.
pub const MEMO_BY_TITLE: u8 = 3;
/// The memos of a user that are not in the trash. The spelling of the tag ends the key.
pub const MEMO_BY_TAG: u8 = 4;
/// The memos of all users that are in the trash, by the time since which they are there.
pub const MEMO_BY_TRASHING: u8 = 5;

impl Entity for Memo {
    const TABLE: u8 = 4;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let is_public = self.state.visibility == Visibility::Public && !self.is_trashed();
        let lists = [Some(MemoList::Own(self.owner_id, self.is_trashed())), is_public.then_some(MemoList::Public)];
        let orders = [
            (MEMO_BY_UPDATE, SortPosition::Time(self.updated_at)),
            (MEMO_BY_CREATION, SortPosition::Time(self.created_at)),
            (MEMO_BY_TITLE, SortPosition::Text(self.state.title.sort_key())),
        ];
        let mut indexes = Vec::new();
        for list in lists.into_iter().flatten() {
            indexes.extend(orders.iter().map(|(index, position)| (*index, key![list, *position, self.id])));
        }
        for tag in self.state.tags.iter().filter(|_| !self.is_trashed()) {
            let mut key = key![self.owner_id, Hashed(&[tag.key()]), self.id];
            key.extend_from_slice(tag.as_str().as_bytes());
            indexes.push((MEMO_BY_TAG, key));
        }
        indexes.extend(self.deleted_at.map(|time| (MEMO_BY_TRASHING, key![time, self.id])));
        indexes
    }
}
