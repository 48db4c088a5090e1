//! Changes of a small document, each of which breaks a client or does not.

use serde_json::{Value, json};

use super::changes::breaking;

fn document() -> Value {
    json!({
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "A token"}},
            "headers": {"Request": {"required": true, "schema": {"type": "string"}}},
            "schemas": {
                "Note": {
                    "type": "object",
                    "required": ["id", "text"],
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "text": {"type": "string", "maxLength": 10},
                        "color": {"type": ["string", "null"], "enum": ["red", "blue", null]},
                        "parent": {"oneOf": [{"$ref": "#/components/schemas/Note"}, {"type": "null"}]},
                        "labels": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
                    },
                },
                "NoteInput": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z]*$"},
                        "color": {"allOf": [{"type": "string", "enum": ["red", "blue"]}], "description": "A color"},
                        "weight": {"type": "integer", "format": "int32", "minimum": 0, "default": 1},
                    },
                },
            },
        },
        "paths": {"/notes": {
            "get": {
                "operationId": "list_notes",
                "security": [{"bearer": ["read"]}],
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                ],
                "responses": {"200": {
                    "headers": {"X-Request": {"$ref": "#/components/headers/Request"}},
                    "content": {"application/json": {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
                    }},
                }},
            },
            "delete": {"operationId": "delete_notes", "security": [], "responses": {"204": {}}},
            "post": {
                "operationId": "create_note",
                "security": [{"bearer": ["write"]}],
                "requestBody": {"required": true, "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/NoteInput"}},
                    "text/plain": {"schema": {"type": "string"}},
                }},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}},
                    "422": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            },
        }},
    })
}

/// Replaces the value at a pointer, or adds the field; null removes it.
fn changed(pointer: &str, value: Value) -> Value {
    let mut document = document();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let name = name.replace("~1", "/");
    match (document.pointer_mut(parent).expect(pointer), value) {
        (Value::Object(object), Value::Null) => drop(object.remove(&name).expect(pointer)),
        (Value::Object(object), value) => drop(object.insert(name, value)),
        (Value::Array(array), value) => array.push(value),
        (other, _) => panic!("{pointer}: {other}"),
    }
    document
}

const LIST: &str = "/paths/~1notes/get";
const DELETE: &str = "/paths/~1notes/delete";
const CREATE: &str = "/paths/~1notes/post";
const NOTE: &str = "/components/schemas/Note";
const INPUT: &str = "/components/schemas/NoteInput";

#[test]
fn changes_that_break_a_client_are_found() {
    let header = json!({"name": "X-Now", "in": "header", "required": true, "schema": {"type": "string"}});
    for (start, rest, value, expected) in [
        (CREATE, "", Value::Null, "POST /notes is gone"),
        (CREATE, "/operationId", json!("add_note"), r#"POST /notes: operationId "create_note" → "add_note""#),
        (CREATE, "/security/0/bearer/-", json!("more"), r#"POST /notes: {"bearer":["write"]} does not authenticate"#),
        (LIST, "/security", json!([{"cookie": []}]), r#"GET /notes: {"bearer":["read"]} does not authenticate"#),
        ("/components", "/securitySchemes/bearer/scheme", json!("basic"), "the security scheme bearer has changed"),
        (DELETE, "/security/-", json!({"bearer": []}), "DELETE /notes: it needs authentication"),
        (LIST, "/parameters", json!([]), "GET /notes: the parameter limit (query) is gone"),
        (LIST, "/parameters/-", header, "GET /notes: the parameter X-Now (header) is required"),
        (
            LIST,
            "/parameters/0/required",
            json!(true),
            "GET /notes: the parameter limit (query) is required or written in another way",
        ),
        (LIST, "/parameters/0/schema/maximum", json!(50), "GET /notes: the parameter limit (query): maximum 100 → 50"),
        (CREATE, "/requestBody/content/text~1plain", Value::Null, "POST /notes: a body of text/plain is refused"),
        (LIST, "/requestBody", json!({"required": true}), "GET /notes: a body is required"),
        (INPUT, "/properties/weight", Value::Null, "POST /notes: a body of application/json, /weight is gone"),
        (INPUT, "/required/-", json!("color"), "POST /notes: a body of application/json, /color is required"),
        (
            INPUT,
            "/properties/text/minLength",
            json!(2),
            "POST /notes: a body of application/json, /text: minLength 1 → 2",
        ),
        (
            INPUT,
            "/properties/text/pattern",
            json!("^[a-y]*$"),
            r#"POST /notes: a body of application/json, /text: pattern "^[a-z]*$" → "^[a-y]*$""#,
        ),
        (
            INPUT,
            "/properties/color/allOf/0/enum",
            json!(["red"]),
            r#"POST /notes: a body of application/json, /color: enum ["red","blue"] → ["red"]"#,
        ),
        (
            INPUT,
            "/properties/weight/type",
            json!("string"),
            r#"POST /notes: a body of application/json, /weight: type "integer" → "string""#,
        ),
        (
            INPUT,
            "/properties/weight/default",
            json!(2),
            "POST /notes: a body of application/json, /weight: default 1 → 2",
        ),
        (LIST, "/responses/202", json!({}), "GET /notes: it may respond 202"),
        (CREATE, "/responses/201", Value::Null, "POST /notes: it does not respond 201"),
        (LIST, "/responses/200/headers", Value::Null, "GET /notes: the header X-Request of 200 may be absent"),
        (LIST, "/responses/200/content", json!({}), "GET /notes: the application/json of 200 is gone"),
        (NOTE, "/properties/labels", Value::Null, "POST /notes: the application/json of 201, /labels is gone"),
        (NOTE, "/required", json!(["id"]), "POST /notes: the application/json of 201, /text may be absent"),
        (
            NOTE,
            "/properties/text/maxLength",
            json!(20),
            "POST /notes: the application/json of 201, /text: maxLength 10 → 20",
        ),
        (
            NOTE,
            "/properties/id/format",
            Value::Null,
            r#"POST /notes: the application/json of 201, /id: format "uuid" → null"#,
        ),
        (
            NOTE,
            "/properties/text/type",
            json!(["string", "null"]),
            r#"POST /notes: the application/json of 201, /text: type "string" → "null""#,
        ),
        (
            NOTE,
            "/properties/color/enum/-",
            json!("green"),
            r#"POST /notes: the application/json of 201, /color: enum ["red","blue",null] → ["red","blue",null,"green"]"#,
        ),
        (
            NOTE,
            "/properties/parent/oneOf/-",
            json!({"type": "string"}),
            "POST /notes: the application/json of 201, /parent: a value fits no alternative",
        ),
        (
            NOTE,
            "/properties/labels/items/type",
            json!("integer"),
            r#"POST /notes: the application/json of 201, /labels/items: type "string" → "integer""#,
        ),
    ] {
        let found = breaking(&document(), &changed(&format!("{start}{rest}"), value));
        assert!(found.iter().any(|change| change == expected), "{start}{rest}: {found:#?}");
    }
}

#[test]
fn additions_break_no_client() {
    let operation = document().pointer(LIST).cloned().expect("an operation");
    let label = json!({"name": "label", "in": "query", "schema": {"type": "string"}});
    for (start, rest, value) in [
        ("/paths", "/~1more", json!({"get": operation})),
        (LIST, "/description", json!("More words")),
        (LIST, "/parameters/-", label),
        (LIST, "/parameters/0/schema/maximum", json!(200)),
        (LIST, "/security/-", json!({"cookie": []})),
        (LIST, "/security", json!([{"bearer": []}])),
        (LIST, "/responses/503", json!({"description": "Overload"})),
        (CREATE, "/responses/422", Value::Null),
        (CREATE, "/requestBody/content/text~1markdown", json!({"schema": {"type": "string"}})),
        (INPUT, "/properties/pinned", json!({"type": "boolean"})),
        (INPUT, "/required", json!([])),
        (INPUT, "/properties/text/maxLength", json!(20)),
        (INPUT, "/properties/weight/format", json!("int64")),
        (INPUT, "/properties/color/allOf/0/enum/-", json!("green")),
        (NOTE, "/properties/pinned", json!({"type": "boolean"})),
        (NOTE, "/required/-", json!("color")),
        (NOTE, "/properties/text/maxLength", json!(5)),
        (NOTE, "/properties/parent/oneOf", json!([{"type": "null"}])),
    ] {
        let found = breaking(&document(), &changed(&format!("{start}{rest}"), value));
        assert_eq!(found, [""; 0], "{start}{rest}");
    }
}
