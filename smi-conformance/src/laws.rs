//! The laws that adapters must keep.
//!
//! Each is a function that tries the law in many worlds and either says what was tried, or gives the smallest
//! counterexample that it found. Where the law is about what a mesh does, it takes an [`Interpreter`] as well.
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
use tally::Tally;

/// What is tried.
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

/// Whether an API server takes a native object, beyond what holds for every kind.
pub type Limits<'a> = dyn Fn(&NativeObject) -> Result<(), String> + Sync + 'a;

/// How a law is tried, and what must have happened so that a run shows something.
struct Definition {
    name: Law,
    check: Check,
    asks: Asks,
    classes: Classes,
}

/// Tries a law in one case.
type Check = fn(&Subject<'_>, &Case, &mut Tally) -> Result<(), Box<Fault>>;

/// What must have happened.
type Classes = &'static [&'static str];

/// What a law asks a mesh.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Nothing: it looks at what an adapter writes.
    Nothing,
    /// Routing queries.
    Routing,
    /// Access queries: decisions on inbound traffic.
    Access,
}

impl Asks {
    /// What an adapter may be able to express of it.
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

    /// Whether an adapter expresses anything of it.
    fn is_supported(self, adapter: &dyn Implementation) -> bool {
        let mut features = self.features().iter();
        features.any(|feature| !matches!(adapter.support(*feature), Support::None(_)))
    }
}

/// What does not hold in one case.
struct Fault {
    /// For which traffic.
    sent: Option<Sent>,
    why: String,
    /// Why the reference decides as it does.
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

/// Fails with a text where something does not hold.
macro_rules! hold {
    ($holds:expr, $($text:tt)*) => {
        if !$holds {
            return Err(format!($($text)*).into());
        }
    };
}
use hold;

/// Declares the laws, so that each has a name, is a function and can be replayed.
macro_rules! laws {
    (
        adapter { $($(#[doc = $doc:literal])* $law:ident $name:ident: $module:ident, $classes:expr;)* }
        mesh { $($(#[doc = $mesh_doc:literal])* $mesh_law:ident $mesh_name:ident: $asks:ident, $mesh_module:ident, $mesh_classes:expr;)* }
    ) => {
        /// The name of a law. Sorted by its text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Law {
            $($(#[doc = $doc])* $law,)*
            $($(#[doc = $mesh_doc])* $mesh_law,)*
            /// What an API server takes: names, labels, annotations and specs are within the limits of every kind, and
            /// within those that the adapter's own kinds have.
            WithinLimits,
        }

        impl Law {
            /// All laws.
            pub const ALL: &'static [Self] = &[$(Self::$law,)* $(Self::$mesh_law,)* Self::WithinLimits];

            /// The name as text: that of the function which tries the law.
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
            /// With the smallest counterexample that was found.
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
            /// With the smallest counterexample that was found.
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
        /// The adapter returns for every snapshot, and never panics, whatever is observed in the cluster. Where
        /// it does not return within two minutes, under this law or another, the case is printed and the process
        /// aborted.
        Total total: output, &["world with native objects", "world with broken native objects of ours"];
        /// Equal snapshots give output that is equal byte for byte.
        Deterministic deterministic: output, TRANSLATED;
        /// Neither the order of the input nor that of what is observed changes anything.
        OrderFree order_free: output, TRANSLATED;
        /// Every SMI object is a source of some native object, or in a diagnostic; what the adapter does not
        /// support is in a diagnostic wherever it is asked for.
        Honest honest: shape, &["world with native objects", "a split without native objects", "a split with matches in force", "a grant in force"];
        /// Only the kinds that the adapter lists, each in the namespace of its policy and within the scope.
        DeclaredKinds declared_kinds: shape, &["world with native objects", "world with a scope"];
        /// Names are DNS subdomains that no other object has, of at most 63 characters unless they are the
        /// root's own host, even where services and splits have long names or look like the names that
        /// adapters build.
        ValidNames valid_names: shape, TRANSLATED;
        /// After a plan was applied the next one is empty, also where the API server added its defaults.
        Converges converges: cluster, TRANSLATED;
        /// Planning changes nothing, and reading everything anew makes no difference.
        Idempotent idempotent: cluster, TRANSLATED;
        /// Any single edit of one of our objects by somebody else makes the plan non-empty, and applying it
        /// restores the object. Whoever removes a label by which it is ours has it: it is reported.
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
        /// Two embedders with different owners, or scopes, never change each other's objects.
        TwoOwners two_owners: cluster, &["two owners", "two scopes", "a name that the other one has"];
        /// Editing a weight, a pattern, an age or a source, or deleting a split or a traffic target, renames no object
        /// but leaves and grants, which may be named by what they say.
        StableNames stable_names: history, &["edit: a weight", "edit: a pattern", "edit: the age of a split", "edit: a split goes", "edit: a source goes", "edit: a target goes"];
        /// An edit of one SMI object changes only native objects of the policies that it is about.
        Local local: history, &["edit: a weight", "edit: a pattern", "edit: a split goes", "edit: a route group goes", "edit: a target goes", "edit: a source goes", "edit: a rule changes", "edit: a route or binding goes", "other policies"];
        /// Without SMI objects and enforced namespaces nothing of ours remains, and without one of them it is as if it
        /// had never been.
        CleanDelete clean_delete: history, &["all deleted", "edit: a split goes", "edit: a target goes"];
        /// The same intent in another API version gives the same native objects but for owner references.
        VersionFree version_free: history, TRANSLATED;
        /// Whatever the way there, the native objects are those of the final snapshot.
        HistoryFree history_free: history, TRANSLATED;
    }
    mesh {
        /// The mesh does with each request or connection what the specification says, or a diagnostic on the
        /// object at fault explains exactly what it does instead.
        Faithful faithful: Routing, routing, routing::CLASSES;
        /// Where a split takes traffic, the shares are exact, or within the error that a diagnostic states. No
        /// diagnostic excuses traffic to a backend that has no weight or is left out (T9, T20).
        SplitExact split_exact: Routing, routing, &["split taken by a match", "split taken by default", "T9 a weight of zero", "T20 a backend without the port", "T25 the root stands in", "shares: two"];
        /// Requests that no split takes reach the root, all of them (T13). Nothing excuses it.
        Fallback fallback: Routing, routing, &["root after a match failed", "root, nobody splits it", "S4 path refused", "S8 method refused", "S12 value of a header refused", "S18 a header is absent"];
        /// A diagnostic that claims a difference is true: no request shows that what it names is in force. A
        /// report counts for how many a request was found that does show the difference, by code.
        Sound sound: Routing, routing, &[];
        /// Where every workload is in the mesh and its default policy denies, the mesh lets in nothing that the
        /// specification denies. Nothing excuses it.
        NeverWidens never_widens: Access, access, access::DENIED;
        /// Where default policies allow, what the specification denies is denied, unless a `NotEnforced` on the workload
        /// or its namespace says that the mesh cannot close it: on the namespace for datagrams; on the workload for all of
        /// it or, where the message begins with `ports that no`, for the ports that nothing names.
        Enforces enforces: Access, access, access::DENIED;
        /// What the specification allows is let in, or a diagnostic on the object at fault explains why not.
        Grants grants: Access, access, access::ALLOWED;
        /// At every step of a plan from one world to another the mesh lets in only what one of them allows.
        SafeTransition safe_transition: Access, transitions, transitions::SAFE;
        /// At every step of a plan from one world to another the mesh lets in what it lets in before and after.
        Undisturbed undisturbed: Access, transitions, transitions::UNDISTURBED;
        /// One more traffic target takes nothing away, and one less adds nothing, the last one included.
        Monotone monotone: Access, transitions, transitions::MONOTONE;
    }
}

/// What an API server takes: names, labels, annotations and specs within the limits of every kind, and
/// `limits` for what the adapter's own kinds have.
///
/// # Errors
/// With the smallest counterexample that was found.
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

/// Plans documents in an empty cluster, and counts whether native objects come of them.
fn plan(subject: &Subject<'_>, case: &Case, documents: &[Value], tally: &mut Tally) -> Result<Planned, String> {
    let input = Input::new(documents.to_vec());
    let planned = subject.adapter.plan(&input, &case.settings, &Observed::default())?;
    tally.planned(&planned);
    Ok(planned)
}

/// Native objects of an adapter, after they were written and read.
fn written<'o>(
    subject: &Subject<'_>,
    objects: impl IntoIterator<Item = &'o NativeObject>,
) -> Result<Vec<NativeObject>, Box<Fault>> {
    let text = smi_adapter::yaml::write(objects);
    let objects = smi_adapter::yaml::read_native(&text, subject.adapter.kinds()).into_iter();
    let objects: Result<Vec<NativeObject>, _> = objects.collect();
    objects.map_err(|error| format!("what was written cannot be read: {error}").into())
}

/// No limits beside those of every kind.
///
/// # Errors
/// Never.
pub fn no_limits(_: &NativeObject) -> Result<(), String> {
    Ok(())
}

/// Tries a law.
///
/// # Errors
/// With the smallest counterexample that was found.
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

/// After how many worlds a law does not hold, if so; without the cases that are kept.
pub(super) fn first_fault(
    law: Law,
    adapter: &dyn Implementation,
    mesh: &dyn Interpreter,
    limits: &Limits<'_>,
    cases: Cases,
) -> Option<u32> {
    run::first_fault(&law.definition(), &Subject::new(adapter, mesh, limits), cases)
}

/// Whether an implementation differs from another one at least so much in one of the worlds of a law.
pub(super) fn differ(
    law: Law,
    one: &dyn Implementation,
    other: &dyn Implementation,
    cases: Cases,
    least: Difference,
) -> bool {
    let law = law.definition();
    law.asks.is_supported(other) && run::differ(&law, one, other, cases, least)
}

/// Tries one case again: that of a [`Violation`] under its law, or one that names no law under every law that can use it.
///
/// # Errors
/// With the case, not made any smaller, if a law does not hold in it.
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
