//! Lists with weights, such as that of `Accept` (RFC 9110, section 12.4.2).

/// The ranges of a list in its order, each with its weight: 1 without one, `None` if it is malformed.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, Option<f32>)> {
    list.split(',').map(|range| {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())
        });
        (name, weight.unwrap_or(Some(1.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_follows_its_range() {
        let found: Vec<_> = weighted("a, b;q=0.5,c ; level=1;Q = 0.1, d;q=x, e;q").collect();
        assert_eq!(found, [("a", Some(1.0)), ("b", Some(0.5)), ("c", Some(0.1)), ("d", None), ("e", Some(1.0))]);
    }
}
