use std::{collections::HashSet, fmt::Write as _};

use actix_web::http::{
    Uri,
    header::{HeaderMap, HeaderName},
};
use sfv::{DictSerializer, InnerList, KeyRef};

use super::text;

/// The scheme and authority by which a client reached this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    authority: String,
}

impl Origin {
    /// Brings an authority into the form in which it is signed: lower case, without the port of the scheme.
    pub fn new(scheme: &str, authority: &str) -> Self {
        let port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.to_ascii_lowercase();
        Self { scheme: scheme.to_owned(), authority: authority.strip_suffix(port).unwrap_or(&authority).to_owned() }
    }

    /// The origin of a URL such as `https://memo.example.com`.
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, authority) = url.split_once("://")?;
        Some(Self::new(scheme, authority))
    }

    /// Whether it has the same authority: which scheme a client used there, a proxy may not say.
    pub fn is_on(&self, public: &Self) -> bool {
        let without_port = |origin: &Self| Self::new(&public.scheme, &origin.authority).authority;
        without_port(self) == public.authority
    }
}

/// A request as its client sent it.
pub struct Message<'a> {
    pub method: &'a str,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

impl Message<'_> {
    /// What is signed (RFC 9421, section 2.5); `None` if a component is unknown, absent, or covered twice.
    pub fn base(&self, covered: &InnerList, origin: &Origin) -> Option<String> {
        let mut base = String::new();
        let mut names = HashSet::new();
        for item in &covered.items {
            let name = text(&item.bare_item)?;
            // Components with parameters, e.g. of a field that is signed in another form, are not supported.
            if !item.params.is_empty() || !names.insert(name) {
                return None;
            }
            let _ = writeln!(base, "\"{name}\": {}", self.component(name, origin)?);
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(&serialized(covered)?);
        Some(base)
    }

    /// The value of a component (RFC 9421, sections 2.1 and 2.2).
    fn component(&self, name: &str, origin: &Origin) -> Option<String> {
        let path = match self.uri.path() {
            "" => "/",
            path => path,
        };
        let query = self.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let Origin { scheme, authority } = origin;
        Some(match name {
            "@method" => self.method.to_owned(),
            "@target-uri" => format!("{scheme}://{authority}{path}{query}"),
            "@authority" => authority.clone(),
            "@scheme" => scheme.clone(),
            "@request-target" => format!("{path}{query}"),
            "@path" => path.to_owned(),
            "@query" if query.is_empty() => "?".to_owned(),
            "@query" => query,
            name => self.field(name)?,
        })
    }

    /// The lines of a header, of which there must be one at least.
    fn field(&self, name: &str) -> Option<String> {
        let is_lower_case = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let header = HeaderName::from_bytes(name.as_bytes()).ok().filter(|_| is_lower_case)?;
        let lines = self.headers.get_all(header).map(|value| value.to_str().map(str::trim));
        let lines: Vec<_> = lines.collect::<Result<_, _>>().ok()?;
        if lines.is_empty() { None } else { Some(lines.join(", ")) }
    }
}

/// An inner list in its canonical form (RFC 9651, section 4.1.1.1).
fn serialized(list: &InnerList) -> Option<String> {
    let mut serializer = DictSerializer::new();
    let mut inner = serializer.inner_list(KeyRef::from_str("s").ok()?);
    inner.items(&list.items);
    let _ = inner.finish().parameters(&list.params);
    Some(serializer.finish()?.strip_prefix("s=")?.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use hmac::{Hmac, KeyInit, Mac};
    use sfv::{Dictionary, ListEntry, Parser};
    use sha2::Sha256;

    use super::*;

    /// The shared secret of RFC 9421, appendix B.1.5.
    const SECRET: &str = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

    fn covered(input: &str) -> InnerList {
        let mut input: Dictionary = Parser::new(input).parse().expect("a dictionary");
        let Some((_, ListEntry::InnerList(list))) = input.pop() else { panic!("an inner list") };
        list
    }

    /// The base of the request of RFC 9421, appendix B.2.
    fn base(input: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "example.com"),
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            (
                "content-digest",
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            ),
            ("content-length", "18"),
            ("cache-control", "max-age=60"),
            ("cache-control", "  must-revalidate "),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let uri = Uri::from_static("/foo?param=Value&Pet=dog");
        let message = Message { method: "POST", uri: &uri, headers: &headers };
        message.base(&covered(input), &Origin::new("https", "Example.com:443"))
    }

    #[test]
    fn the_base_of_rfc_9421_b_2_3_is_the_same() {
        let input = r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
        let expected = r#""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@query": ?param=Value&Pet=dog
"@authority": example.com
"content-type": application/json
"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
        assert_eq!(base(input).as_deref(), Some(expected));
    }

    #[test]
    fn the_signature_of_rfc_9421_b_2_5_is_the_same() {
        let input = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
        let secret = STANDARD.decode(SECRET).expect("base64");
        let mac = Hmac::<Sha256>::new_from_slice(&secret).expect("a key of any length");
        let signature = mac.chain_update(base(input).expect("a base")).finalize().into_bytes();
        assert_eq!(STANDARD.encode(signature), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
    }

    #[test]
    fn components_are_those_of_rfc_9421() {
        let value = |component: &str| {
            let base = base(&format!("s=({component})"))?;
            Some(base.split_once('\n')?.0.split_once(": ")?.1.to_owned())
        };
        for (component, expected) in [
            ("\"@target-uri\"", "https://example.com/foo?param=Value&Pet=dog"),
            ("\"@scheme\"", "https"),
            ("\"@request-target\"", "/foo?param=Value&Pet=dog"),
            ("\"cache-control\"", "max-age=60, must-revalidate"),
        ] {
            assert_eq!(value(component).as_deref(), Some(expected), "{component}");
        }
        for component in [
            "\"absent\"",
            "\"@status\"",
            "\"@unknown\"",
            "\"Date\"",
            "\"date\" \"date\"",
            "\"date\";sf",
            "\"@method\";req",
            "\"@query-param\";name=\"Pet\"",
            "date",
            "7",
            "\"a b\"",
        ] {
            assert_eq!(value(component), None, "{component}");
        }
    }
}
