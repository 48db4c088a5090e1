//! The table of scopes in `docs/scopes.md`, which follows from the policies of the routes.

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

    use crate::{
        policy::Access,
        routing::{Operation, Operations},
    };

    /// What follows the title.
    const INTRODUCTION: &str = "What a credential needs for each operation. A test generates this page from the declarations of the operations.

* *scopes*: an access token or an API key needs all of them; a session cookie has all.
* *interactive*: only a user who signed in with all scopes; never an API key, even with all scopes.
* *anyone*: no credential is needed.
";

    /// The operations of the API that need no credential: a new one must be added here on purpose.
    const ANYONE: [&str; 13] = [
        "DELETE /api/v1/auth/session",
        "GET /api/v1/auth/providers",
        "GET /api/v1/auth/providers/{name}/authorize",
        "GET /api/v1/auth/providers/{name}/callback",
        "POST /api/v1/auth/email/verify",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/revoke",
        "POST /api/v1/auth/session",
        "POST /api/v1/auth/sign-up",
        "POST /api/v1/auth/token",
        "GET /api/v1/shared/{token}",
        "POST /api/v1/shared/{token}",
    ];

    fn name(operation: &Operation) -> String {
        format!("{} {}", operation.method, operation.path)
    }

    fn need(access: Access) -> String {
        match access {
            Access::Open | Access::Public | Access::Optional => "anyone".to_owned(),
            Access::Interactive => "interactive".to_owned(),
            Access::Scopes(scopes) => {
                let names: Vec<_> = scopes.iter().map(|scope| format!("`{}`", scope.name())).collect();
                names.join(", ")
            }
        }
    }

    fn page(operations: &Operations) -> String {
        let mut page = format!("# Scopes\n\n{INTRODUCTION}\n| operation | needs |\n| --- | --- |\n");
        for operation in operations.by_path().into_values().flatten().filter(|operation| operation.is_documented()) {
            let _ = writeln!(page, "| `{}` | {} |", name(operation), need(operation.policy.access));
        }
        page
    }

    #[test]
    fn the_page_of_scopes_is_up_to_date() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scopes.md");
        let page = page(&crate::services::operations());
        if fs::read_to_string(&file).unwrap_or_default() != page {
            fs::write(&file, page).expect("the page is written");
            panic!("docs/scopes.md was out of date: review and commit it");
        }
    }

    #[test]
    fn every_operation_without_a_scope_is_meant_for_anyone() {
        let operations = crate::services::operations();
        let of_api = operations.iter().filter(|operation| operation.path.starts_with("/api/"));
        let open = of_api.filter(|operation| need(operation.policy.access) == "anyone").map(name);
        assert_eq!(open.collect::<BTreeSet<_>>(), ANYONE.map(str::to_owned).into());
        for operation in operations.iter() {
            assert!(!matches!(operation.policy.access, Access::Scopes([])), "{} needs no scope", name(operation));
        }
    }
}
