//! Runs of all laws at once, and their reports.

mod fates;
mod matrix;
mod profiles;

use super::lab::difference;
use super::laws::{self, Law, Limits};
use super::mutants::Mutant;
use super::{Cases, Implementation, Interpreter, Report, State, Violation, cases};
use fates::Mutants;
use profiles::Profile;
use serde::{Deserialize, Serialize};
use smi_adapter::adapter::{Feature, MeshAdapter, Support};
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::{fs, io, thread};

/// Tries all laws, on as many threads as there are cores.
///
/// ```no_run
/// use smi_adapter::adapter::MeshAdapter;
/// use smi_conformance::{Cases, Interpreter, judge, laws};
///
/// fn report(adapter: &dyn MeshAdapter, mesh: &dyn Interpreter) {
///     let judgement = judge(adapter, mesh, &laws::no_limits, Cases::quick()).with_mutants(adapter, mesh);
///     for violation in judgement.violations() {
///         println!("{violation}");
///     }
///     print!("{}", judgement.to_yaml());
/// }
/// ```
#[must_use]
pub fn judge<I>(implementation: &I, mesh: &dyn Interpreter, limits: &Limits<'_>, cases: Cases) -> Judgement
where
    I: Implementation + ?Sized,
{
    let try_law = |law: &Law| laws::try_law(*law, implementation, mesh, limits, cases);
    // The laws that take longest are last in the list, and start first.
    let names: Vec<Law> = Law::ALL.iter().rev().copied().collect();
    let outcomes = in_parallel(&names, try_law);
    let laws: BTreeMap<_, _> = names.into_iter().zip(outcomes).collect();
    let features = Feature::ALL.map(|feature| (feature, implementation.support(feature)));
    let mut judgement = Judgement {
        adapter: implementation.name().to_owned(),
        mode: String::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        worlds: cases.worlds(),
        kept_cases: cases::kept().count(),
        profiles: BTreeMap::new(),
        deviations: BTreeMap::new(),
        mutants: None,
        laws: BTreeMap::new(),
        violations: Vec::new(),
    };
    judgement.profiles = profiles::all(&features, &laws, cases);
    for (law, outcome) in laws {
        judgement.laws.insert(law, LawOutcome::of(&outcome));
        match outcome {
            Ok(report) => judgement.deviations.extend(report.deviations),
            Err(violation) => judgement.violations.push(*violation),
        }
    }
    judgement
}

/// The results of all laws, in the spirit of the Gateway API's `ConformanceReport`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    adapter: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mode: String,
    /// The version of this crate.
    version: String,
    worlds: u32,
    kept_cases: usize,
    profiles: BTreeMap<String, Profile>,
    /// The number of reports of what the adapter cannot express, by diagnostic code.
    deviations: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mutants: Option<Mutants>,
    laws: BTreeMap<Law, LawOutcome>,
    #[serde(skip)]
    violations: Vec<Violation>,
}

/// The result of one law.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LawOutcome {
    state: State,
    #[serde(default, skip_serializing_if = "is_zero")]
    queries: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    either: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    excused: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    refused: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    not_modelled: u64,
    /// The failure, if the law does not hold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
    /// The classes that happened too rarely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unverified: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    coverage: BTreeMap<String, usize>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl LawOutcome {
    fn of(outcome: &Result<Report, Box<Violation>>) -> Self {
        match outcome {
            Ok(report) => Self {
                state: report.state(),
                queries: report.queries,
                either: report.either,
                excused: report.excused,
                refused: report.refused,
                not_modelled: report.not_modelled,
                why: String::new(),
                unverified: report.unverified.iter().map(|class| (*class).to_owned()).collect(),
                coverage: report
                    .classes
                    .counts()
                    .map(|(class, count)| (class.to_owned(), count))
                    .collect(),
            },
            Err(violation) => Self {
                state: State::Failed,
                queries: 0,
                either: 0,
                excused: 0,
                refused: 0,
                not_modelled: 0,
                why: violation.why.clone(),
                unverified: Vec::new(),
                coverage: BTreeMap::new(),
            },
        }
    }
}

impl Judgement {
    /// Names the settings of the adapter that were judged.
    #[must_use]
    pub fn of_mode(self, mode: impl Into<String>) -> Self {
        Self {
            mode: mode.into(),
            ..self
        }
    }

    /// Also tries all [mutants](Mutant) of the adapter, in the same number of worlds.
    #[must_use]
    pub fn with_mutants<A: MeshAdapter + ?Sized>(self, adapter: &A, mesh: &dyn Interpreter) -> Self {
        let all: Vec<Mutant> = Mutant::all().collect();
        let fates = in_parallel(&all, |mutant| {
            mutant.try_law(adapter, mesh, &laws::no_limits, Cases::new(self.worlds))
        });
        let mut mutants = Mutants::default();
        for (mutant, fate) in all.iter().zip(fates) {
            mutants.note(mutant, fate);
        }
        Self {
            mutants: Some(mutants),
            ..self
        }
    }

    /// Returns `true` if every law holds, nothing that the adapter claims is unverified, and no mutant survived.
    #[must_use]
    pub fn passed(&self) -> bool {
        let failed = self.laws.values().any(|law| law.state == State::Failed);
        let survived = self.mutants.iter().any(|mutants| !mutants.survived.is_empty());
        let rare = self.laws.values().any(|law| !law.unverified.is_empty());
        !failed && !rare && !survived
    }

    /// Returns the counterexamples, one for each law that does not hold.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Returns the mutants that their law did not detect.
    pub fn survivors(&self) -> impl Iterator<Item = &str> {
        let survived = self.mutants.iter().flat_map(|mutants| &mutants.survived);
        survived.map(String::as_str)
    }

    /// Returns the report as YAML. Equal implementations and cases give equal reports.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        // Writing into a string cannot fail.
        serde_saphyr::to_string(self).unwrap_or_default()
    }

    /// Reads a report that [`to_yaml`](Self::to_yaml) wrote, without counterexamples.
    ///
    /// # Errors
    /// If the text is not such a report.
    pub fn read(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    /// Checks that the report passed and equals the one that is kept in a file, so that every build measures the claims
    /// about a mesh.
    ///
    /// If the environment variable `UPDATE_GOLDEN` is set, the file is written. If `SMI_CASES` is set, a report of
    /// another number of worlds is not compared.
    ///
    /// # Errors
    /// If the report did not pass, it differs from the kept one, or the file cannot be read.
    pub fn kept_in(&self, path: impl AsRef<Path>) -> Result<(), String> {
        if !self.passed() {
            return Err(self.to_string());
        }
        let (path, ours) = (path.as_ref(), self.to_yaml());
        let of_file = |error: io::Error| format!("{}: {error}", path.display());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(path, &ours).map_err(of_file)?;
        }
        let kept = fs::read_to_string(path).map_err(of_file)?;
        let other_worlds = Self::read(&kept)?.worlds != self.worlds;
        if kept == ours || other_worlds && std::env::var_os("SMI_CASES").is_some() {
            return Ok(());
        }
        let differs = difference(&kept, &ours);
        Err(format!(
            "{} differs from this report: {differs}\n  set `UPDATE_GOLDEN` to write this report",
            path.display()
        ))
    }

    /// Returns several reports side by side as Markdown: profiles, features, laws and mutants.
    #[must_use]
    pub fn matrix(judgements: &[Self]) -> String {
        matrix::write(judgements)
    }
}

/// Writes a line for each profile, law and surviving mutant, then the counterexamples.
impl Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {} worlds and {} kept cases",
            self.adapter, self.worlds, self.kept_cases
        )?;
        for (name, profile) in &self.profiles {
            writeln!(f, "{:>12}  {name}", profile.state())?;
        }
        for (name, law) in &self.laws {
            writeln!(f, "{:>12}  {name}", law.state)?;
            for class in &law.unverified {
                writeln!(f, "{:>12}  too rare: {class}", "")?;
            }
        }
        if let Some(mutants) = &self.mutants {
            writeln!(f, "{:>12}  mutants killed", mutants.killed.len())?;
            for name in &mutants.survived {
                writeln!(f, "{:>12}  {name}", "survived")?;
            }
        }
        self.violations
            .iter()
            .try_for_each(|violation| write!(f, "\n{violation}"))
    }
}

/// Describes the degree of support for a feature.
fn in_words(support: &Support) -> String {
    match support {
        Support::Full => "full".to_owned(),
        Support::Partial(why) => format!("partial: {why}"),
        Support::None(why) => format!("none: {why}"),
    }
}

/// Works on all items, on as many threads as there are cores. The results are in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((place, item)) = next else { return };
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.insert(place, result);
                    }
                }
            });
        }
    });
    done.into_inner()
        .map(BTreeMap::into_values)
        .into_iter()
        .flatten()
        .collect()
}
