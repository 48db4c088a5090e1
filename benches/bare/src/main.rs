//! A handler that does nothing but answer the bytes that memo answered, as the upper bound for memo's own figures.
//!
//! With `--signing-key` it first checks the request's access token as memo does, so that the cost of the token and the
//! cost of all else can be told apart.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, error, get,
    http::{StatusCode, header},
    post,
    web::{self, Bytes},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Parser;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

#[derive(Parser)]
struct Options {
    /// Address and port.
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    workers: usize,
    /// A folder with `get.json`, `list.json` and `post.json`, as memo answered them.
    #[arg(long)]
    bodies: PathBuf,
    /// Check tokens with the first key of this file: base64url, a line each.
    #[arg(long, requires_all = ["issuer", "audience"])]
    signing_key: Option<PathBuf>,
    #[arg(long)]
    issuer: Option<String>,
    #[arg(long)]
    audience: Option<String>,
}

struct Answers {
    get: Bytes,
    list: Bytes,
    post: Bytes,
    tokens: Option<Tokens>,
}

impl Answers {
    fn read(options: &Options) -> io::Result<Self> {
        let body = |name: &str| fs::read(options.bodies.join(name)).map(Bytes::from);
        let tokens = options.signing_key.as_deref().map(|file| Tokens::new(file, options)).transpose()?;
        Ok(Self { get: body("get.json")?, list: body("list.json")?, post: body("post.json")?, tokens })
    }

    fn answer(&self, request: &HttpRequest, status: StatusCode, body: &Bytes) -> actix_web::Result<HttpResponse> {
        if let Some(tokens) = &self.tokens {
            tokens.check(request).ok_or_else(|| error::ErrorUnauthorized("the token is not valid"))?;
        }
        Ok(HttpResponse::build(status).content_type("application/json").body(body.clone()))
    }
}

struct Tokens {
    key: DecodingKey,
    validation: Validation,
}

/// All of them, because memo reads all of them.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is measured is the reading")]
struct Claims {
    sub: String,
    sid: String,
    scope: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Tokens {
    fn new(file: &Path, options: &Options) -> io::Result<Self> {
        let text = fs::read_to_string(file)?;
        let line = text.lines().next().unwrap_or_default().trim().trim_end_matches('=');
        let key = URL_SAFE_NO_PAD.decode(line).map_err(io::Error::other)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 5;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(options.issuer.as_slice());
        validation.set_audience(options.audience.as_slice());
        Ok(Self { key: DecodingKey::from_secret(&key), validation })
    }

    fn check(&self, request: &HttpRequest) -> Option<Claims> {
        let token = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let token = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).ok()?;
        (token.header.typ.as_deref() == Some("at+jwt")).then_some(token.claims)
    }
}

#[get("/healthz")]
async fn healthz() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[get("/api/v1/memos/{id}")]
async fn get_memo(request: HttpRequest, answers: web::Data<Answers>) -> actix_web::Result<HttpResponse> {
    answers.answer(&request, StatusCode::OK, &answers.get)
}

#[get("/api/v1/memos")]
async fn list_memos(request: HttpRequest, answers: web::Data<Answers>) -> actix_web::Result<HttpResponse> {
    answers.answer(&request, StatusCode::OK, &answers.list)
}

/// Takes the body in whole, as any handler of it must.
#[post("/api/v1/memos")]
async fn create_memo(
    request: HttpRequest,
    _body: Bytes,
    answers: web::Data<Answers>,
) -> actix_web::Result<HttpResponse> {
    answers.answer(&request, StatusCode::CREATED, &answers.post)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let answers = web::Data::new(Answers::read(&options)?);
    HttpServer::new(move || {
        App::new().app_data(answers.clone()).service(healthz).service(get_memo).service(list_memos).service(create_memo)
    })
    .workers(options.workers)
    .bind(options.listen)?
    .run()
    .await
}
