//! What no route takes: 404, or 405 with `Allow` where the path exists.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::ResourceDef,
    http::{Method, header},
    web::Data,
};
use serde_json::Value;

use crate::{
    docs, links,
    problem::{Code, Problem},
};

/// Every path with the methods that it takes, read from the document so that there is no second list.
pub struct RouteTable(Vec<(ResourceDef, String)>);

impl RouteTable {
    /// Of an OpenAPI document.
    pub fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let documented = paths.map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_ascii_uppercase());
            (ResourceDef::new(path.as_str()), allow(methods.collect()))
        });
        let pages =
            docs::PATHS.iter().chain(&links::PATHS).map(|path| (ResourceDef::new(*path), allow(vec!["GET".into()])));
        Self(documented.chain(pages).collect())
    }

    fn allowed(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|(resource, _)| resource.is_match(path)).map(|(_, allow)| allow.as_str())
    }
}

/// The value of `Allow`: each GET is a HEAD too, and OPTIONS is answered everywhere.
fn allow(mut methods: Vec<String>) -> String {
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".into());
    }
    methods.push("OPTIONS".into());
    methods.sort();
    methods.join(", ")
}

/// The default service.
pub async fn fallback(request: HttpRequest, routes: Data<RouteTable>) -> Result<HttpResponse, Problem> {
    let Some(allow) = routes.allowed(request.path()) else { return Err(Problem::new(Code::NotFound)) };
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish());
    }
    Err(Problem::new(Code::MethodNotAllowed).about(allow).with_header(header::ALLOW, allow))
}
