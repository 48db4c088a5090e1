use std::{collections::BTreeMap, sync::Arc};

use actix_web::{Route, http::Method};
use memo_domain::OperationName;
use utoipa::openapi::{
    Components, OpenApi, PathItem,
    path::{self, HttpMethod},
};

use crate::policy::Policy;

/// Makes the route of a handler, for each worker.
pub type MakeRoute = fn() -> Route;

/// A method of a path, with its handler and its policy.
#[derive(Clone)]
pub struct Operation {
    /// Its `operation_id`; pages for browsers have none.
    pub name: Option<OperationName>,
    /// The path template.
    pub path: Arc<str>,
    pub method: Method,
    pub policy: &'static Policy,
    pub route: MakeRoute,
    /// Its part of the OpenAPI document; pages for browsers have none.
    pub document: Option<(HttpMethod, path::Operation)>,
}

/// Some operations, and the schemas that their documents refer to.
#[derive(Clone, Default)]
pub struct Operations {
    list: Vec<Operation>,
    components: Components,
}

impl Operations {
    /// The operations of a resource, as the macro [`operations!`](super) declares them.
    ///
    /// # Panics
    /// If the `operation_id` of a handler is not its name, or no name of an operation.
    pub fn declared<const N: usize>(
        document: OpenApi,
        declared: [(&'static str, &'static Policy, MakeRoute); N],
    ) -> Self {
        let mut documents = BTreeMap::new();
        for (path, item) in document.paths.paths {
            let path = Arc::<str>::from(path);
            for (http_method, method, operation) in methods(item) {
                let id = operation.operation_id.clone().unwrap_or_default();
                documents.insert(id, (path.clone(), method, (http_method, operation)));
            }
        }
        let list = declared.into_iter().map(|(name, policy, route)| {
            let Some((path, method, document)) = documents.remove(name) else {
                panic!("the operation_id of the handler {name} is not its name")
            };
            let name = OperationName::new(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            Operation { name: Some(name), path, method, policy, route, document: Some(document) }
        });
        Self { list: list.collect(), components: document.components.unwrap_or_default() }
    }

    /// Pages and files for browsers, which are not part of the OpenAPI document.
    pub fn pages<const N: usize>(policy: &'static Policy, pages: [(&str, MakeRoute); N]) -> Self {
        let page = |(path, route): (&str, _)| Operation {
            name: None,
            path: path.into(),
            method: Method::GET,
            policy,
            route,
            document: None,
        };
        Self { list: pages.into_iter().map(page).collect(), components: Components::new() }
    }

    /// Those of several resources.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, part| {
            all.list.extend(part.list);
            all.components.schemas.extend(part.components.schemas);
            all
        })
    }

    /// The operations without their documents, which take some megabytes of memory and are needed once.
    #[must_use]
    pub fn without_documents(mut self) -> Self {
        self.list.iter_mut().for_each(|operation| operation.document = None);
        self.components = Components::new();
        self
    }

    /// All operations.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.list.iter()
    }

    /// The schemas that the documents refer to.
    pub const fn components(&self) -> &Components {
        &self.components
    }

    /// The operations of each path, in the order of the paths.
    pub fn by_path(&self) -> BTreeMap<&str, Vec<&Operation>> {
        let mut paths = BTreeMap::<_, Vec<_>>::new();
        for operation in &self.list {
            paths.entry(&*operation.path).or_default().push(operation);
        }
        paths
    }
}

fn methods(item: PathItem) -> impl Iterator<Item = (HttpMethod, Method, path::Operation)> {
    [
        (HttpMethod::Get, Method::GET, item.get),
        (HttpMethod::Post, Method::POST, item.post),
        (HttpMethod::Put, Method::PUT, item.put),
        (HttpMethod::Patch, Method::PATCH, item.patch),
        (HttpMethod::Delete, Method::DELETE, item.delete),
    ]
    .into_iter()
    .filter_map(|(http_method, method, operation)| Some((http_method, method, operation?)))
}
