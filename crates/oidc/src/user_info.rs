//! User data of the user info endpoint.

use memo_domain::{ProviderError, SocialUser};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{http::Http, quote, refused, unavailable};

/// Maximum length of a subject (`OpenID` Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// `OpenID` Connect Core 1.0, section 5.3.
#[derive(Deserialize)]
pub struct UserInfo {
    pub sub: String,
    pub email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
    nickname: Option<String>,
}

impl UserInfo {
    /// Returns whether the address is verified. Some providers send a string.
    pub fn is_email_verified(&self) -> bool {
        self.email_verified.as_ref().is_some_and(|value| *value == true || *value == "true")
    }

    pub fn name(&self) -> Option<&str> {
        name([self.name.as_deref(), self.nickname.as_deref()])
    }
}

/// Naver's own format.
#[derive(Deserialize)]
pub struct NaverResponse {
    resultcode: String,
    response: Option<NaverUser>,
}

#[derive(Deserialize)]
struct NaverUser {
    id: String,
    email: Option<String>,
    name: Option<String>,
    nickname: Option<String>,
}

impl NaverResponse {
    /// Returns the user. The address is never verified: users of Naver may enter any.
    pub fn user(self, issuer: &str) -> Result<SocialUser, ProviderError> {
        let user = self.response.filter(|_| self.resultcode == "00");
        let user = user.ok_or_else(|| refused(format!("no user data, result {}", quote(&self.resultcode))))?;
        Ok(SocialUser {
            issuer: issuer.to_owned(),
            subject: subject(&user.id)?,
            name: name([user.name.as_deref(), user.nickname.as_deref()]).map(str::to_owned),
            email: user.email.filter(|email| !email.is_empty()),
            email_verified: false,
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
pub fn subject(text: &str) -> Result<String, ProviderError> {
    if text.is_empty() || text.chars().count() > MAX_SUBJECT || text.contains(char::is_control) {
        return Err(refused("the subject is missing or invalid"));
    }
    Ok(text.to_owned())
}

/// Returns the first name that is not blank.
pub fn name<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Option<&'a str> {
    names.into_iter().flatten().map(str::trim).find(|name| !name.is_empty())
}
