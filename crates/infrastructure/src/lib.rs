//! The adapters of memo, a folder for each technology.

pub mod crypto;
pub mod mail;
pub mod oidc;
pub mod redis;
pub mod sea_orm;
pub mod system;
pub mod traced;
