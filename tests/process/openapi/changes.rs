//! Compares two OpenAPI documents: what a client of the older one can no longer rely on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schemas::{Comparison, Direction};

/// Annotations, which no client depends on.
pub const ANNOTATIONS: [&str; 6] = ["title", "description", "example", "examples", "deprecated", "discriminator"];

/// Returns the changes that break a client of the published document, each with its operation. What the comparison does not
/// know counts as such a change.
pub fn breaking(published: &Value, current: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, scheme) in fields(&published["components"]["securitySchemes"]) {
        if without_annotations(scheme) != without_annotations(&current["components"]["securitySchemes"][name]) {
            found.push(format!("the security scheme {name} has changed"));
        }
    }
    for (path, item) in fields(&published["paths"]) {
        for (method, old) in fields(item) {
            let new = &current["paths"][path][method];
            let shown = format!("{} {path}", method.to_ascii_uppercase());
            if new.is_object() {
                let pair = Pair { published, current, old, new };
                found.extend(pair.breaking().into_iter().map(|change| format!("{shown}: {change}")));
            } else {
                found.push(format!("{shown} is gone"));
            }
        }
    }
    found
}

/// An operation in both documents.
struct Pair<'a> {
    published: &'a Value,
    current: &'a Value,
    old: &'a Value,
    new: &'a Value,
}

impl Pair<'_> {
    fn breaking(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.old["operationId"] != self.new["operationId"] {
            found.push(format!("operationId {} → {}", self.old["operationId"], self.new["operationId"]));
        }
        self.security(&mut found);
        self.parameters(&mut found);
        self.request_body(&mut found);
        self.responses(&mut found);
        found
    }

    /// Each way to authenticate must still suffice.
    fn security(&self, found: &mut Vec<String>) {
        let (old, new) = (items(&self.old["security"]), items(&self.new["security"]));
        if old.is_empty() && !new.is_empty() {
            found.push("it needs authentication".to_owned());
        }
        for way in old {
            let has = |scheme: &str, scope: &Value| items(&way[scheme]).contains(scope);
            let suffices = |other: &Value| {
                fields(other).all(|(scheme, scopes)| {
                    way[scheme].is_array() && items(scopes).iter().all(|scope| has(scheme, scope))
                })
            };
            if !new.is_empty() && !new.iter().any(suffices) {
                found.push(format!("{way} does not authenticate"));
            }
        }
    }

    fn parameters(&self, found: &mut Vec<String>) {
        let (old, new) = (parameters(self.published, self.old), parameters(self.current, self.new));
        for (key, parameter) in &old {
            let Some(other) = new.get(key) else {
                found.push(format!("the parameter {key} is gone"));
                continue;
            };
            let is_written_alike =
                ["style", "explode", "content", "allowReserved"].iter().all(|name| parameter[name] == other[name]);
            if !is_written_alike || is_required(other) && !is_required(parameter) {
                found.push(format!("the parameter {key} is required or written in another way"));
            }
            self.schema(
                Direction::Request,
                (&parameter["schema"], &other["schema"]),
                &format!("the parameter {key}"),
                found,
            );
        }
        let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
        found.extend(
            added.filter(|(_, other)| is_required(other)).map(|(key, _)| format!("the parameter {key} is required")),
        );
    }

    fn request_body(&self, found: &mut Vec<String>) {
        let (old, new) =
            (resolve(self.published, &self.old["requestBody"]), resolve(self.current, &self.new["requestBody"]));
        if is_required(new) && !is_required(old) {
            found.push("a body is required".to_owned());
        }
        for (media_type, content) in fields(&old["content"]) {
            let other = &new["content"][media_type];
            if other.is_object() {
                let shown = format!("a body of {media_type}");
                self.schema(Direction::Request, (&content["schema"], &other["schema"]), &shown, found);
            } else {
                found.push(format!("a body of {media_type} is refused"));
            }
        }
    }

    fn responses(&self, found: &mut Vec<String>) {
        let (old, new) = (&self.old["responses"], &self.new["responses"]);
        for (status, response) in fields(new) {
            let is_error = status.starts_with(['4', '5']);
            // Clients must expect any error, but no other success than the documented ones.
            if !old[status].is_object() {
                if !is_error {
                    found.push(format!("it may respond {status}"));
                }
                continue;
            }
            self.response(status, (resolve(self.published, &old[status]), resolve(self.current, response)), found);
        }
        let is_success = |status: &str| status.starts_with('2');
        let old = fields(old).map(|(status, _)| status).filter(|status| is_success(status));
        found.extend(
            old.filter(|status| !new[status].is_object()).map(|status| format!("it does not respond {status}")),
        );
    }

    fn response(&self, status: &str, (old, new): (&Value, &Value), found: &mut Vec<String>) {
        for (name, header) in fields(&old["headers"]) {
            let (header, other) = (resolve(self.published, header), resolve(self.current, &new["headers"][name]));
            let shown = format!("the header {name} of {status}");
            if other.is_null() || is_required(header) && !is_required(other) {
                found.push(format!("{shown} may be absent"));
            } else {
                self.schema(Direction::Response, (&header["schema"], &other["schema"]), &shown, found);
            }
        }
        for (media_type, content) in fields(&old["content"]) {
            let other = &new["content"][media_type];
            let shown = format!("the {media_type} of {status}");
            if other.is_object() {
                self.schema(Direction::Response, (&content["schema"], &other["schema"]), &shown, found);
            } else {
                found.push(format!("{shown} is gone"));
            }
        }
    }

    fn schema(&self, direction: Direction, (old, new): (&Value, &Value), of: &str, found: &mut Vec<String>) {
        let changes = Comparison::new(direction, self.published, self.current).changes(old, new);
        let separator = |change: &str| if change.starts_with('/') { ", " } else { "" };
        found.extend(changes.into_iter().map(|change| format!("{of}{}{change}", separator(&change))));
    }
}

fn parameters<'a>(document: &'a Value, operation: &'a Value) -> BTreeMap<String, &'a Value> {
    let parameters = items(&operation["parameters"]).iter().map(|parameter| resolve(document, parameter));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    parameters
        .map(|parameter| (format!("{} ({})", text(&parameter["name"]), text(&parameter["in"])), parameter))
        .collect()
}

fn is_required(value: &Value) -> bool {
    value["required"] == true
}

/// The value that a `$ref` names, or the value itself.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(value, |pointer| resolve(document, document.pointer(pointer).expect("a valid reference")))
}

pub fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn without_annotations(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !ANNOTATIONS.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), without_annotations(value))).collect()
        }
        other => other.clone(),
    }
}
