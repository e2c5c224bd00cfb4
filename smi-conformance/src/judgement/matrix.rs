//! Reports side by side.

use super::Judgement;
use crate::laws::Law;
use crate::mutants::{Fate, Mutant};
use smi_adapter::adapter::Feature;

/// Writes Markdown with a column for each report.
pub(super) fn write(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    let head = |judgement: &Judgement| {
        if judgement.mode.is_empty() {
            judgement.adapter.clone()
        } else {
            format!("{}, {}", judgement.adapter, judgement.mode)
        }
    };
    let heads: Vec<String> = judgements.iter().map(head).collect();
    let mut table = |title: &str, rows: Vec<(String, Vec<String>)>| {
        text.push_str(&line(title, &heads));
        text.push_str(&line("---", &vec!["---".to_owned(); heads.len()]));
        for (name, cells) in &rows {
            text.push_str(&line(name, cells));
        }
        text.push('\n');
    };
    let each = |cell: &dyn Fn(&Judgement) -> String| judgements.iter().map(cell).collect::<Vec<String>>();

    let profiles = judgements
        .first()
        .into_iter()
        .flat_map(|judgement| judgement.profiles.keys());
    let rows = profiles.map(|name| {
        let state = |judgement: &Judgement| {
            judgement
                .profiles
                .get(name)
                .map(|profile| profile.state().to_string())
                .unwrap_or_default()
        };
        (name.clone(), each(&state))
    });
    table("profile", rows.collect());

    let rows = Feature::ALL.into_iter().map(|feature| {
        let name = format!("{feature:?}");
        let support = |judgement: &Judgement| {
            let mut profiles = judgement.profiles.values();
            profiles
                .find_map(|profile| profile.features().get(&name))
                .cloned()
                .unwrap_or_default()
        };
        let cells = each(&support);
        (format!("`{name}`"), cells)
    });
    table("feature", rows.collect());

    let rows = Law::ALL.iter().map(|name| {
        let outcome = |judgement: &Judgement| {
            let Some(law) = judgement.laws.get(name) else {
                return String::new();
            };
            match law.queries {
                0 => law.state.to_string(),
                queries => format!("{}, {queries} queries", law.state),
            }
        };
        (format!("`{name}`"), each(&outcome))
    });
    table("law", rows.collect());

    let rows = Mutant::all().map(|mutant| {
        let fate = |judgement: &Judgement| match &judgement.mutants {
            None => String::new(),
            Some(mutants) => match mutants.fate(&mutant) {
                Fate::Killed { after } => format!("{} after {after}", mutant.law()),
                Fate::Survived => "**survived**".to_owned(),
                Fate::NotApplicable => "not applicable".to_owned(),
            },
        };
        (mutant.name().to_owned(), each(&fate))
    });
    table(
        "mutant, with the law that kills it and the number of worlds before",
        rows.collect(),
    );
    text
}

fn line(name: &str, cells: &[String]) -> String {
    format!("| {name} | {} |\n", cells.join(" | "))
}
