//! User data, as the one or the other gives them.

use memo_domain::{ProviderError, SocialUser};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{http::Http, refused, said, unavailable};

/// The longest name of an account (`OpenID` Connect Core 1.0, section 2).
const SUBJECT: usize = 255;

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
    /// Some write it as a text.
    pub fn is_email_verified(&self) -> bool {
        self.email_verified.as_ref().is_some_and(|value| *value == true || *value == "true")
    }

    pub fn name(&self) -> Option<&str> {
        name([self.name.as_deref(), self.nickname.as_deref()])
    }
}

/// Naver's own form.
#[derive(Deserialize)]
pub struct NaverAnswer {
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

impl NaverAnswer {
    /// Who it is. Naver does not say whose the address is: any may be entered there.
    pub fn user(self, issuer: &str) -> Result<SocialUser, ProviderError> {
        let user = self.response.filter(|_| self.resultcode == "00");
        let user = user.ok_or_else(|| refused(format!("no user data: result {}", said(&self.resultcode))))?;
        Ok(SocialUser {
            issuer: issuer.to_owned(),
            subject: subject(&user.id)?,
            name: name([user.name.as_deref(), user.nickname.as_deref()]).map(str::to_owned),
            email: user.email.filter(|email| !email.is_empty()),
            email_verified: false,
        })
    }
}

/// Asks for user data as the holder of a token.
pub async fn ask<T: DeserializeOwned>(http: &Http, url: &Url, token: &str) -> Result<T, ProviderError> {
    let answer = http.get(url, Some(token)).await.map_err(unavailable)?;
    if !answer.status().is_success() {
        return Err(refused(format!("no user data: status {}", answer.status())));
    }
    // The error tells a place, and nothing of the user.
    serde_json::from_slice(answer.body()).map_err(|error| {
        unavailable(format!("user data can't be read: line {}, column {}", error.line(), error.column()))
    })
}

/// The account, where it can be one.
pub fn subject(text: &str) -> Result<String, ProviderError> {
    if text.is_empty() || text.chars().count() > SUBJECT || text.contains(char::is_control) {
        return Err(refused("the account has no name, or one that is none"));
    }
    Ok(text.to_owned())
}

/// The first name that is one.
pub fn name<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Option<&'a str> {
    names.into_iter().flatten().map(str::trim).find(|name| !name.is_empty())
}
