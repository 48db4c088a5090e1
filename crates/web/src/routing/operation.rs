use std::{collections::BTreeMap, sync::Arc};

use actix_web::{Route, http::Method};
use memo_domain::OperationName;
#[cfg(test)]
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::HttpMethod;

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
}

#[cfg(test)]
impl Operation {
    /// Whether it is part of the OpenAPI document: pages for browsers are not.
    pub const fn is_documented(&self) -> bool {
        self.name.is_some()
    }
}

/// What a handler with the attribute `utoipa::path` declares.
pub struct Declaration {
    pub name: &'static str,
    pub path: fn() -> String,
    pub methods: fn() -> Vec<HttpMethod>,
    pub policy: &'static Policy,
    pub route: MakeRoute,
}

impl Declaration {
    fn operation(&self) -> Operation {
        let name = self.name;
        let method = match (self.methods)()[..] {
            [HttpMethod::Get] => Method::GET,
            [HttpMethod::Post] => Method::POST,
            [HttpMethod::Put] => Method::PUT,
            [HttpMethod::Patch] => Method::PATCH,
            [HttpMethod::Delete] => Method::DELETE,
            _ => panic!("{name} has no method that operations have"),
        };
        let name = OperationName::new(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        Operation { name: Some(name), path: (self.path)().into(), method, policy: self.policy, route: self.route }
    }
}

/// Makes the part of the OpenAPI document of some operations.
#[cfg(test)]
pub type MakeDocument = fn() -> OpenApi;

/// Some operations.
#[derive(Clone, Default)]
pub struct Operations {
    list: Vec<Operation>,
    #[cfg(test)]
    documents: Vec<MakeDocument>,
}

impl Operations {
    fn of(list: Vec<Operation>) -> Self {
        Self {
            list,
            #[cfg(test)]
            documents: Vec::new(),
        }
    }

    /// The operations of a resource, as the macro [`operations!`](super) declares them.
    ///
    /// # Panics
    /// If a handler's name is no name of an operation, or its method none that operations have.
    pub fn declared(declarations: &[Declaration]) -> Self {
        Self::of(declarations.iter().map(Declaration::operation).collect())
    }

    /// The same with their part of the document.
    #[cfg(test)]
    pub fn documented(self, document: MakeDocument) -> Self {
        Self { documents: vec![document], ..self }
    }

    /// Pages and files for browsers, which are not part of the OpenAPI document.
    pub fn pages<const N: usize>(policy: &'static Policy, pages: [(&str, MakeRoute); N]) -> Self {
        let page =
            |(path, route): (&str, _)| Operation { name: None, path: path.into(), method: Method::GET, policy, route };
        Self::of(pages.into_iter().map(page).collect())
    }

    /// Those of several resources.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, part| {
            all.list.extend(part.list);
            #[cfg(test)]
            all.documents.extend(part.documents);
            all
        })
    }

    /// All operations.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.list.iter()
    }

    /// The parts of the document.
    #[cfg(test)]
    pub fn documents(&self) -> impl Iterator<Item = OpenApi> {
        self.documents.iter().map(|make| make())
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
