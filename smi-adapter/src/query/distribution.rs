//! Distributions: exact shares of traffic.

use crate::object::ObjectKey;
use crate::weights::gcd;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// An exact share of traffic: `parts` out of `of`.
///
/// Serialises as the text `"1/10"`: JSON numbers cannot hold all weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// The numerator; zero means no traffic.
    pub parts: u128,
    /// The denominator, at least 1.
    pub of: u128,
}

impl Share {
    /// Returns the share as a number from 0 to 1, rounded.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is documented as rounded")]
    pub fn to_f64(self) -> f64 {
        self.parts as f64 / self.of as f64
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.parts, self.of)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Shares of traffic as exact ratios.
///
/// Every endpoint has a weight. The weights are above zero and have no common divisor, so equal shares are equal
/// values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Distribution(BTreeMap<Endpoint, u128>);

/// A receiver of a share of traffic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The endpoints of a service, as selected by its own selector.
    Service {
        /// The service.
        key: ObjectKey,
        /// The port of the service.
        port: u16,
    },
    /// No endpoint, because the service or its port does not exist.
    Nowhere,
    /// The proxy itself, which answers with this HTTP status. Only models of meshes use this variant.
    Status(u16),
    /// No endpoint, because the proxy closes the connection or fails. Only models of meshes use this variant.
    Failure,
}

impl Endpoint {
    /// Returns the endpoints of a service, on one of its ports.
    #[must_use]
    pub fn service(namespace: impl AsRef<str>, name: impl AsRef<str>, port: u16) -> Self {
        let key = ObjectKey::new(namespace, name);
        Self::Service { key, port }
    }
}

impl Distribution {
    /// Creates a distribution by weights. Weights of the same endpoint are added, and zero weights are left out.
    /// Returns `None` if all weights are zero.
    #[must_use]
    pub fn of(weights: impl IntoIterator<Item = (Endpoint, u128)>) -> Option<Self> {
        let mut shares = BTreeMap::new();
        for (target, weight) in weights {
            if weight > 0 {
                let share: &mut u128 = shares.entry(target).or_default();
                *share = share.saturating_add(weight);
            }
        }
        let divisor = shares.values().copied().fold(0, gcd);
        if divisor == 0 {
            return None;
        }
        for share in shares.values_mut() {
            *share /= divisor;
        }
        Some(Self(shares))
    }

    /// Creates a distribution of all traffic to one endpoint.
    #[must_use]
    pub fn all_to(target: Endpoint) -> Self {
        Self(BTreeMap::from([(target, 1)]))
    }

    /// Returns the endpoints and their reduced weights, sorted.
    pub fn shares(&self) -> impl Iterator<Item = (&Endpoint, u128)> {
        self.0.iter().map(|(target, weight)| (target, *weight))
    }

    /// Returns the share of one endpoint; zero if it gets none.
    #[must_use]
    pub fn share_of(&self, target: &Endpoint) -> Share {
        Share {
            parts: self.0.get(target).copied().unwrap_or_default(),
            of: self.total(),
        }
    }

    /// Returns the sum of the reduced weights, which is the denominator of every share.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.0.values().sum()
    }
}

/// Serialises as a list of endpoints with their shares: `[{"to": {"namespace": "shop", "service": "web", "port": 80},
/// "share": "9/10"}, …]`.
impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            to: &'a Endpoint,
            share: Share,
        }
        let of = self.total();
        serializer.collect_seq(self.shares().map(|(to, parts)| {
            let share = Share { parts, of };
            Entry { to, share }
        }))
    }
}

/// Serialises as `{"namespace": "shop", "service": "web", "port": 80}`, `{"status": 503}`, `"nowhere"` or `"failure"`.
impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Service { key, port } => {
                let mut fields = serializer.serialize_struct("Endpoint", 3)?;
                fields.serialize_field("namespace", &key.namespace)?;
                fields.serialize_field("service", &key.name)?;
                fields.serialize_field("port", port)?;
                fields.end()
            }
            Self::Status(status) => {
                let mut fields = serializer.serialize_struct("Endpoint", 1)?;
                fields.serialize_field("status", status)?;
                fields.end()
            }
            Self::Nowhere => serializer.serialize_str("nowhere"),
            Self::Failure => serializer.serialize_str("failure"),
        }
    }
}

/// Writes `service.namespace:port`.
impl Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { key, port } => write!(f, "{}.{}:{port}", key.name, key.namespace),
            Self::Nowhere => f.write_str("nowhere"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Failure => f.write_str("failure"),
        }
    }
}

/// Writes `web-v1.shop:80 9/10, web-v2.shop:80 1/10`.
impl Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        for (index, (target, weight)) in self.shares().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            if weight == total {
                write!(f, "{comma}{target}")?;
            } else {
                write!(f, "{comma}{target} {weight}/{total}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Endpoint {
        Endpoint::Service {
            key: ObjectKey::new("shop", name),
            port: 80,
        }
    }

    #[test]
    fn distributions_with_equal_shares_are_equal() {
        let a = Distribution::of([(service("a"), 10), (service("b"), 30), (service("c"), 0)]);
        let b = Distribution::of([(service("b"), 1), (service("a"), 1), (service("b"), 2)]);
        assert_eq!(a, b);
        assert_eq!(a.unwrap().to_string(), "a.shop:80 1/4, b.shop:80 3/4");
        assert_eq!(Distribution::of([(service("a"), 0)]), None);
        assert_eq!(Distribution::all_to(service("a")).to_string(), "a.shop:80");
    }
}
