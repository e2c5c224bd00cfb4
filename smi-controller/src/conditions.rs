//! Conditions: what became of an SMI object, for its status.

use crate::event::located;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::plan::{State, Status};

/// The longest message of a condition, in bytes.
const MAX_MESSAGE: usize = 32_768;

/// The reason of a condition that is true.
const TRUE: &str = "True";

/// Returns the conditions of an SMI object, in the usual form of Kubernetes.
///
/// | type | `True` if |
/// |---|---|
/// | `Accepted` | the object is valid by itself |
/// | `ResolvedRefs` | everything that the object refers to exists |
/// | `Programmed` | the whole object is in force, and the mesh has its configuration |
///
/// The reason of a condition that is `False` is the code of the first diagnostic that it follows from, or `Pending` if
/// there is none. `writes` are the diagnostics about writes for the object, and `is_written` tells that no write is
/// outstanding. `former` are the conditions that the object has: those of other types stay, and the transition time of
/// one whose status is the same. `time` is the transition time of the others.
///
/// ```
/// use k8s_openapi::jiff::Timestamp;
/// use smi_adapter::plan::{State, Status};
/// use smi_controller::conditions;
///
/// let mut status = Status::default();
/// status.state = State::InForce;
/// let conditions = conditions(&status, &[], true, Some(3), &[], Timestamp::UNIX_EPOCH);
/// assert!(conditions.iter().all(|condition| condition.status == "True"));
/// ```
#[must_use]
pub fn conditions(
    status: &Status,
    writes: &[Diagnostic],
    is_written: bool,
    generation: Option<i64>,
    former: &[Condition],
    time: Timestamp,
) -> Vec<Condition> {
    let impairing: Vec<&Diagnostic> = status
        .diagnostics
        .iter()
        .chain(writes)
        .filter(|diagnostic| diagnostic.code.effect() != Effect::InForce)
        .collect();
    let of = |chosen: fn(&Diagnostic) -> bool| -> Vec<&Diagnostic> {
        impairing
            .iter()
            .copied()
            .filter(|diagnostic| chosen(diagnostic))
            .collect()
    };
    let is_programmed = status.state == State::InForce && is_written && impairing.is_empty();
    // An object that nothing refers to has no effect, although nothing is wrong with it.
    let programmed = if impairing.is_empty() && status.state != State::InForce {
        status.diagnostics.iter().collect()
    } else {
        impairing.clone()
    };
    let ours = [
        ("Accepted", None, of(is_about_itself)),
        ("ResolvedRefs", None, of(is_about_a_reference)),
        ("Programmed", (!is_programmed).then_some("Pending"), programmed),
    ];
    let types = ours.each_ref().map(|(type_, ..)| *type_);
    let mut conditions: Vec<Condition> = ours
        .into_iter()
        .map(|(type_, pending, causes)| {
            let reason = causes.first().map(|cause| cause.code.as_str()).or(pending);
            let status = if reason.is_none() { "True" } else { "False" };
            let earlier = former
                .iter()
                .find(|earlier| earlier.type_ == type_ && earlier.status == status);
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.unwrap_or(TRUE).to_owned(),
                message: message(&causes),
                observed_generation: generation,
                last_transition_time: earlier.map_or(Time(time), |earlier| earlier.last_transition_time.clone()),
            }
        })
        .collect();
    let others = former.iter().filter(|earlier| !types.contains(&earlier.type_.as_str()));
    conditions.extend(others.cloned());
    conditions
}

/// Returns the conditions in the status of an object. Those in another form are left out.
pub(crate) fn in_status(status: &Value) -> Vec<Condition> {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions
        .filter_map(|condition| Condition::deserialize(condition).ok())
        .collect()
}

/// Returns the diagnostics as lines.
fn message(causes: &[&Diagnostic]) -> String {
    let mut message = String::new();
    for cause in causes {
        let line = located(cause) + "\n";
        if message.len() + line.len() > MAX_MESSAGE {
            break;
        }
        message.push_str(&line);
    }
    message.truncate(message.trim_end().len());
    message
}

/// Returns `true` if a diagnostic follows from the object alone.
fn is_about_itself(diagnostic: &Diagnostic) -> bool {
    let unreadable = [
        Code::Invalid,
        Code::Undecodable,
        Code::UnknownField,
        Code::UnknownVersion,
    ];
    diagnostic.rule.is_some() || unreadable.contains(&diagnostic.code)
}

/// Returns `true` if a diagnostic is about an object that is missing.
fn is_about_a_reference(diagnostic: &Diagnostic) -> bool {
    let missing = [
        Code::BackendMissing,
        Code::NoDestinationWorkload,
        Code::RootUnusable,
        Code::UnresolvedRef,
    ];
    missing.contains(&diagnostic.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::object::{ObjectKey, ObjectRef};

    fn diagnostic(code: Code) -> Diagnostic {
        let split = ObjectRef::split(ObjectKey::new("shop", "canary"));
        Diagnostic::new(code, split, "spec.service".into(), "a message")
    }

    fn status(state: State, codes: &[Code]) -> Status {
        Status {
            state,
            diagnostics: codes.iter().map(|code| diagnostic(*code)).collect(),
            ..Status::default()
        }
    }

    /// Returns type, status and reason of each condition.
    fn short(conditions: &[Condition]) -> Vec<[&str; 3]> {
        conditions
            .iter()
            .map(|it| [it.type_.as_str(), it.status.as_str(), it.reason.as_str()])
            .collect()
    }

    fn of(status: &Status, writes: &[Diagnostic], is_written: bool) -> Vec<Condition> {
        conditions(status, writes, is_written, Some(2), &[], Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_object_in_force_fulfils_all_conditions() {
        let all = of(&status(State::InForce, &[Code::SelfReference]), &[], true);
        assert_eq!(
            short(&all),
            [
                ["Accepted", "True", "True"],
                ["ResolvedRefs", "True", "True"],
                ["Programmed", "True", "True"]
            ]
        );
        assert!(all.iter().all(|condition| condition.observed_generation == Some(2)));
    }

    #[test]
    fn reasons_are_codes() {
        let all = of(&status(State::InPart, &[Code::BackendMissing]), &[], true);
        assert_eq!(
            short(&all),
            [
                ["Accepted", "True", "True"],
                ["ResolvedRefs", "False", "BackendMissing"],
                ["Programmed", "False", "BackendMissing"]
            ]
        );
        assert_eq!(all[1].message, "spec.service: a message");
        let invalid = of(&status(State::Inert, &[Code::Invalid]), &[], true);
        assert_eq!(short(&invalid)[0], ["Accepted", "False", "Invalid"]);
    }

    #[test]
    fn what_is_not_written_is_not_programmed() {
        let status = status(State::InForce, &[]);
        assert_eq!(short(&of(&status, &[], false))[2], ["Programmed", "False", "Pending"]);
        let refused = [diagnostic(Code::Refused)];
        assert_eq!(
            short(&of(&status, &refused, false))[2],
            ["Programmed", "False", "Refused"]
        );
    }

    #[test]
    fn a_status_that_stays_keeps_its_time_and_others_stay() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let mut former = of(&status(State::InPart, &[Code::BackendMissing]), &[], true);
        former.push(Condition {
            type_: "Promoted".to_owned(),
            ..former[0].clone()
        });
        let now = conditions(&status(State::InForce, &[]), &[], true, Some(3), &former, late);
        let times: Vec<Timestamp> = now.iter().map(|condition| condition.last_transition_time.0).collect();
        assert_eq!(times, [early, late, late, early]);
        assert_eq!(now[3], former[3]);
    }
}
