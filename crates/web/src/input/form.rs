use super::body::from_body;
use crate::problem::GrantRefusal;

/// A URL-encoded body, in the order given. Readers ignore unknown parameters (RFC 6749, section 3.2).
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a parameter; `None` if it is absent or empty.
    ///
    /// # Errors
    /// If it is given twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, GrantRefusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() {
            return Err(GrantRefusal::RepeatedParameter);
        }
        Ok(value.filter(|value| !value.is_empty()))
    }
}

from_body!(Form: |bytes| Ok(Self(form_urlencoded::parse(bytes).into_owned().collect())));
