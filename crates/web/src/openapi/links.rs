//! Links: from a response with something new to the operations on it.

use memo_domain::OperationName;
use serde_json::{Map, Value, json};

use crate::routing::Operations;

/// Adds the links to each 201. The new thing is at its path followed by its id, which is the `id` of the body.
pub fn add(document: &mut Value, operations: &Operations) {
    let documented = || operations.iter().filter(|operation| operation.is_documented());
    for creating in documented() {
        let method = creating.method.as_str().to_ascii_lowercase();
        let responses = &mut document["paths"][&*creating.path][method]["responses"];
        let Some(created) = responses.get_mut("201") else { continue };
        let links: Map<_, _> = documented()
            .filter_map(|operation| {
                let id = operation.name.as_ref().map(OperationName::as_str)?;
                let parameters = parameters(&creating.path, &operation.path)?;
                Some((id.to_owned(), json!({"operationId": id, "parameters": parameters})))
            })
            .collect();
        if !links.is_empty() {
            created["links"] = Value::Object(links);
        }
    }
}

/// The parameters of a path below that of the new thing, e.g. `/memos` and `/memos/{id}/restore`.
fn parameters(creating: &str, path: &str) -> Option<Map<String, Value>> {
    let below = path.strip_prefix(creating)?.strip_prefix("/{")?;
    let (own, _) = below.split_once('}')?;
    let inherited = creating.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let inherited = inherited.map(|name| (name.to_owned(), format!("$request.path.{name}").into()));
    Some(inherited.chain([(own.to_owned(), "$response.body#/id".into())]).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parameters;

    #[test]
    fn parameters_of_links_come_from_the_request_and_the_new_id() {
        for (creating, path, expected) in [
            ("/memos", "/memos/{id}", Some(json!({"id": "$response.body#/id"}))),
            ("/memos", "/memos/{id}/tasks/{n}", Some(json!({"id": "$response.body#/id"}))),
            (
                "/memos/{id}/shares",
                "/memos/{id}/shares/{share_id}",
                Some(json!({"id": "$request.path.id", "share_id": "$response.body#/id"})),
            ),
            ("/memos", "/memos", None),
            ("/memos", "/memos/batch", None),
            ("/memos", "/tags/{tag}", None),
        ] {
            assert_eq!(parameters(creating, path).map(Into::into), expected, "{creating} {path}");
        }
    }
}
