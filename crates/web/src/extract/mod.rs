//! Extractors of what is not input: the caller, the client, ids in paths.

mod caller;
mod path;
mod rate;

pub use caller::{Caller, FromDevice, IsHead, MaybeCaller};
pub use path::{ApiKeyPath, MemoPath, OperationPath, SessionPath, UserPath, WebhookDeliveryPath, WebhookPath};
pub use rate::RateCounter;
