use std::{collections::HashSet, thread};

use memo_domain::Secret;

use crate::subjects::TestSecrets;

pub(crate) async fn no_two_secrets_are_equal(given: TestSecrets) {
    let create = || (0..1_000).map(|_| *given.secrets.next().expose()).collect::<Vec<_>>();
    let created: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(create)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the thread ends")).collect()
    });
    assert_eq!(created.iter().collect::<HashSet<_>>().len(), created.len());
}

pub(crate) async fn secrets_are_unpredictable(given: TestSecrets) {
    const SECRETS: usize = 4_096;
    if given.is_predictable {
        return;
    }
    let secrets: Vec<Secret> = (0..SECRETS).map(|_| given.secrets.next()).collect();
    for bit in 0..256 {
        let ones = secrets.iter().filter(|secret| secret.expose()[bit / 8] >> (bit % 8) & 1 == 1).count();
        // A fair bit is this far from the half, ten standard deviations, less than once in 10²² runs.
        assert!(ones.abs_diff(SECRETS / 2) < 320, "bit {bit} is set in {ones} of {SECRETS} secrets");
    }
}
