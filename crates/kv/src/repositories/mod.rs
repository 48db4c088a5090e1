//! The repositories. Each method is one closure over the [`Transaction`](crate::transaction::Transaction), since it may
//! run on another thread.

mod accounts;
mod api_keys;
mod audit;
mod changes;
mod idempotency;
mod jobs;
mod likes;
mod links;
mod memos;
mod revisions;
mod sessions;
mod shares;
mod usage;
mod users;
mod webhooks;

use memo_domain::{StoreError, UserId};

use crate::transaction::Transaction;

/// Removes all rows of a user in a repository.
type Removal = fn(&mut Transaction, UserId) -> Result<(), StoreError>;

/// Removes rows of a user in a repository, up to a limit. Returns how many it removed.
type Step = fn(&mut Transaction, UserId, usize) -> Result<usize, StoreError>;

/// The rows of a user that may be many: they are removed in steps before the user is.
const MANY_OF_USER: &[Step] = &[
    memos::remove_of_user,
    changes::remove_of_user,
    audit::remove_of_user,
    idempotency::remove_of_user,
    jobs::remove_of_user,
    usage::remove_of_user,
    sessions::remove_tokens_of_user,
    sessions::remove_of_user,
];

/// The other rows of a user, which are removed with the user.
const FEW_OF_USER: &[Removal] = &[
    likes::remove_of_user,
    webhooks::remove_of_user,
    accounts::remove_of_user,
    api_keys::remove_of_user,
    changes::remove_feed,
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// The numbers of the tables that the files below a folder declare.
    fn tables(folder: &Path) -> Vec<u8> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.extend(tables(&path));
                continue;
            }
            let text = fs::read_to_string(path).expect("a source file");
            let numbers = text.lines().filter_map(|line| line.trim().strip_prefix("const TABLE: u8 = "));
            found.extend(numbers.map(|number| number.trim_end_matches(';').parse::<u8>().expect("a number")));
        }
        found
    }

    #[test]
    fn each_table_has_a_number_of_its_own() {
        let tables = tables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/repositories"));
        let distinct = tables.iter().collect::<BTreeSet<_>>();
        assert!(distinct.contains(&&1), "tables are found");
        assert_eq!(distinct.len(), tables.len(), "a number is used twice: {tables:?}");
    }
}
