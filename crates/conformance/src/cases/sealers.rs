use std::sync::Arc;

use memo_domain::{Sealed, Sealer};

type Given = [Arc<dyn Sealer>; 2];

const PLAIN: &[u8] = b"hunter2 hunter2";

pub(crate) async fn a_sealed_value_opens([one, _]: Given) {
    for plain in [PLAIN, b"", &[0; 10_000]] {
        for context in ["mail", "", "회의"] {
            let sealed = one.seal(context, plain).expect("sealed");
            assert_eq!(one.open(context, &sealed).expect("opened"), plain);
        }
    }
}

pub(crate) async fn a_changed_or_foreign_value_does_not_open([one, other]: Given) {
    let sealed = one.seal("mail", PLAIN).expect("sealed");
    let bytes = sealed.as_bytes();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "it is encrypted");
    other.open("mail", &sealed).expect_err("it was sealed with another key");
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1 << bit;
            assert!(one.open("mail", &Sealed::new(changed)).is_err(), "bit {bit} of byte {place}");
        }
        assert!(one.open("mail", &Sealed::new(bytes[..place].to_vec())).is_err(), "cut off at {place}");
    }
    assert!(one.open("mail", &Sealed::new([bytes, b"\0"].concat())).is_err(), "longer");
}

pub(crate) async fn a_sealed_value_opens_in_its_own_context_only([one, _]: Given) {
    let sealed = one.seal("mail", PLAIN).expect("sealed");
    for context in ["", "mai", "mail2", "Mail", "second_factor"] {
        let error = one.open(context, &sealed).expect_err(context).to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

pub(crate) async fn the_same_value_sealed_twice_differs([one, _]: Given) {
    let [first, second] = [(), ()].map(|()| one.seal("mail", PLAIN).expect("sealed"));
    assert_ne!(first.as_bytes(), second.as_bytes());
}
