//! The settings of a case as text.

use serde::{Deserialize, Serialize};
use smi_adapter::settings::{Enforcement, HeaderAnchor, PathAnchor, Scope, Settings, UnknownFields};
use std::collections::BTreeSet;

/// The settings that a case can have. Omitted settings have their defaults.
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
    unknown_fields: Option<UnknownText>,
}

#[derive(Deserialize, Serialize)]
enum UnknownText {
    Restrict,
    Ignore,
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

/// The enforcement, written as `Targets`, `Off`, or `{except: [kube-system]}` for all namespaces except those.
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
            unknown_fields: Some(match settings.unknown_fields {
                UnknownFields::Restrict => UnknownText::Restrict,
                UnknownFields::Ignore => UnknownText::Ignore,
            }),
        }
    }

    pub(super) fn settings(self) -> Settings {
        let mut settings = Settings::default();
        if let Some(namespaces) = self.namespaces {
            settings.scope = Scope::Namespaces(namespaces);
        }
        if let Some(anchor) = self.path_anchor {
            settings.path_anchor = match anchor {
                PathText::Full => PathAnchor::Full,
                PathText::Start => PathAnchor::Start,
            };
        }
        if let Some(anchor) = self.header_anchor {
            settings.header_anchor = match anchor {
                HeaderText::Full => HeaderAnchor::Full,
                HeaderText::Search => HeaderAnchor::Search,
            };
        }
        if let Some(domain) = self.cluster_domain {
            settings.cluster_domain = domain;
        }
        if let Some(domain) = self.trust_domain {
            settings.trust_domain = domain;
        }
        if let Some(chosen) = self.enforcement {
            settings.enforcement = match chosen {
                EnforcementText::Targets => Enforcement::Targets,
                EnforcementText::Off => Enforcement::Off,
                EnforcementText::Except(except) => Enforcement::All { except },
            };
        }
        settings.foreign_destinations = self.foreign_destinations;
        if let Some(UnknownText::Ignore) = self.unknown_fields {
            settings.unknown_fields = UnknownFields::Ignore;
        }
        settings
    }
}
