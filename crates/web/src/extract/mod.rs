//! Extractors of what is not input: the caller, the client, ids in paths.

mod caller;
mod path;
mod rate;

pub use caller::{Caller, FromDevice, IsHead, MaybeCaller};
pub use path::MemoPath;
pub(crate) use path::id_paths;
pub use rate::RateCounter;
