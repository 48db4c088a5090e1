//! The settings of a language model.

use std::{fmt, net::IpAddr, time::Duration};

use thiserror::Error;
use url::{Host, Url};

/// The maximum length of the name of a model, in characters.
pub const MAX_NAME: usize = 200;

/// The settings of a language model. `Debug` output hides the key.
#[derive(Clone)]
pub struct ModelSettings {
    /// The base URL of the API, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key, if the API needs one.
    pub api_key: Option<String>,
    /// The name of the model there.
    pub model: String,
    /// How long the model may be silent, before an answer and within it.
    pub pause: Duration,
}

impl fmt::Debug for ModelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSettings")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}

/// A setting of a language model is invalid. The text is one line with the name of the setting, and shows no value.
#[derive(Debug, Error)]
pub enum ModelSettingsError {
    /// The base URL is invalid.
    #[error("base_url is not a URL such as https://api.openai.com/v1, without a user, a query and a fragment")]
    Address,
    /// The base URL would send memos in plaintext over the internet.
    #[error("base_url must begin with https, except on this machine and in a private network")]
    Plain,
    /// The key cannot be sent.
    #[error("api_key must be printable ASCII characters without spaces")]
    Key,
    /// The name cannot be one.
    #[error("model must be 1 to {MAX_NAME} characters, without control characters and outer spaces")]
    Model,
    /// The certificates of the system cannot be used.
    #[error("base_url: the certificates of this machine can't be used")]
    Tls(#[from] rustls::Error),
}

impl ModelSettings {
    /// Checks the settings, without calling the model. Returns the base URL, whose path ends with a slash.
    pub(super) fn check(&self) -> Result<Url, ModelSettingsError> {
        let mut url = Url::parse(&self.base_url).ok().filter(is_address).ok_or(ModelSettingsError::Address)?;
        if url.scheme() == "http" && !is_private(&url) {
            return Err(ModelSettingsError::Plain);
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        let is_key = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.api_key.as_ref().is_none_or(is_key) {
            return Err(ModelSettingsError::Key);
        }
        let name = &self.model;
        let is_length = (1..=MAX_NAME).contains(&name.chars().count());
        if !is_length || name.trim() != name || name.contains(char::is_control) {
            return Err(ModelSettingsError::Model);
        }
        Ok(url)
    }
}

fn is_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// Whether a host is on this machine or in a private network, as far as its name or address tells: where Ollama or vLLM run,
/// mostly without TLS.
fn is_private(url: &Url) -> bool {
    match url.host() {
        // A name without a dot is one of the own machine or network, e.g. of a container.
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || [".local", ".internal", ".home.arpa"].iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Some(Host::Ipv6(address)) => match IpAddr::V6(address).to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
        },
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> ModelSettings {
        let api_key = Some("hunter2".to_owned());
        ModelSettings { base_url: base_url.into(), api_key, model: "small".into(), pause: Duration::from_secs(1) }
    }

    #[test]
    fn base_url_ends_with_a_slash() {
        for (given, base) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/"),
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/"),
        ] {
            assert_eq!(settings(given).check().expect("valid").as_str(), base);
        }
    }

    #[test]
    fn plaintext_is_for_private_networks_only() {
        for host in [
            "localhost",
            "127.0.0.1",
            "[::1]",
            "ollama:11434",
            "gpu.local",
            "gpu.internal",
            "gpu.home.arpa",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.9:8000",
            "169.254.1.1",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
        ] {
            settings(&format!("http://{host}/v1")).check().expect(host);
        }
        for host in ["api.openai.com", "gpu.local.example", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "0.0.0.0"] {
            let error = settings(&format!("http://{host}/v1")).check().expect_err(host);
            assert!(matches!(error, ModelSettingsError::Plain), "{host}: {error}");
            settings(&format!("https://{host}/v1")).check().expect(host);
        }
    }

    #[test]
    fn invalid_setting_is_named_without_its_value() {
        let key = |key: &str| ModelSettings { api_key: Some(key.into()), ..settings("https://a.example") };
        let model = |name: &str| ModelSettings { model: name.into(), ..settings("https://a.example") };
        for (settings, name) in [
            (settings("api"), "base_url"),
            (settings("ftp://a.example"), "base_url"),
            (settings("https://"), "base_url"),
            (settings("https://user:hunter2@a.example"), "base_url"),
            (settings("https://a.example/v1?key=hunter2"), "base_url"),
            (settings("https://a.example/v1#hunter2"), "base_url"),
            (key(""), "api_key"),
            (key("hunter2\n"), "api_key"),
            (key(" hunter2"), "api_key"),
            (key("hunter2é"), "api_key"),
            (model(""), "model"),
            (model(" hunter2"), "model"),
            (model("hunter2\n"), "model"),
            (model(&"x".repeat(201)), "model"),
        ] {
            let error = settings.check().expect_err(name).to_string();
            assert!(error.starts_with(name) && error.lines().count() == 1 && !error.contains("hunter2"), "{error}");
        }
        assert!(!format!("{:?}", settings("https://a.example")).contains("hunter2"));
        key("sk-proj_1.2/3+4=").check().expect("valid");
        ModelSettings { api_key: None, ..settings("http://localhost") }.check().expect("valid");
    }
}
