use std::{future::IntoFuture, io::Read, net::SocketAddr, pin::Pin, sync::Arc};

use brotli::Decompressor;
use flate2::read::GzDecoder;
use reqwest::{
    Client, Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;

use crate::{Response, browser::Jar, contract};

/// How to reach the server.
pub struct Reach {
    client: Client,
    base: String,
    pub public_url: String,
}

impl Reach {
    pub fn new(address: SocketAddr, public_url: String) -> Self {
        // An idle connection would delay the shutdown of the server.
        let client = Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0);
        Self { client: client.build().expect("a client"), base: format!("http://{address}"), public_url }
    }
}

/// A request, sent when awaited.
#[must_use = "a call is sent when it is awaited"]
#[derive(Clone)]
pub struct Call {
    reach: Arc<Reach>,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    jar: Option<Arc<Jar>>,
}

impl Call {
    pub(crate) fn new(reach: Arc<Reach>, method: &str, target: &str) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Self { reach, method, target: target.to_owned(), headers: HeaderMap::new(), body: None, jar: None }
    }

    /// Sends the cookies of a browser, and stores those of the response there.
    pub(crate) fn with_jar(mut self, jar: Arc<Jar>) -> Self {
        self.jar = Some(jar);
        self
    }

    /// Removes a header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Adds a header, also if there is one of this name.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the name of a header");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("the value of a header"));
        self
    }

    /// Adds `If-Match`.
    pub fn if_match(self, tag: &str) -> Self {
        self.header("if-match", tag)
    }

    /// Adds `If-None-Match`.
    pub fn if_none_match(self, tag: &str) -> Self {
        self.header("if-none-match", tag)
    }

    /// Adds query parameters.
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        if !parameters.is_empty() {
            let url = Url::parse_with_params("http://localhost", parameters).expect("a query");
            let separator = if self.target.contains('?') { '&' } else { '?' };
            self.target.push(separator);
            self.target.push_str(url.query().unwrap_or_default());
        }
        self
    }

    /// Sends this JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends this JSON as a merge patch.
    pub fn merge_patch(self, body: &Value) -> Self {
        self.body("application/merge-patch+json", body.to_string())
    }

    /// Sends these parameters as a form.
    pub fn form(self, parameters: &[(&str, &str)]) -> Self {
        let url = Url::parse_with_params("http://localhost", parameters).expect("a form");
        self.body("application/x-www-form-urlencoded", url.query().unwrap_or_default())
    }

    /// Sends these bytes as this media type.
    pub fn body(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.untyped_body(body).header("content-type", media_type)
    }

    /// Sends a body without a `Content-Type`.
    pub fn untyped_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The method.
    pub(crate) fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path and the query.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The scheme and address of the server.
    pub(crate) fn origin(&self) -> &str {
        &self.reach.base
    }

    /// The body, if there is one.
    pub(crate) fn sent_body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The value of a header, if there is one.
    pub(crate) fn sent_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    async fn send(self) -> Response {
        let Self { reach, method, target, mut headers, body, jar } = self;
        if let Some(cookies) = jar.as_ref().and_then(|jar| jar.header()) {
            headers.append("cookie", HeaderValue::from_str(&cookies).expect("cookies are ASCII"));
        }
        let url = format!("{}{target}", reach.base);
        let mut request = reach.client.request(method.clone(), &url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {target}: no answer: {error:?}"));
        let (status, headers, path) = (response.status(), response.headers().clone(), response.url().path().to_owned());
        if let Some(jar) = &jar {
            jar.keep(&headers);
        }
        let bytes = response.bytes().await.unwrap_or_else(|error| panic!("{method} {target}: no body: {error:?}"));
        let (bytes, public_url) = (decoded(&headers, bytes.to_vec()), reach.public_url.clone());
        let response = Response::new(method.as_str(), path, public_url, status.as_u16(), headers, bytes);
        contract::check(&response);
        response
    }
}

impl IntoFuture for Call {
    type Output = Response;
    type IntoFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The body without its content coding.
fn decoded(headers: &HeaderMap, body: Vec<u8>) -> Vec<u8> {
    let mut decoded = Vec::new();
    let read = match headers.get("content-encoding").map(HeaderValue::as_bytes) {
        None => return body,
        // That of a HEAD.
        Some(_) if body.is_empty() => return body,
        Some(b"gzip") => GzDecoder::new(&*body).read_to_end(&mut decoded),
        Some(b"br") => Decompressor::new(&*body, 4_096).read_to_end(&mut decoded),
        Some(coding) => panic!("an unknown coding: {coding:?}"),
    };
    read.expect("the body has its coding");
    decoded
}
