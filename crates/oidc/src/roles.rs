//! A claim of the provider that decides who may sign in, and with which role.

use memo_domain::{Role, SocialRole};

use super::id_token::Claims;

/// Maps the values of a claim to a role.
#[derive(Debug, Clone)]
pub struct RoleRule {
    /// The name of the claim.
    pub claim: String,
    /// A user is an administrator if the claim has one of these values, and only then. If the list is empty, roles stay.
    pub admin_values: Vec<String>,
    /// A user may sign in if the claim has one of these values or of `admin_values`. If the list is empty, all users may.
    pub allowed_values: Vec<String>,
}

impl RoleRule {
    /// Returns what these claims say. Of several, the first that have the claim decide.
    pub fn role<'a>(&self, claims: impl IntoIterator<Item = &'a Claims>) -> SocialRole {
        let values = claims.into_iter().find_map(|claims| claims.values(&self.claim)).unwrap_or_default();
        let has = |wanted: &[String]| values.iter().any(|value| wanted.contains(value));
        let is_admin = has(&self.admin_values);
        if !is_admin && !self.allowed_values.is_empty() && !has(&self.allowed_values) {
            SocialRole::Refused
        } else if self.admin_values.is_empty() {
            SocialRole::Unmapped
        } else {
            SocialRole::Mapped(if is_admin { Role::Admin } else { Role::Member })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ADMIN: SocialRole = SocialRole::Mapped(Role::Admin);
    const USER: SocialRole = SocialRole::Mapped(Role::Member);

    fn claims(value: &Value) -> Claims {
        serde_json::from_value(json!({"sub": "alice", "groups": value})).expect("claims")
    }

    fn rule(admin_values: &[&str], allowed_values: &[&str]) -> RoleRule {
        let [admin_values, allowed_values] =
            [admin_values, allowed_values].map(|values| values.iter().map(ToString::to_string).collect());
        RoleRule { claim: "groups".into(), admin_values, allowed_values }
    }

    #[test]
    fn a_claim_is_mapped_to_a_role() {
        let (admins, allowed, both) = (rule(&["ops"], &[]), rule(&[], &["staff"]), rule(&["ops"], &["staff"]));
        for (value, of_admins, of_allowed, of_both) in [
            (json!("ops"), ADMIN, SocialRole::Refused, ADMIN),
            (json!(["staff", "ops"]), ADMIN, SocialRole::Unmapped, ADMIN),
            (json!("staff"), USER, SocialRole::Unmapped, USER),
            (json!(["guest"]), USER, SocialRole::Refused, SocialRole::Refused),
            (json!("OPS"), USER, SocialRole::Refused, SocialRole::Refused),
            (json!("staff ops"), USER, SocialRole::Refused, SocialRole::Refused),
            (json!([]), USER, SocialRole::Refused, SocialRole::Refused),
            (json!(null), USER, SocialRole::Refused, SocialRole::Refused),
            (json!({"ops": true}), USER, SocialRole::Refused, SocialRole::Refused),
            (json!([["ops"], 7]), USER, SocialRole::Refused, SocialRole::Refused),
        ] {
            for (rule, expected) in [(&admins, of_admins), (&allowed, of_allowed), (&both, of_both)] {
                assert_eq!(rule.role([&claims(&value)]), expected, "{value}: {rule:?}");
            }
        }
        assert_eq!(rule(&["true"], &[]).role([&claims(&json!(true))]), ADMIN);
        assert_eq!(admins.role([&claims(&json!(null)), &claims(&json!("ops"))]), ADMIN, "of the user info");
        assert_eq!(admins.role([&claims(&json!([])), &claims(&json!("ops"))]), USER, "the ID token has the claim");
    }
}
