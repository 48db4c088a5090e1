//! The flow cookie of a browser between the redirect to a provider and its callback.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_application::{Error, Flow, read_secret, secret_text};
use memo_domain::{Sealed, Sealer, Timestamp, UserId};

use crate::prelude::*;

/// What the content of the cookie is sealed for.
const CONTEXT: &str = "social";

/// A flow in progress: the content of its cookie.
pub struct PendingFlow {
    pub flow: Flow,
    /// The path of this server that the browser returns to.
    pub return_to: String,
}

impl PendingFlow {
    /// The `state` in URLs.
    pub fn state(&self) -> String {
        secret_text(&self.flow.state)
    }

    /// The value of the cookie.
    pub fn seal(&self, sealer: &dyn Sealer) -> Result<String, Problem> {
        let Flow { provider, nonce, verifier, link, began_at, .. } = &self.flow;
        let link = link.map(|id| id.to_string()).unwrap_or_default();
        let began_at = began_at.as_micros().to_string();
        let fields = [provider, &self.state(), nonce, verifier, &link, &began_at, &self.return_to];
        let plain = fields.map(String::as_str).join("\0");
        let content = sealer.seal(CONTEXT, plain.as_bytes()).map_err(|source| Error::Internal { source })?;
        Ok(URL_SAFE_NO_PAD.encode(content.as_bytes()))
    }

    /// Reads the value of a cookie; `None` if this server has not sealed it.
    pub fn unseal(sealer: &dyn Sealer, text: &str) -> Option<Self> {
        let content = Sealed::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let plain = String::from_utf8(sealer.open(CONTEXT, &content).ok()?).ok()?;
        let mut fields = plain.split('\0').map(str::to_owned);
        let mut next = || fields.next();
        let flow = Flow {
            provider: next()?,
            state: read_secret(&next()?)?,
            nonce: next()?,
            verifier: next()?,
            link: match next()? {
                link if link.is_empty() => None,
                link => Some(UserId::parse(&link).ok()?),
            },
            began_at: Timestamp::from_micros(next()?.parse().ok()?),
        };
        Some(Self { flow, return_to: next()? })
    }
}

/// The URL that a provider redirects to.
pub fn redirect_uri(settings: &HttpSettings, provider: &str) -> String {
    format!("{}/api/v1/auth/providers/{provider}/callback", settings.public_url)
}

/// The path if it is one of this server, or its root: a browser must not read it as another host.
pub fn own_path(path: Option<&str>) -> &str {
    let is_own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= 2_000
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(is_own).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use memo_domain::{Secret, Source};

    use super::*;

    /// Writes the context before the value.
    struct Marking;

    impl Sealer for Marking {
        fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Source> {
            Ok(Sealed::new([context.as_bytes(), b":", plain].concat()))
        }

        fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
            let plain = sealed.as_bytes().strip_prefix(context.as_bytes()).ok_or("another context")?;
            Ok(plain[1..].to_vec())
        }
    }

    #[test]
    fn sealed_flow_reads_back() {
        for link in [None, Some(UserId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("an id"))] {
            let pending = PendingFlow {
                flow: Flow {
                    provider: "acme".to_owned(),
                    state: Secret::new([7; 32]),
                    nonce: "nonce".to_owned(),
                    verifier: "verifier".to_owned(),
                    link,
                    began_at: Timestamp::from_micros(1_800_000_000_000_000),
                },
                return_to: "/docs?a=b#c".to_owned(),
            };
            let text = pending.seal(&Marking).expect("sealed");
            let read = PendingFlow::unseal(&Marking, &text).expect("a flow");
            assert_eq!(read.seal(&Marking).expect("sealed"), text);
            assert_eq!((read.flow.link, read.return_to), (link, pending.return_to));
        }
    }

    #[test]
    fn browsers_are_redirected_to_own_paths_only() {
        for path in ["/", "/docs", "/notes?tab=1&x=%2F%2Fevil.example#top"] {
            assert_eq!(own_path(Some(path)), path);
        }
        for path in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "\\\\evil.example",
            "",
            "evil",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/a b",
            " /",
            "/한글",
        ] {
            assert_eq!(own_path(Some(path)), "/", "{path:?}");
        }
        assert_eq!(own_path(None), "/");
    }
}
