//! Representations that several resources share.

mod api_key;
mod archive;
mod audit_event;
mod identity;
mod memo;
mod mirror;
mod revision;
mod session;
mod usage;
mod user;
mod webhook;

pub use api_key::{ApiKeyDto, ApiKeyKindDto, ScopeDto};
pub use archive::ArchiveKindDto;
pub use audit_event::AuditEventDto;
pub use identity::IdentityDto;
pub use memo::{MemoDto, VisibilityDto};
pub use revision::{OriginDto, RevisionSummaryDto};
pub use session::SessionDto;
pub use usage::{UsageDto, UsageParameters};
pub use user::{LocaleDto, RoleDto, UserDto};
pub use webhook::{WebhookDeliveryDto, WebhookDto};
