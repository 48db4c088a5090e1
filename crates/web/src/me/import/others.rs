//! Lines of an import beside memos.

use memo_application::{ImportedLike, ImportedSettings};
use memo_domain::{ApiKeyId, DisplayName, MemoId, ShareId, TimeZone, Timestamp, WebhookId};
use serde::de::IgnoredAny;

use crate::{dto::LocaleDto, input::object, prelude::*};

/// A like that the user gave.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct LikeLine {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    memo_id: String,
    at: String,
}

impl Input for LikeLine {
    type Command = ImportedLike;

    fn read(self, refused: &mut Refusals) -> Result<ImportedLike, Refused> {
        let memo_id = refused.value("memo_id", MemoId::parse(&self.memo_id));
        let at = refused.value("at", Timestamp::parse(&self.at));
        Ok(ImportedLike { memo_id: memo_id?, at: at? })
    }
}

/// Settings of the account.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct SettingsLine {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    display_name: String,
    #[serde(deserialize_with = "choice")]
    locale: LocaleDto,
    time_zone: String,
}

impl Input for SettingsLine {
    type Command = ImportedSettings;

    fn read(self, refused: &mut Refusals) -> Result<ImportedSettings, Refused> {
        let display_name = refused.value("display_name", DisplayName::new(self.display_name));
        let time_zone = refused.value("time_zone", TimeZone::new(&self.time_zone));
        Ok(ImportedSettings { display_name: display_name?, locale: self.locale.into(), time_zone: time_zone? })
    }
}

/// A share. It cannot be restored, so only its id is read.
#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
pub struct ShareLine {
    id: String,
}

impl Input for ShareLine {
    type Command = ShareId;

    fn read(self, refused: &mut Refusals) -> Result<ShareId, Refused> {
        refused.value("id", ShareId::parse(&self.id))
    }
}

/// A webhook. Like a share it is left out.
#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
pub struct WebhookLine {
    id: String,
}

impl Input for WebhookLine {
    type Command = WebhookId;

    fn read(self, refused: &mut Refusals) -> Result<WebhookId, Refused> {
        refused.value("id", WebhookId::parse(&self.id))
    }
}

/// An API key. Like a share it is left out.
#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
pub struct ApiKeyLine {
    #[serde(deserialize_with = "object")]
    api_key: ApiKeyPart,
}

#[derive(Deserialize)]
struct ApiKeyPart {
    id: String,
}

impl Input for ApiKeyLine {
    type Command = ApiKeyId;

    fn read(self, refused: &mut Refusals) -> Result<ApiKeyId, Refused> {
        refused.within("api_key", |refused| refused.value("id", ApiKeyId::parse(&self.api_key.id)))
    }
}
