/// The maximum nesting of arrays and objects.
const MAX_DEPTH: usize = 64;

/// Whether a JSON text nests too deeply. Only counts brackets; the parser checks the rest.
pub fn too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_are_not_counted() {
        assert!(!too_deep("[".repeat(64).as_bytes()));
        assert!(too_deep("[".repeat(65).as_bytes()));
        assert!(too_deep(r#"{"a":"#.repeat(65).as_bytes()));
        assert!(!too_deep(format!("\"{}\"", "[".repeat(100)).as_bytes()));
        assert!(!too_deep(format!(r#""\"{}""#, "[".repeat(100)).as_bytes()));
        assert!(!too_deep("[]".repeat(100).as_bytes()));
    }
}
