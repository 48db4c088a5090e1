//! The table of all operations: each is declared once, with its handler and its [`Policy`].

mod fallback;
mod operation;

use std::{future::ready, rc::Rc};

use actix_web::{
    HttpRequest, Route,
    dev::{
        AppService, HttpServiceFactory, ResourceDef, Service, ServiceFactory, ServiceRequest, fn_factory, fn_service,
    },
    http::Method,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use futures_util::future::join_all;
pub use operation::{Declaration, Operation, Operations};

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
            // The attribute `utoipa::path` declares a type of this name.
            let operations = pastey::paste! {
                crate::routing::Operations::declared(&[$(
                    crate::routing::Declaration {
                        name: stringify!($handler),
                        path: <[<__path_ $handler>] as utoipa::Path>::path,
                        methods: <[<__path_ $handler>] as utoipa::Path>::methods,
                        policy: const { &$policy },
                        route: || actix_web::web::to($handler),
                    }
                ),+])
            };
            #[cfg(test)]
            let operations = {
                #[derive(utoipa::OpenApi)]
                #[openapi(paths($($handler),+))]
                struct Declared;

                operations.documented(<Declared as utoipa::OpenApi>::openapi)
            };
            operations
        }
    };
}
pub(crate) use operations;

/// Where the paths begin that are requested most.
const MEMOS: &str = "/api/v1/memos";

/// The resources of some operations, for all workers: the patterns of their paths are compiled once.
pub struct Resources(Vec<(ResourceDef, Vec<Operation>)>);

impl Resources {
    /// The resources of these operations. A literal segment is matched before a parameter, since `{` sorts after all letters.
    ///
    /// The framework tries them one after the other, those with a parameter by a regular expression: the most requested come first.
    pub fn of(operations: &Operations) -> Self {
        let mut paths: Vec<_> = operations.by_path().into_iter().collect();
        // Stable.
        paths.sort_by_key(|(path, _)| !path.starts_with(MEMOS));
        let of_path = |(path, operations): (&str, Vec<&Operation>)| {
            (ResourceDef::new(path), operations.into_iter().cloned().collect())
        };
        Self(paths.into_iter().map(of_path).collect())
    }

    /// Adds them to the application of a worker.
    pub fn register(&self, config: &mut ServiceConfig) {
        for (pattern, operations) in &self.0 {
            config.service(Resource::new(pattern.clone(), operations));
        }
    }
}

/// The routes of a path, in one worker.
struct Resource {
    pattern: ResourceDef,
    methods: Rc<[Method]>,
    /// One for each method, and one for all others.
    routes: Vec<Route>,
}

impl Resource {
    fn new(pattern: ResourceDef, operations: &[Operation]) -> Self {
        let methods: Rc<[Method]> = operations.iter().map(|operation| operation.method.clone()).collect();
        let allow = fallback::allow(methods.iter().cloned());
        let guarded = |operation: &Operation| {
            let route = context::Route {
                path: operation.path.clone(),
                operation: operation.name.clone(),
                policy: operation.policy,
            };
            (operation.route)().wrap(from_fn(move |request, next| admission(route.clone(), request, next)))
        };
        let other =
            context::Route { path: pattern.pattern().unwrap_or_default().into(), operation: None, policy: &FALLBACK };
        let other_methods = web::to(move |request: HttpRequest| ready(fallback::other_method(&request, &allow)))
            .wrap(from_fn(move |request, next| admission(other.clone(), request, next)));
        Self { pattern, methods, routes: operations.iter().map(guarded).chain([other_methods]).collect() }
    }
}

/// Like the one of the framework's `Resource`, which would compile the pattern for each worker.
impl HttpServiceFactory for Resource {
    fn register(self, config: &mut AppService) {
        let Self { pattern, methods, routes } = self;
        let factory = fn_factory(move || {
            let (services, methods) = (join_all(routes.iter().map(|route| route.new_service(()))), methods.clone());
            async move {
                let services: Rc<[_]> = services.await.into_iter().collect::<Result<_, ()>>()?;
                Ok(fn_service(move |request: ServiceRequest| {
                    let method = methods.iter().position(|method| method == request.method());
                    services[method.unwrap_or(methods.len())].call(request)
                }))
            }
        });
        config.register_service(pattern, None, factory, None);
    }
}

/// The service for paths that no resource matches.
pub fn default_service() -> Route {
    let route = context::Route { path: "-".into(), operation: None, policy: &FALLBACK };
    web::to(fallback::not_found).wrap(from_fn(move |request, next| admission(route.clone(), request, next)))
}
