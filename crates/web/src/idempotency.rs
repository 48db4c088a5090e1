//! Requests with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-08).

use std::cell::{Cell, RefCell};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, ResponseError,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use memo_application::{Answering, Begun, Error, Idempotency, Once};
use memo_domain::IdempotentRequest;

use crate::{
    context::RequestContext,
    extractor::from_head,
    problem::{Code, Problem},
    respond::{Reply, replayed},
};

/// The header with the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The maximum number of characters of a key.
const MAX_KEY: usize = 255;

/// The key of a request, if it has one.
pub struct IdempotencyKey(Option<String>);

from_head!(IdempotencyKey: |request| {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(Self(None)) };
    let key = if values.next().is_some() { None } else { read(value) };
    key.map(|key| Self(Some(key))).ok_or(Problem::new(Code::InvalidHeader).about("Idempotency-Key"))
});

/// Reads a string as in RFC 9651, section 3.3.3, or the same characters without quotes.
fn read(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(quoted) => unquoted(quoted.strip_suffix('"')?)?,
    };
    let is_printable = |byte: u8| (b' '..=b'~').contains(&byte);
    ((1..=MAX_KEY).contains(&key.len()) && key.bytes().all(is_printable)).then_some(key)
}

fn unquoted(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '\\' => characters.next().filter(|escaped| ['"', '\\'].contains(escaped))?,
            '"' => return None,
            character => character,
        });
    }
    Some(key)
}

impl IdempotencyKey {
    /// Runs a use case and renders its result. With a key, the response is stored in the transaction of the use case, and
    /// further requests with the key get it again.
    pub async fn once<T: 'static>(
        self,
        request: &HttpRequest,
        run: impl AsyncFnOnce(Option<&Once<'_, T>>) -> Result<T, Problem>,
        render: impl AsyncFn(T) -> Result<Reply, Problem>,
    ) -> Result<HttpResponse, Problem> {
        let Some(key) = self.0 else { return Ok(render(run(None).await?).await?.respond()) };
        let (Some(keys), Some(identified)) = (request.app_data::<Data<Idempotency>>(), identify(request, &key)) else {
            return Err(Problem::new(Code::InternalError));
        };
        let running = match keys.begin(&identified).await? {
            Begun::Answered(answer) => return replayed(answer),
            Begun::First(running) => running,
        };
        let (rendered, size) = (RefCell::new(None), Cell::new(0));
        let (render, last, last_size) = (&render, &rendered, &size);
        let answer = move |result: T| -> Answering<'_> {
            Box::pin(async move {
                let reply =
                    render(result).await.map_err(|problem| Error::Internal { source: problem.to_string().into() })?;
                let answer = reply.answer();
                last_size.set(answer.body.len());
                last.replace(Some(reply));
                Ok(answer)
            })
        };
        match run(Some(&Once::new(identified, &answer))).await {
            Ok(result) => {
                let reply = last.take();
                if reply.is_some() {
                    running.stored(size.get()).await;
                }
                Ok(if let Some(reply) = reply { reply } else { render(result).await? }.respond())
            }
            // The same request on another node may have been faster, and what it did may be the reason for the refusal.
            Err(problem) if problem.status_code().is_client_error() => match keys.find_committed(&identified).await {
                Ok(Some(answer)) => replayed(answer),
                Ok(None) | Err(_) => Err(problem),
            },
            Err(problem) => Err(problem),
        }
    }
}

/// The request of the caller with this key, told from others by its method, URI, media type and body.
fn identify(request: &HttpRequest, key: &str) -> Option<IdempotentRequest> {
    let context = RequestContext::read(request, |context| (context.caller, context.body_digest));
    let (caller, body) = context.and_then(|(caller, body)| Some((caller?, body.unwrap_or_default())))?;
    let parts = [
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        request.query_string().as_bytes(),
        request.content_type().as_bytes(),
        &body.to_be_bytes(),
    ];
    Some(IdempotentRequest::new(caller.user_id, key, &parts))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::*;

    /// What creates, but ignores the header: to sign up again is refused in any case.
    const EXCEPTIONS: [&str; 1] = ["/api/v1/auth/sign-up"];

    #[test]
    fn every_post_that_creates_accepts_a_key() {
        let (document, operations) = (crate::openapi(), crate::services::operations());
        let is_creating = |path: &str| !document["paths"][path]["post"]["responses"]["201"].is_null();
        let posts =
            operations.iter().filter(|operation| operation.method == Method::POST && is_creating(&operation.path));
        let mut seen = 0;
        for operation in posts {
            seen += 1;
            let is_excepted = EXCEPTIONS.contains(&&*operation.path);
            assert_eq!(operation.policy.is_idempotent, !is_excepted, "{}", operation.path);
        }
        assert!(seen > 3);
    }

    #[test]
    fn key_is_read_with_and_without_quotes() {
        let longest = "k".repeat(MAX_KEY);
        for (header, key) in [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324")),
            ("\"8e03\"", Some("8e03")),
            (r#""a \"b\" \\""#, Some(r#"a "b" \"#)),
            (r#"a"b\"#, Some(r#"a"b\"#)),
            (" a b ", Some("a b")),
            (&longest, Some(&longest)),
            (&format!("\"{longest}\""), Some(&longest)),
            (&format!("{longest}k"), None),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            ("\"a\"b\"", None),
            (r#""\""#, None),
            (r#""\a""#, None),
            ("\"a\"; b=1", None),
            ("a\tb", None),
        ] {
            let value = HeaderValue::from_str(header).expect("a header");
            assert_eq!(read(&value).as_deref(), key, "{header}");
        }
        assert_eq!(read(&HeaderValue::from_bytes("키".as_bytes()).expect("a header")), None);
    }
}
