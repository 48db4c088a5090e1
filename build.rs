//! Packs the relocations of the binary where the C library of this machine can read them: 1.6 MB of them become 29 KB.

use std::{env, process::Command};

/// The first version of glibc that reads them.
const FIRST: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // For another machine, its C library is unknown.
    let is_native = env::var("TARGET").ok() == env::var("HOST").ok();
    if is_native && is("CARGO_CFG_TARGET_ENV", "gnu") && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// `getconf` prints `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
