//! User data of the user info endpoint.

use memo_domain::{ProviderError, SocialRole, SocialUser};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::{http::Http, id_token::Claims, quote, refused, unavailable};

/// Maximum length of a subject (`OpenID` Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// Naver's own format.
#[derive(Deserialize)]
pub struct NaverResponse {
    resultcode: String,
    response: Option<NaverUser>,
}

#[derive(Deserialize)]
struct NaverUser {
    id: String,
    #[serde(flatten)]
    others: Claims,
}

impl NaverResponse {
    /// Returns the user. The address is never verified: users of Naver may enter any.
    pub fn user(self, issuer: &str) -> Result<SocialUser, ProviderError> {
        let user = self.response.filter(|_| self.resultcode == "00");
        let user = user.ok_or_else(|| refused(format!("no user data, result {}", quote(&self.resultcode))))?;
        Ok(SocialUser {
            issuer: issuer.to_owned(),
            subject: subject(Some(&user.id))?,
            name: user.others.name().map(str::to_owned),
            email: user.others.text("email").map(str::to_owned),
            email_verified: false,
            role: SocialRole::Unmapped,
            message_tokens: None,
        })
    }
}

/// Requests user data with an access token.
pub async fn request<T: DeserializeOwned>(http: &Http, url: &Url, token: &str) -> Result<T, ProviderError> {
    let response = http.get(url, Some(token)).await.map_err(unavailable)?;
    if !response.status().is_success() {
        return Err(refused(format!("no user data, status {}", response.status())));
    }
    // The error shows a position, but no user data.
    serde_json::from_slice(response.body()).map_err(|error| {
        unavailable(format!("the user data cannot be parsed: line {}, column {}", error.line(), error.column()))
    })
}

/// Checks a subject.
pub fn subject(text: Option<&str>) -> Result<String, ProviderError> {
    let text = text.unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_SUBJECT || text.contains(char::is_control) {
        return Err(refused("the subject is missing or invalid"));
    }
    Ok(text.to_owned())
}
