//! Settings of a case as text.

use crate::settings::{Enforcement, HeaderAnchor, PathAnchor, Scope, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The settings that a case can have. What is left out is as in the defaults.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(super) struct SettingsText {
    namespaces: Option<BTreeSet<String>>,
    path_anchor: Option<PathText>,
    header_anchor: Option<HeaderText>,
    cluster_domain: Option<String>,
    trust_domain: Option<String>,
    enforcement: Option<EnforcementText>,
    foreign_destinations: bool,
}

#[derive(Deserialize, Serialize)]
enum PathText {
    Full,
    Start,
}

#[derive(Deserialize, Serialize)]
enum HeaderText {
    Full,
    Search,
}

/// Written `Targets`, `Off`, or `{except: [kube-system]}`, which is all namespaces but those.
#[derive(Deserialize, Serialize)]
enum EnforcementText {
    Targets,
    Off,
    #[serde(rename = "except")]
    Except(BTreeSet<String>),
}

impl SettingsText {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            namespaces: match &settings.scope {
                Scope::All => None,
                Scope::Namespaces(namespaces) => Some(namespaces.clone()),
            },
            path_anchor: Some(match settings.path_anchor {
                PathAnchor::Full => PathText::Full,
                PathAnchor::Start => PathText::Start,
            }),
            header_anchor: Some(match settings.header_anchor {
                HeaderAnchor::Full => HeaderText::Full,
                HeaderAnchor::Search => HeaderText::Search,
            }),
            cluster_domain: Some(settings.cluster_domain.clone()),
            trust_domain: Some(settings.trust_domain.clone()),
            enforcement: Some(match &settings.enforcement {
                Enforcement::Targets => EnforcementText::Targets,
                Enforcement::Off => EnforcementText::Off,
                Enforcement::All { except } => EnforcementText::Except(except.clone()),
            }),
            foreign_destinations: settings.foreign_destinations,
        }
    }

    pub(super) fn settings(self) -> Settings {
        let default = Settings::default();
        Settings {
            scope: self.namespaces.map_or(default.scope, Scope::Namespaces),
            path_anchor: self.path_anchor.map_or(default.path_anchor, |anchor| match anchor {
                PathText::Full => PathAnchor::Full,
                PathText::Start => PathAnchor::Start,
            }),
            header_anchor: self.header_anchor.map_or(default.header_anchor, |anchor| match anchor {
                HeaderText::Full => HeaderAnchor::Full,
                HeaderText::Search => HeaderAnchor::Search,
            }),
            cluster_domain: self.cluster_domain.unwrap_or(default.cluster_domain),
            trust_domain: self.trust_domain.unwrap_or(default.trust_domain),
            enforcement: self.enforcement.map_or(default.enforcement, |chosen| match chosen {
                EnforcementText::Targets => Enforcement::Targets,
                EnforcementText::Off => Enforcement::Off,
                EnforcementText::Except(except) => Enforcement::All { except },
            }),
            foreign_destinations: self.foreign_destinations,
            ..default
        }
    }
}
