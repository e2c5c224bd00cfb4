//! Construction of the rules of one grant.

use super::matches::{NativeMatch, any};
use crate::native::authorization::{Condition, From, NonEmpty, Operation, Rule, Source, To};
use smi_adapter::adapter::Translation;
use smi_adapter::model::access::Ports;

/// The maximum size of one list of a rule, in bytes as JSON. A longer list is divided over several rules, which are
/// equivalent.
const MAX_LIST: usize = 200_000;
/// The maximum total size of the rules of one grant. The size can grow quickly, because each rule names all sources.
const MAX_GRANT: usize = 4 * Translation::MAX_SPEC;

/// A builder of rules for the same sources and the same ports.
#[derive(Debug)]
pub(super) struct Rules {
    principals: Vec<NonEmpty<String>>,
    /// Lists of ports; `None` stands for any port.
    ports: Vec<Option<NonEmpty<String>>>,
    written: Vec<Rule>,
    size: usize,
}

impl Rules {
    /// Creates a builder without rules. If there are no sources or no ports, no rule is ever added.
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

    /// Returns the rules, or `None` if they are too large.
    pub(super) fn finish(self) -> Option<Vec<Rule>> {
        (self.size <= MAX_GRANT).then_some(self.written)
    }

    /// Adds rules for all TCP traffic.
    pub(super) fn tcp(&mut self) {
        for ports in self.ports.clone() {
            let operation = |ports| Operation {
                methods: None,
                paths: None,
                ports: Some(ports),
            };
            let to = ports.map(|ports| {
                NonEmpty::one(To {
                    operation: operation(ports),
                })
            });
            self.add(to.as_ref(), None);
        }
    }

    /// Adds rules for HTTP requests that fulfil one of `matches`. Matches without headers share a rule: its operations
    /// are alternatives. A match with headers needs its own rule, because conditions apply to all operations.
    pub(super) fn http<'m>(&mut self, matches: impl Iterator<Item = &'m NativeMatch>) {
        let mut plain = Vec::new();
        let mut size = 0;
        for matching in matches {
            let operations = self.operations(&matching.methods, matching.paths.as_ref());
            if let Some(headers) = NonEmpty::new(matching.headers.clone()) {
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

    /// Adds rules for HTTP requests that fulfil `condition`, which requires the record of a filter.
    pub(super) fn filtered(&mut self, condition: Condition) {
        let operations = self.operations(&any(), None);
        self.all(operations, Some(&NonEmpty::one(condition)));
    }

    fn operations(&self, methods: &NonEmpty<String>, paths: Option<&NonEmpty<String>>) -> Vec<To> {
        let ports = self.ports.iter();
        let operation = |ports: &Option<NonEmpty<String>>| Operation {
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

    fn all(&mut self, operations: Vec<To>, when: Option<&NonEmpty<Condition>>) {
        for operations in pieces(operations, To::size) {
            self.add(Some(&operations), when);
        }
    }

    /// Adds one rule for all sources, or several if the sources are divided.
    fn add(&mut self, to: Option<&NonEmpty<To>>, when: Option<&NonEmpty<Condition>>) {
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

/// Divides a list into parts of a bounded size, none of which is empty.
fn pieces<T>(items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<NonEmpty<T>> {
    let mut pieces = Vec::new();
    let (mut piece, mut sum) = (Vec::new(), 0);
    for item in items {
        let more = size(&item) + 3;
        if sum + more > MAX_LIST {
            pieces.extend(NonEmpty::new(std::mem::take(&mut piece)));
            sum = 0;
        }
        sum += more;
        piece.push(item);
    }
    pieces.extend(NonEmpty::new(piece));
    pieces
}
