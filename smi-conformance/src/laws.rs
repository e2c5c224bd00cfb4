//! The laws that adapters must keep.
//!
//! Each law is a function that tries the law in many worlds. It returns a [`Report`] of what it tried, or the smallest
//! counterexample that it found. A law about the behaviour of a mesh also takes an [`Interpreter`].
//!
//! ```no_run
//! use smi_adapter::adapter::MeshAdapter;
//! use smi_conformance::{Cases, laws};
//!
//! fn names_are_stable(adapter: &dyn MeshAdapter) {
//!     match laws::stable_names(adapter, Cases::quick()) {
//!         Ok(report) => println!("{report}"),
//!         Err(violation) => panic!("{violation}"),
//!     }
//! }
//! ```

mod access;
mod cluster;
mod history;
mod incremental;
mod kept;
mod known;
mod law;
mod output;
mod routing;
mod run;
mod shape;
mod tally;
mod transitions;

use super::implementation::Of;
use super::{Case, Cases, Implementation, Input, Interpreter, Report, Violation};
use crate::world::reduce::Sent;
use known::Known;
pub use law::UnknownLawError;
pub(crate) use run::Difference;
use serde_json::Value;
use smi_adapter::adapter::{Feature, Support};
use smi_adapter::manifest::NativeObject;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use tally::Tally;

/// The implementation that a law is tried on, with the model of its mesh and the limits of its kinds.
struct Subject<'a> {
    adapter: &'a dyn Implementation,
    mesh: Option<&'a dyn Interpreter>,
    limits: &'a Limits<'a>,
}

impl<'a> Subject<'a> {
    fn new(adapter: &'a dyn Implementation, mesh: &'a dyn Interpreter, limits: &'a Limits<'a>) -> Self {
        Self {
            adapter,
            mesh: Some(mesh),
            limits,
        }
    }
}

/// A check of a native object against the limits that an API server has for its kind, beyond those of every kind.
pub type Limits<'a> = dyn Fn(&NativeObject) -> Result<(), String> + Sync + 'a;

/// The definition of a law: its check, and the classes that must have happened so that a run shows something.
struct Definition {
    name: Law,
    check: Check,
    asks: Asks,
    classes: Classes,
}

/// Tries a law in one case.
type Check = fn(&Subject<'_>, &Case, &mut Tally) -> Result<(), Box<Fault>>;

/// The classes that must have happened in a run.
type Classes = &'static [&'static str];

/// The queries that a law asks a mesh.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// No queries, since the law looks only at what an adapter writes.
    Nothing,
    /// Routing queries.
    Routing,
    /// Access queries: decisions on inbound traffic.
    Access,
}

impl Definition {
    /// Returns `true` if an implementation has anything that the law is about.
    fn is_about(&self, adapter: &dyn Implementation) -> bool {
        let has_engine = || adapter.incremental(&Settings::default()).is_some();
        self.asks.is_supported(adapter) && (self.name != Law::Incremental || has_engine())
    }
}

impl Asks {
    /// Returns the features that these queries are about.
    const fn features(self) -> &'static [Feature] {
        match self {
            Self::Nothing => &Feature::ALL,
            Self::Routing => &[Feature::HttpSplit, Feature::TcpSplit, Feature::ConditionalSplit],
            Self::Access => &[
                Feature::DenyByDefault,
                Feature::TcpAccess,
                Feature::HttpAccess,
                Feature::UdpAccess,
            ],
        }
    }

    /// Returns `true` if an adapter supports any of the features.
    fn is_supported(self, adapter: &dyn Implementation) -> bool {
        let mut features = self.features().iter();
        features.any(|feature| !matches!(adapter.support(*feature), Support::None(_)))
    }
}

/// The failure of a law in one case.
struct Fault {
    /// The query that shows it, if it is about one.
    sent: Option<Sent>,
    why: String,
    /// The trace of the reference.
    reference: String,
}

impl From<String> for Box<Fault> {
    fn from(why: String) -> Self {
        Box::new(Fault {
            sent: None,
            why,
            reference: String::new(),
        })
    }
}

/// Returns an error with a message if a condition does not hold.
macro_rules! hold {
    ($holds:expr, $($text:tt)*) => {
        if !$holds {
            return Err(format!($($text)*).into());
        }
    };
}
use hold;

/// Declares the laws, so that each one has a name, is a function and can be replayed.
macro_rules! laws {
    (
        adapter { $($(#[doc = $doc:literal])* $law:ident $name:ident: $module:ident, $classes:expr;)* }
        mesh { $($(#[doc = $mesh_doc:literal])* $mesh_law:ident $mesh_name:ident: $asks:ident, $mesh_module:ident, $mesh_classes:expr;)* }
    ) => {
        /// The name of a law. Names are ordered by their text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Law {
            $($(#[doc = $doc])* $law,)*
            $($(#[doc = $mesh_doc])* $mesh_law,)*
            /// Names, labels, annotations and specs are within the limits that an API server has for every kind, and
            /// within those of the adapter's own kinds.
            WithinLimits,
        }

        impl Law {
            /// All laws.
            pub const ALL: &'static [Self] = &[$(Self::$law,)* $(Self::$mesh_law,)* Self::WithinLimits];

            /// Returns the name as text, which is also the name of the function that tries the law.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$law => stringify!($name),)*
                    $(Self::$mesh_law => stringify!($mesh_name),)*
                    Self::WithinLimits => "within_limits",
                }
            }

            fn definition(self) -> Definition {
                let (check, asks, classes): (Check, Asks, Classes) = match self {
                    $(Self::$law => ($module::$name, Asks::Nothing, $classes),)*
                    $(Self::$mesh_law => ($mesh_module::$mesh_name, Asks::$asks, $mesh_classes),)*
                    Self::WithinLimits => (shape::within_limits, Asks::Nothing, shape::EXTREMES),
                };
                Definition { name: self, check, asks, classes }
            }
        }

        $(
            $(#[doc = $doc])*
            ///
            /// # Errors
            /// With the smallest counterexample that was found, if the law does not hold.
            pub fn $name<I>(adapter: &I, cases: Cases) -> Result<Report, Box<Violation>>
            where
                I: Implementation + ?Sized,
            {
                let subject = Subject { adapter: &Of::new(adapter), mesh: None, limits: &no_limits };
                run::run(&Law::$law.definition(), &subject, cases)
            }
        )*
        $(
            $(#[doc = $mesh_doc])*
            ///
            /// # Errors
            /// With the smallest counterexample that was found, if the law does not hold.
            pub fn $mesh_name<I>(
                adapter: &I,
                mesh: &dyn Interpreter,
                cases: Cases,
            ) -> Result<Report, Box<Violation>>
            where
                I: Implementation + ?Sized,
            {
                try_law(Law::$mesh_law, adapter, mesh, &no_limits, cases)
            }
        )*
    };
}

const TRANSLATED: &[&str] = &["world with native objects"];

laws! {
    adapter {
        /// The adapter returns for every snapshot and never panics, whatever is observed in the cluster. If it does not
        /// return within two minutes, under this or any other law, the kit prints the case and aborts the process.
        Total total: output, &["world with native objects", "world with broken native objects of ours"];
        /// Equal snapshots give output that is equal, byte for byte.
        Deterministic deterministic: output, TRANSLATED;
        /// Neither the order of the input nor the order of the observed objects changes the output.
        OrderFree order_free: output, TRANSLATED;
        /// Every SMI object is a source of a native object or appears in a diagnostic, and every use of a feature that
        /// the adapter does not support appears in a diagnostic.
        Honest honest: shape, &["world with native objects", "a split without native objects", "a split with matches in force", "a grant in force"];
        /// The adapter writes only the kinds that it lists, each object in the namespace of its policy and within the
        /// scope.
        DeclaredKinds declared_kinds: shape, &["world with native objects", "world with a scope"];
        /// Names are unique DNS subdomains of at most 63 characters, unless they are the root's own host. This holds
        /// even if services and splits have long names, or names that look like those that adapters build.
        ValidNames valid_names: shape, TRANSLATED;
        /// After a plan has been applied, the next plan is empty, even if the API server added defaults.
        Converges converges: cluster, &["world with native objects", "workloads not covered"];
        /// Planning changes nothing, and reading all objects again makes no difference.
        Idempotent idempotent: cluster, TRANSLATED;
        /// Any single foreign edit of a managed object makes the plan non-empty, and applying the plan restores the
        /// object. An object that loses a label of its owner is foreign from then on, which is reported.
        Repairs repairs: cluster, &[
            "repaired: a part of the spec removed",
            "repaired: a part of the spec changed",
            "repaired: a field added to the spec",
            "repaired: an empty list where there was none",
            "repaired: an element of the spec doubled",
            "repaired: an owner added",
            "repaired: an owner removed",
            "repaired: an annotation of ours",
            "repaired: deleted",
            "foreign: the owner label removed",
        ];
        /// Two embedders with different owners or scopes never change each other's objects.
        TwoOwners two_owners: cluster, &["two owners", "two scopes", "a name that the other one has"];
        /// Editing a weight, a pattern, an age or a source, or deleting a split or a traffic target, renames no objects
        /// except leaves and grants, whose names may depend on their content.
        StableNames stable_names: history, &["edit: a weight", "edit: a pattern", "edit: the age of a split", "edit: a split goes", "edit: a source goes", "edit: a target goes"];
        /// An edit of one SMI object changes only native objects of the policies that the object contributes to.
        Local local: history, &["edit: a weight", "edit: a pattern", "edit: a split goes", "edit: a route group goes", "edit: a target goes", "edit: a source goes", "edit: a rule changes", "edit: a route or binding goes", "other policies"];
        /// Without SMI objects and enforced namespaces, no managed object remains. Deleting one SMI object gives the
        /// same result as if it had never existed.
        CleanDelete clean_delete: history, &["all deleted", "edit: a split goes", "edit: a target goes"];
        /// The same intent in another API version gives the same native objects, apart from owner references.
        VersionFree version_free: history, TRANSLATED;
        /// The native objects depend only on the final snapshot, not on the edits that led to it.
        HistoryFree history_free: history, TRANSLATED;
        /// After any sequence of edits, an [`Engine`](smi_adapter::engine::Engine) has the same actions, manifests,
        /// diagnostics and statuses as a plan from scratch. The edits are those of authors, of the cluster, of other
        /// clients that change native objects, and of plans that are applied wholly or in part. Implementations that are
        /// not a [`MeshAdapter`](smi_adapter::adapter::MeshAdapter) have no engine, so the law is unsupported for them.
        Incremental incremental: incremental, incremental::CLASSES;
    }
    mesh {
        /// The mesh routes each request and connection as the specification requires, or a diagnostic on the object at
        /// fault explains exactly what happens instead.
        Faithful faithful: Routing, routing, routing::CLASSES;
        /// The shares of a split that takes traffic are exact, or within the error that a diagnostic states. No
        /// diagnostic excuses traffic to a backend that has no weight or is left out (T9, T20).
        SplitExact split_exact: Routing, routing, &["split taken by a match", "split taken by default", "T9 a weight of zero", "T20 a backend without the port", "T25 the root stands in", "shares: two"];
        /// All requests that no split takes reach the root (T13). No diagnostic excuses a violation.
        Fallback fallback: Routing, routing, &["root after a match failed", "root, not split", "S4 path refused", "S8 method refused", "S12 value of a header refused", "S18 a header is absent"];
        /// A diagnostic that claims a difference is true: no request shows that the part it names is in force. A
        /// report counts, by code, how many diagnostics have a request that shows the difference.
        Sound sound: Routing, routing, &[];
        /// A mesh that contains every workload and whose default policy denies allows nothing that the specification
        /// denies. No diagnostic excuses a violation.
        NeverWidens never_widens: Access, access, access::DENIED;
        /// A mesh whose default policy allows denies what the specification denies, unless a `NotEnforced` reports that
        /// the mesh cannot close it: on the workload for the ports of the diagnostic, or on the namespace for
        /// datagrams.
        Enforces enforces: Access, access, access::DENIED;
        /// The mesh allows what the specification allows, or a diagnostic on the object at fault explains why not.
        Grants grants: Access, access, access::ALLOWED;
        /// At every step of a plan from one world to another, the mesh allows nothing that both worlds deny.
        SafeTransition safe_transition: Access, transitions, transitions::SAFE;
        /// At every step of a plan from one world to another, the mesh allows what it allows both before and after.
        Undisturbed undisturbed: Access, transitions, transitions::UNDISTURBED;
        /// Adding a traffic target takes no access away, and deleting one adds none, even if it is the last one.
        Monotone monotone: Access, transitions, transitions::MONOTONE;
    }
}

/// Names, labels, annotations and specs are within the limits that an API server has for every kind, and within
/// `limits`, those of the adapter's own kinds.
///
/// # Errors
/// With the smallest counterexample that was found, if the law does not hold.
pub fn within_limits<I>(adapter: &I, limits: &Limits<'_>, cases: Cases) -> Result<Report, Box<Violation>>
where
    I: Implementation + ?Sized,
{
    let subject = Subject {
        adapter: &Of::new(adapter),
        mesh: None,
        limits,
    };
    run::run(&Law::WithinLimits.definition(), &subject, cases)
}

/// Plans documents in an empty cluster, and counts the world if the plan has native objects.
fn plan(subject: &Subject<'_>, case: &Case, documents: &[Value], tally: &mut Tally) -> Result<Planned, String> {
    let input = Input::new(documents.to_vec());
    let planned = subject.adapter.plan(&input, &case.settings, &Observed::default())?;
    tally.planned(&planned);
    Ok(planned)
}

/// Returns native objects of an adapter after writing them as YAML and reading them back.
fn written<'o>(
    subject: &Subject<'_>,
    objects: impl IntoIterator<Item = &'o NativeObject>,
) -> Result<Vec<NativeObject>, Box<Fault>> {
    let text = smi_adapter::yaml::write(objects);
    let read = smi_adapter::yaml::read_native(&text, subject.adapter.kinds());
    let objects: Result<Vec<NativeObject>, _> = read.into_iter().collect();
    objects.map_err(|error| format!("a written native object cannot be read back: {error}").into())
}

/// Accepts every native object: there are no limits beyond those of every kind.
///
/// # Errors
/// Never.
pub fn no_limits(_: &NativeObject) -> Result<(), String> {
    Ok(())
}

/// Tries a law.
///
/// # Errors
/// With the smallest counterexample that was found, if the law does not hold.
pub fn try_law<I>(
    law: Law,
    adapter: &I,
    mesh: &dyn Interpreter,
    limits: &Limits<'_>,
    cases: Cases,
) -> Result<Report, Box<Violation>>
where
    I: Implementation + ?Sized,
{
    run::run(&law.definition(), &Subject::new(&Of::new(adapter), mesh, limits), cases)
}

/// Returns the number of worlds in which a law holds before it fails, if it fails. Kept cases are left out.
pub(super) fn first_fault(
    law: Law,
    adapter: &dyn Implementation,
    mesh: &dyn Interpreter,
    limits: &Limits<'_>,
    cases: Cases,
) -> Option<u32> {
    run::first_fault(&law.definition(), &Subject::new(adapter, mesh, limits), cases)
}

/// Returns `true` if two implementations differ by at least `least` in one of the worlds of a law.
pub(super) fn differ(
    law: Law,
    one: &dyn Implementation,
    other: &dyn Implementation,
    cases: Cases,
    least: Difference,
) -> bool {
    let law = law.definition();
    law.is_about(other) && run::differ(&law, one, other, cases, least)
}

/// Tries one case again: under the law that it names, or under every law that can use it if it names none.
///
/// # Errors
/// With the case as it is, not reduced further, if a law does not hold in it.
pub fn replay<I>(adapter: &I, mesh: &dyn Interpreter, limits: &Limits<'_>, case: &Case) -> Result<(), Box<Violation>>
where
    I: Implementation + ?Sized,
{
    let adapter = &Of::new(adapter);
    let subject = Subject::new(adapter, mesh, limits);
    let laws = case.law.as_ref().map_or(Law::ALL, std::slice::from_ref);
    laws.iter()
        .try_for_each(|law| run::once(&law.definition(), &subject, case))
}
