//! Compares two schemas: a request that was valid must stay valid, and a response must be what it was.

use serde_json::{Map, Value};

use super::changes::{ANNOTATIONS, fields, items, resolve};

#[derive(Clone, Copy, PartialEq)]
pub enum Direction {
    /// The server must accept what it accepted.
    Request,
    /// The server must not send what it did not send, fields of open objects aside.
    Response,
}

/// Keywords that are compared by rules of their own.
const COMPARED: [&str; 14] = [
    "type",
    "enum",
    "oneOf",
    "anyOf",
    "format",
    "default",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
];
const ALTERNATIVES: [&str; 2] = ["oneOf", "anyOf"];
const LOWER_BOUNDS: [&str; 4] = ["minLength", "minItems", "minimum", "minProperties"];
const UPPER_BOUNDS: [&str; 4] = ["maxLength", "maxItems", "maximum", "maxProperties"];

/// A comparison of schemas by inclusion: each value of the `narrow` one is a value of the `wide` one.
pub struct Comparison<'a> {
    direction: Direction,
    /// The documents, whose references the schemas contain.
    narrow: &'a Value,
    wide: &'a Value,
    /// The pairs that are being compared, since a schema may contain itself.
    open: Vec<(String, String)>,
}

impl<'a> Comparison<'a> {
    pub fn new(direction: Direction, published: &'a Value, current: &'a Value) -> Self {
        let (narrow, wide) = match direction {
            Direction::Request => (published, current),
            Direction::Response => (current, published),
        };
        Self { direction, narrow, wide, open: Vec::new() }
    }

    /// The changes that break a client, each with the pointer of its value in front, if that is not the whole value.
    pub fn changes(&mut self, old: &Value, new: &Value) -> Vec<String> {
        match self.direction {
            Direction::Request => self.excess(old, new),
            Direction::Response => self.excess(new, old),
        }
    }

    /// Why a value of the narrow schema may be no value of the wide one.
    fn excess(&mut self, narrow: &Value, wide: &Value) -> Vec<String> {
        let pair = (narrow.to_string(), wide.to_string());
        if self.open.contains(&pair) {
            return Vec::new();
        }
        self.open.push(pair);
        let found = self.of_plain(&plain(self.narrow, narrow), &plain(self.wide, wide));
        self.open.pop();
        found
    }

    fn of_plain(&mut self, narrow: &Map<String, Value>, wide: &Map<String, Value>) -> Vec<String> {
        if let Some(alternatives) = alternatives(narrow) {
            let wide = Value::Object(wide.clone());
            return alternatives.iter().flat_map(|alternative| self.excess(alternative, &wide)).collect();
        }
        if let Some(types) = narrow.get("type").and_then(Value::as_array) {
            let of_type = |kind: &Value| {
                let mut narrow = narrow.clone();
                narrow.insert("type".into(), kind.clone());
                self.of_plain(&narrow, wide)
            };
            return types.iter().flat_map(of_type).collect();
        }
        let mut found = Vec::new();
        if let Some(alternatives) = alternatives(wide) {
            let narrow = Value::Object(narrow.clone());
            if !alternatives.iter().any(|alternative| self.excess(&narrow, alternative).is_empty()) {
                found.push(": a value fits no alternative".to_owned());
            }
            if wide.keys().all(|keyword| ALTERNATIVES.contains(&&**keyword) || ANNOTATIONS.contains(&&**keyword)) {
                return found;
            }
        }
        self.of_keywords(&Value::Object(narrow.clone()), &Value::Object(wide.clone()), &mut found);
        found
    }

    /// The narrow schema has one type at most.
    fn of_keywords(&mut self, narrow: &Value, wide: &Value, found: &mut Vec<String>) {
        let kind = narrow["type"].as_str().unwrap_or_default();
        let is_of = |allowed: &Value| *allowed == kind || *allowed == "number" && kind == "integer";
        let is_allowed = match &wide["type"] {
            Value::Null => true,
            Value::Array(types) => types.iter().any(is_of),
            allowed => is_of(allowed),
        };
        if !is_allowed {
            found.push(format!(": type {} → {}", self.before(narrow, wide)["type"], self.after(narrow, wide)["type"]));
            return;
        }
        if !wide["enum"].is_null() {
            let named = items(&narrow["enum"]);
            let all = items(&wide["enum"]);
            if named.is_empty() || named.iter().any(|value| !all.contains(value)) {
                found.push(self.change("enum", narrow, wide));
            }
        }
        // Nothing else restricts these.
        if ["null", "boolean"].contains(&kind) {
            return;
        }
        self.of_values(narrow, wide, found);
        if !wide["items"].is_null() && ["array", ""].contains(&kind) {
            found.extend(self.below("items", &narrow["items"], &wide["items"]));
        }
        if ["object", ""].contains(&kind) {
            self.of_objects(narrow, wide, found);
        }
    }

    /// Bounds, formats and the keywords without a rule of their own, which must stay as they are.
    fn of_values(&self, narrow: &Value, wide: &Value, found: &mut Vec<String>) {
        let number = Value::as_f64;
        for keyword in LOWER_BOUNDS.into_iter().chain(UPPER_BOUNDS) {
            let is_within = match (number(&narrow[keyword]), number(&wide[keyword])) {
                (_, None) => true,
                (Some(narrow), Some(wide)) if LOWER_BOUNDS.contains(&keyword) => narrow >= wide,
                (Some(narrow), Some(wide)) => narrow <= wide,
                (None, Some(bound)) => LOWER_BOUNDS.contains(&keyword) && keyword != "minimum" && bound <= 0.0,
            };
            if !is_within {
                found.push(self.change(keyword, narrow, wide));
            }
        }
        let is_wider = narrow["format"] == "int32" && wide["format"] == "int64";
        // A hint for forms.
        let is_hint = wide["format"] == "password";
        if !wide["format"].is_null() && narrow["format"] != wide["format"] && !is_wider && !is_hint {
            found.push(self.change("format", narrow, wide));
        }
        if !narrow["default"].is_null() && !wide["default"].is_null() && narrow["default"] != wide["default"] {
            found.push(self.change("default", narrow, wide));
        }
        for (keyword, value) in fields(wide) {
            let is_compared =
                [&COMPARED[..], &LOWER_BOUNDS, &UPPER_BOUNDS, &ANNOTATIONS].iter().any(|of| of.contains(&keyword));
            if !is_compared && narrow[keyword] != *value {
                found.push(self.change(keyword, narrow, wide));
            }
        }
    }

    fn of_objects(&mut self, narrow: &Value, wide: &Value, found: &mut Vec<String>) {
        for (name, wide) in fields(&wide["properties"]) {
            match &narrow["properties"][name] {
                Value::Null if self.direction == Direction::Request => {}
                Value::Null => found.push(format!("/{name} is gone")),
                property => found.extend(self.below(name, property, wide)),
            }
        }
        let added = fields(&narrow["properties"]).filter(|(name, _)| wide["properties"][name].is_null());
        for (name, property) in added {
            match &wide["additionalProperties"] {
                Value::Object(_) => found.extend(self.below(name, property, &wide["additionalProperties"])),
                Value::Null | Value::Bool(true) if self.direction == Direction::Response => {}
                // Also if the server would ignore it.
                _ if self.direction == Direction::Request => found.push(format!("/{name} is gone")),
                _ => found.push(format!("/{name} is new, and no other fields were announced")),
            }
        }
        for name in items(&wide["required"]).iter().filter(|name| !items(&narrow["required"]).contains(name)) {
            let name = name.as_str().unwrap_or_default();
            match self.direction {
                Direction::Request => found.push(format!("/{name} is required")),
                Direction::Response => found.push(format!("/{name} may be absent")),
            }
        }
        match (&narrow["additionalProperties"], &wide["additionalProperties"]) {
            (_, Value::Null | Value::Bool(true)) | (Value::Bool(false), _) => {}
            (narrow @ Value::Object(_), wide @ Value::Object(_)) => found.extend(self.below("*", narrow, wide)),
            _ => found.push(self.change("additionalProperties", narrow, wide)),
        }
    }

    fn below(&mut self, name: &str, narrow: &Value, wide: &Value) -> Vec<String> {
        self.excess(narrow, wide).into_iter().map(|change| format!("/{name}{change}")).collect()
    }

    fn before<'v>(&self, narrow: &'v Value, wide: &'v Value) -> &'v Value {
        if self.direction == Direction::Request { narrow } else { wide }
    }

    fn after<'v>(&self, narrow: &'v Value, wide: &'v Value) -> &'v Value {
        if self.direction == Direction::Request { wide } else { narrow }
    }

    fn change(&self, keyword: &str, narrow: &Value, wide: &Value) -> String {
        let (old, new) = (&self.before(narrow, wide)[keyword], &self.after(narrow, wide)[keyword]);
        format!(": {keyword} {old} → {new}")
    }
}

fn alternatives(schema: &Map<String, Value>) -> Option<&[Value]> {
    ALTERNATIVES.iter().find_map(|keyword| schema.get(*keyword)).map(items)
}

/// A schema without `$ref` and `allOf`. A keyword that parts have with different values gets a second name, under which it must
/// be the same in both documents.
fn plain(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    let Some(own) = schema.as_object() else { return all };
    let mut parts = Vec::new();
    if own.contains_key("$ref") {
        parts.push(plain(document, resolve(document, schema)));
    }
    parts.extend(items(&schema["allOf"]).iter().map(|part| plain(document, part)));
    let mut rest = own.clone();
    rest.retain(|keyword, _| !["$ref", "allOf"].contains(&keyword.as_str()));
    parts.push(rest);
    for (keyword, value) in parts.into_iter().flatten() {
        match (all.get_mut(&keyword), value) {
            (Some(Value::Object(of)), Value::Object(more)) if keyword == "properties" => {
                for (name, property) in more {
                    let merged = of.remove(&name).map_or(property.clone(), |other| {
                        Value::Object(Map::from_iter([("allOf".to_owned(), vec![other, property].into())]))
                    });
                    of.insert(name, merged);
                }
            }
            (Some(Value::Array(of)), Value::Array(more)) if keyword == "required" => of.extend(more),
            (Some(of), more) if *of != more && !ANNOTATIONS.contains(&keyword.as_str()) => {
                all.insert(format!("{keyword} of another part"), more);
            }
            (_, value) => {
                all.insert(keyword, value);
            }
        }
    }
    all
}
