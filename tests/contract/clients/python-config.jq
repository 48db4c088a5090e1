# The configuration of openapi-python-client for a document: what is neither JSON nor text is bytes.
def is_known: . == "application/json" or endswith("+json") or startswith("text/") or . == "application/x-www-form-urlencoded";
{
  post_hooks: [],
  content_type_overrides:
    ([.paths[][] | (.requestBody, .responses[]?) | .content? // {} | keys[] | select(is_known | not)] | unique
      | map({key: ., value: "application/octet-stream"}) | from_entries)
}
