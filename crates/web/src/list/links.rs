/// The value of `Link` (RFC 8288): the same request with other paging parameters. `None` if there is no other page.
pub struct Links<'a> {
    /// The absolute URL of the list, without a query.
    pub url: String,
    /// The query of the request.
    pub query: &'a str,
    /// The number of items of a page.
    pub limit: u64,
    /// The number of items of this page, which may be fewer.
    pub items: u64,
    /// The offset of the page, if the client pages by offset.
    pub offset: Option<u64>,
    /// The cursor of the next page, if there is one.
    pub next: Option<&'a str>,
}

impl Links<'_> {
    /// The value of the header.
    pub fn value(&self) -> Option<String> {
        let mut links = Vec::new();
        if let Some(offset) = self.offset {
            if self.next.is_some() {
                links.push(self.link("next", "offset", &offset.saturating_add(self.items).to_string()));
            }
            links.push(self.link("first", "offset", "0"));
            if offset > 0 {
                links.push(self.link("prev", "offset", &offset.saturating_sub(self.limit).to_string()));
            }
        } else if let Some(next) = self.next {
            links.push(self.link("next", "cursor", next));
        }
        if links.is_empty() { None } else { Some(links.join(", ")) }
    }

    fn link(&self, relation: &str, name: &str, value: &str) -> String {
        let kept =
            form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name != "offset" && name != "cursor");
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair(name, value).finish();
        format!("<{}?{query}>; rel=\"{relation}\"", self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parameters_are_kept() {
        let links = Links {
            url: "https://memo.example/api/v1/memos".into(),
            query: "tag=a%20b&offset=40&limit=20",
            limit: 20,
            items: 20,
            offset: None,
            next: None,
        };
        assert_eq!(
            links.link("next", "offset", "60"),
            r#"<https://memo.example/api/v1/memos?tag=a+b&limit=20&offset=60>; rel="next""#
        );
    }
}
