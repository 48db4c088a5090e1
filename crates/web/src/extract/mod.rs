//! What handlers take: each extractor answers bad input with a problem document.

mod body;
mod caller;
mod conditions;
mod depth;
mod form;
mod object;
mod path;
mod query;
mod serde_error;

pub use body::{Batch, Json, MergePatch, NoBody, check_media_type, parse_line};
pub use caller::{
    AccountRead, AccountWrite, Caller, Export, FromDevice, Import, Interactive, MaybeCaller, MemosRead, MemosWrite,
};
pub use conditions::{IfMatch, none_match};
pub use form::Form;
pub use object::{FromJson, object};
pub use path::{MemoPath, SessionPath, UserPath};
pub use query::{NoQuery, Query};
