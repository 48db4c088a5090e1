//! A server that responds with bodies recorded from memo, as the upper bound of memo's figures.
//!
//! With `--signing-key` it first verifies the request's access token as memo does, which separates the cost of the token
//! from all other costs.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, error, get,
    http::{StatusCode, header},
    patch, post,
    web::{self, Bytes},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Parser;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

#[derive(Parser)]
struct Options {
    /// Address and port to listen on.
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    workers: usize,
    /// A folder with `get.json`, `list.json` and `post.json`, recorded from memo.
    #[arg(long)]
    bodies: PathBuf,
    /// Verify tokens with the first key of this file: base64url, one key per line.
    #[arg(long, requires_all = ["issuer", "audience"])]
    signing_key: Option<PathBuf>,
    #[arg(long)]
    issuer: Option<String>,
    #[arg(long)]
    audience: Option<String>,
}

struct Responses {
    get: Bytes,
    list: Bytes,
    post: Bytes,
    tokens: Option<Tokens>,
}

impl Responses {
    fn read(options: &Options) -> io::Result<Self> {
        let body = |name: &str| fs::read(options.bodies.join(name)).map(Bytes::from);
        let tokens = options.signing_key.as_deref().map(|file| Tokens::new(file, options)).transpose()?;
        Ok(Self { get: body("get.json")?, list: body("list.json")?, post: body("post.json")?, tokens })
    }

    fn respond(&self, request: &HttpRequest, status: StatusCode, body: &Bytes) -> actix_web::Result<HttpResponse> {
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

/// The claims that memo reads.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the parsing is measured")]
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
async fn get_memo(request: HttpRequest, responses: web::Data<Responses>) -> actix_web::Result<HttpResponse> {
    responses.respond(&request, StatusCode::OK, &responses.get)
}

#[get("/api/v1/memos")]
async fn list_memos(request: HttpRequest, responses: web::Data<Responses>) -> actix_web::Result<HttpResponse> {
    responses.respond(&request, StatusCode::OK, &responses.list)
}

/// Reads the whole body, as any handler of this request must; so does [`patch_memo`].
#[post("/api/v1/memos")]
async fn create_memo(
    request: HttpRequest,
    _body: Bytes,
    responses: web::Data<Responses>,
) -> actix_web::Result<HttpResponse> {
    responses.respond(&request, StatusCode::CREATED, &responses.post)
}

#[patch("/api/v1/memos/{id}")]
async fn patch_memo(
    request: HttpRequest,
    _body: Bytes,
    responses: web::Data<Responses>,
) -> actix_web::Result<HttpResponse> {
    responses.respond(&request, StatusCode::OK, &responses.get)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let responses = web::Data::new(Responses::read(&options)?);
    HttpServer::new(move || {
        App::new()
            .app_data(responses.clone())
            .service(healthz)
            .service(get_memo)
            .service(list_memos)
            .service(create_memo)
            .service(patch_memo)
    })
    .workers(options.workers)
    .bind(options.listen)?
    .run()
    .await
}
