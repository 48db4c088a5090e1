use std::{error::Error, fmt, iter::successors};

/// An error with its causes in one line, for the log: most errors name only their own step.
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes = successors(Some(self.0), |&error| error.source());
        let mut texts: Vec<_> = causes.map(|cause| cause.to_string().replace(['\n', '\r'], " ")).collect();
        // Many errors repeat their cause.
        texts.dedup_by(|next, text| text.contains(next.as_str()));
        f.write_str(&texts.join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;

    #[test]
    fn all_causes_are_in_one_line_and_none_is_repeated() {
        let disk = StoreError::Other { source: "the disk\nis gone".into() };
        assert_eq!(Causes(&disk).to_string(), "the store failed: the disk is gone");
        let twice = StoreError::Unavailable { source: disk.into() };
        assert_eq!(Causes(&twice).to_string(), "the store is unavailable: the store failed: the disk is gone");
        let repeated = StoreError::Other { source: "store".into() };
        assert_eq!(Causes(&repeated).to_string(), "the store failed");
    }
}
