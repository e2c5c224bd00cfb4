//! The rules of one grant.

use super::matches::{Native, any};
use crate::native::authorization::{Condition, From, Listed, Operation, Rule, Source, To};
use smi_adapter::adapter::Translation;
use smi_adapter::model::access::Ports;

/// How long one list of a rule may be, in bytes as JSON. A longer one is said in several rules, which mean the same.
const MAX_LIST: usize = 200_000;
/// How large the rules of one grant may be together: each rule names all sources, which multiplies.
const MAX_GRANT: usize = 4 * Translation::MAX_SPEC;

/// Rules that grant something to the same sources on the same ports.
#[derive(Debug)]
pub(super) struct Rules {
    principals: Vec<Listed<String>>,
    /// `None` is any port.
    ports: Vec<Option<Listed<String>>>,
    written: Vec<Rule>,
    size: usize,
}

impl Rules {
    /// None yet. Without sources or ports none is ever added.
    pub(super) fn new(principals: Vec<String>, ports: &Ports) -> Self {
        let ports = match ports {
            Ports::All => vec![None],
            Ports::Only(ports) => {
                let ports = ports.iter().map(u16::to_string).collect();
                pieces(ports, String::len).into_iter().map(Some).collect()
            }
        };
        Self {
            principals: pieces(principals, String::len),
            ports,
            written: Vec::new(),
            size: 0,
        }
    }

    /// The rules; `None` if they are too large.
    pub(super) fn finish(self) -> Option<Vec<Rule>> {
        (self.size <= MAX_GRANT).then_some(self.written)
    }

    /// Anything over TCP.
    pub(super) fn tcp(&mut self) {
        for ports in self.ports.clone() {
            let operation = |ports| Operation {
                methods: None,
                paths: None,
                ports: Some(ports),
            };
            let to = ports.map(|ports| {
                Listed::one(To {
                    operation: operation(ports),
                })
            });
            self.add(to.as_ref(), None);
        }
    }

    /// HTTP requests that fulfil one of these matches. Those without headers share a rule: its operations are
    /// alternatives, and its conditions would hold for all of them.
    pub(super) fn http<'m>(&mut self, matches: impl Iterator<Item = &'m Native>) {
        let mut plain = Vec::new();
        let mut size = 0;
        for matching in matches {
            let operations = self.operations(&matching.methods, matching.paths.as_ref());
            if let Some(headers) = Listed::new(matching.headers.clone()) {
                self.all(operations, Some(&headers));
            } else {
                size += operations.iter().map(To::size).sum::<usize>();
                plain.extend(operations);
            }
            if self.size.saturating_add(size) > MAX_GRANT {
                self.size = usize::MAX;
                return;
            }
        }
        self.all(plain, None);
    }

    /// HTTP requests of which a filter has noted that they are allowed.
    pub(super) fn noted(&mut self, condition: Condition) {
        let operations = self.operations(&any(), None);
        self.all(operations, Some(&Listed::one(condition)));
    }

    fn operations(&self, methods: &Listed<String>, paths: Option<&Listed<String>>) -> Vec<To> {
        let ports = self.ports.iter();
        let operation = |ports: &Option<Listed<String>>| Operation {
            methods: Some(methods.clone()),
            paths: paths.cloned(),
            ports: ports.clone(),
        };
        ports
            .map(|ports| To {
                operation: operation(ports),
            })
            .collect()
    }

    fn all(&mut self, operations: Vec<To>, when: Option<&Listed<Condition>>) {
        for operations in pieces(operations, To::size) {
            self.add(Some(&operations), when);
        }
    }

    /// One rule for all sources, or several.
    fn add(&mut self, to: Option<&Listed<To>>, when: Option<&Listed<Condition>>) {
        for principals in &self.principals {
            let source = Source {
                principals: principals.clone(),
            };
            let rule = Rule {
                from: Some([From { source }]),
                to: to.cloned(),
                when: when.cloned(),
            };
            self.size = self.size.saturating_add(rule.size());
            if self.size > MAX_GRANT {
                return;
            }
            self.written.push(rule);
        }
    }
}

/// A list in parts of a bounded size, none of them empty.
fn pieces<T>(items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<Listed<T>> {
    let mut pieces = Vec::new();
    let (mut piece, mut sum) = (Vec::new(), 0);
    for item in items {
        let more = size(&item) + 3;
        if sum + more > MAX_LIST {
            pieces.extend(Listed::new(std::mem::take(&mut piece)));
            sum = 0;
        }
        sum += more;
        piece.push(item);
    }
    pieces.extend(Listed::new(piece));
    pieces
}
