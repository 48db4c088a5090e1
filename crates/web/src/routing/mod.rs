//! The table of all operations: each is declared once, with its handler and its [`Policy`].

mod fallback;
mod operation;

use std::future::ready;

use actix_web::{HttpRequest, Resource, Route, middleware::from_fn, web};
pub use operation::{Operation, Operations};

use crate::{context, middleware::admission, policy::Policy};

/// The policy of paths and methods without an operation.
static FALLBACK: Policy = Policy::open();

/// Declares the operations of a resource, each with the policy that the middleware enforces:
///
/// ```text
/// operations! {
///     create_memo => Policy::scopes(&[Scope::MemosWrite]).body(Body::Json);
/// }
/// ```
///
/// Path and method are those of the handler's `#[utoipa::path]`; its `operation_id` is the name of the handler.
macro_rules! operations {
    ($($handler:ident => $policy:expr;)+) => {
        /// The operations.
        pub fn operations() -> crate::routing::Operations {
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($handler),+))]
            struct Declared;

            // The attribute `utoipa::path` declares a type of this name.
            pastey::paste! {
                crate::routing::Operations::declared(<Declared as utoipa::OpenApi>::openapi, [$(
                    crate::routing::Operation::declared::<[<__path_ $handler>]>(
                        stringify!($handler), const { &$policy }, || actix_web::web::to($handler),
                    )
                ),+])
            }
        }
    };
}
pub(crate) use operations;

/// Where the paths begin that are requested most.
const MEMOS: &str = "/api/v1/memos";

/// The resources of these operations. A literal segment is matched before a parameter, since `{` sorts after all letters.
///
/// The framework tries them one after the other, those with a parameter by a regular expression: the most requested come first.
pub fn resources(operations: &Operations) -> Vec<Resource> {
    let mut paths: Vec<_> = operations.by_path().into_iter().collect();
    // Stable.
    paths.sort_by_key(|(path, _)| !path.starts_with(MEMOS));
    paths.into_iter().map(|(path, operations)| resource(path, &operations)).collect()
}

fn resource(path: &str, operations: &[&Operation]) -> Resource {
    let methods = operations.iter().map(|operation| operation.method.clone());
    let allow = fallback::allow(methods);
    let guarded = |operation: &Operation| {
        let route = context::Route {
            path: operation.path.clone(),
            operation: operation.name.clone(),
            policy: operation.policy,
        };
        let admitted = from_fn(move |request, next| admission(route.clone(), request, next));
        (operation.route)().method(operation.method.clone()).wrap(admitted)
    };
    let other = context::Route { path: path.into(), operation: None, policy: &FALLBACK };
    let other_methods = web::to(move |request: HttpRequest| ready(fallback::other_method(&request, &allow)))
        .wrap(from_fn(move |request, next| admission(other.clone(), request, next)));
    operations
        .iter()
        .fold(Resource::new(path), |resource, operation| resource.route(guarded(operation)))
        .default_service(other_methods)
}

/// The service for paths that no resource matches.
pub fn default_service() -> Route {
    let route = context::Route { path: "-".into(), operation: None, policy: &FALLBACK };
    web::to(fallback::not_found).wrap(from_fn(move |request, next| admission(route.clone(), request, next)))
}
