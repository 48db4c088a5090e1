pub mod change;
pub mod conditions;
pub mod create;
pub mod filters;
pub mod list;
pub mod read;
pub mod remove;
pub mod texts;
