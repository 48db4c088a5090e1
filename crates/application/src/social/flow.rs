//! The state of a flow between the redirect to the provider and the callback.

use std::time::Duration;

use memo_domain::{Sealed, Timestamp, UserId};

use crate::{
    Error, Ports,
    tokens::{bytes_text, read_bytes},
};

/// How long a flow may take.
pub const FLOW_TTL: Duration = Duration::from_mins(10);
/// What the sealed state of a flow is bound to.
const CONTEXT: &str = "social";

/// A flow that waits for its callback: the content of its cookie.
pub struct Flow {
    pub provider: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub link: Option<UserId>,
    pub began_at: Timestamp,
    pub return_to: String,
}

impl Flow {
    pub fn seal(&self, ports: &Ports) -> Result<String, Error> {
        let link = self.link.map(|id| id.to_string()).unwrap_or_default();
        let began_at = self.began_at.as_micros().to_string();
        let fields = [&self.provider, &self.state, &self.nonce, &self.verifier, &link, &began_at, &self.return_to];
        let plain = fields.map(String::as_str).join("\0");
        let sealed = ports.sealer.seal(CONTEXT, plain.as_bytes());
        Ok(bytes_text(sealed.map_err(|source| Error::Internal { source })?.as_bytes()))
    }

    pub fn unseal(ports: &Ports, text: &str) -> Option<Self> {
        let sealed = Sealed::new(read_bytes(text)?);
        let plain = String::from_utf8(ports.sealer.open(CONTEXT, &sealed).ok()?).ok()?;
        let mut fields = plain.split('\0').map(str::to_owned);
        let mut next = || fields.next();
        Some(Self {
            provider: next()?,
            state: next()?,
            nonce: next()?,
            verifier: next()?,
            link: match next()? {
                link if link.is_empty() => None,
                link => Some(UserId::parse(&link).ok()?),
            },
            began_at: Timestamp::from_micros(next()?.parse().ok()?),
            return_to: next()?,
        })
    }
}

/// Returns the path if it is one of this server, or its root: a browser must not read it as another host.
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
    use super::own_path;

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
