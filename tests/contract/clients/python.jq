# The document as openapi-python-client takes it: one media type for each request body, JSON if possible; bytes for what is neither
# JSON nor text; no authentication if it is optional.
def is_json: . == "application/json" or endswith("+json");
def is_known: is_json or startswith("text/") or . == "application/x-www-form-urlencoded";
def with_bytes: with_entries(if .key | is_known then . else .value.schema = {type: "string", format: "binary"} end);
(.paths[][] | select(.requestBody.content) | .requestBody.content) |=
  (with_entries(select(.key | is_known)) as $known
    | ($known["application/json"] | values | {"application/json": .})
      // ($known | to_entries[:1] | select(length > 0) | from_entries)
      // (to_entries[:1] | from_entries)
    | with_bytes)
| (.paths[][].responses[]? | select(.content) | .content) |= with_bytes
| (.paths[][] | select(.security | index({}))).security |= []
