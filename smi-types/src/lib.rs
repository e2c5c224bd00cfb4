#![doc = include_str!("../README.md")]

pub mod access;
pub mod convert;
pub mod crd;
pub mod headers;
pub mod metrics;
pub mod object;
pub mod path;
pub mod port;
pub mod regex;
pub mod specs;
pub mod split;
pub mod validate;
pub mod weight;
#[doc = include_str!("rules.md")]
pub mod rules {}
mod version;
mod wire;

pub use convert::{ConvertError, Lossy};
pub use crd::crds;
pub use object::{Object, ParseError, ParseErrorKind, Parsed};
pub use path::FieldPath;
pub use validate::Violation;
pub use version::Version;
