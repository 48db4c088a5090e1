use actix_web::http::header::HeaderValue;

use super::Coding;

/// The entity tag of a representation in a coding: with the suffix of the coding before its closing quote.
pub fn with_suffix(etag: &HeaderValue, coding: Coding) -> Option<HeaderValue> {
    let tag = etag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::try_from(format!("{tag}-{}\"", coding.name())).ok()
}

/// An opaque tag, without quotes, that may have the suffix of a coding: the tag of the same representation without it.
pub fn without_suffix(tag: &str) -> &str {
    let stripped = Coding::ALL.iter().find_map(|coding| tag.strip_suffix(coding.name())?.strip_suffix('-'));
    stripped.unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_is_added_and_removed() {
        for (coding, tag) in [(Coding::Gzip, "\"7-ab-gzip\""), (Coding::Brotli, "\"7-ab-br\"")] {
            let with = with_suffix(&HeaderValue::from_static("\"7-ab\""), coding).expect("a tag");
            assert_eq!(with, tag);
            assert_eq!(without_suffix(tag.trim_matches('"')), "7-ab");
        }
        for tag in ["", "7-ab", "gzip", "7-ab-zstd", "7-abgzip"] {
            assert_eq!(without_suffix(tag), tag);
        }
    }
}
