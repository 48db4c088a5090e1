//! Sends messages to webhooks as [Standard Webhooks](https://www.standardwebhooks.com) defines them.
//!
//! The URL of a webhook comes from a user, and must not lead into the network of the server. So each attempt looks up the
//! name, drops the addresses that may not be reached, and connects to one of those that are left: what the name has at any
//! other moment does not matter. Redirects are not followed, and a proxy is not used.

mod address;
mod message;
mod sender;

pub use sender::{Resolver, SystemResolver, WebhookClient};
