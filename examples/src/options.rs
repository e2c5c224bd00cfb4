//! The options that `translate` and `explain` share.

use crate::Stop;
use crate::report::Format;
use lexopt::{Arg, Parser, ValueExt};
use smi_adapter::object::{DEFAULT_NAMESPACE, is_dns_label, is_dns_subdomain};
use smi_adapter::settings::{HeaderAnchor, PathAnchor, Settings};
use std::ffi::OsString;

/// Help text of the shared options.
pub(crate) const HELP: &str = "\
FILE… are manifests in YAML or JSON: files, folders (including subfolders, but not hidden entries or links to folders),
or - for standard input. A file is read once, even if several links lead to it. SMI objects, Services, Namespaces, Pods
and objects with a pod template are read. Objects of the mesh count as present in the cluster. All others are ignored.

  --namespace NS           namespace of objects without one (default: default)
  --assume-ports P[,P…]    assume the Services that splits refer to but FILE… do not contain, with these TCP ports
  --assume-workloads       assume a Deployment for each destination without a workload in FILE…, with the ports of
                           --assume-ports
  --enforce NS             treat this namespace as enforced already; can be repeated
  --path-anchor full|start     part of a path that a `pathRegex` must match (default: full)
  --header-anchor full|search  part of a value that a header filter must match (default: full)
  --cluster-domain D       DNS domain of the cluster (default: cluster.local)
  --trust-domain D         trust domain of the mesh (default: cluster.local)
  --format human|json      format of the messages on standard error; json is one object per line (default: human)
  --help                   show this text

Exit status: 0 on success; 1 if the program could not run (one line states the reason); 2 if errors were reported
";

/// The values of the shared options.
pub(crate) struct Options {
    pub(crate) files: Vec<OsString>,
    pub(crate) namespace: String,
    pub(crate) assume_ports: Vec<u16>,
    pub(crate) assume_workloads: bool,
    pub(crate) enforced: Vec<String>,
    pub(crate) format: Format,
    pub(crate) settings: Settings,
}

/// One word of a command line.
pub(crate) enum Word {
    /// An option, without its hyphens.
    Option(String),
    /// Any other word, which is a file.
    File(OsString),
}

/// Returns the next word. It does not borrow the parser, so that the value of an option can be read next.
pub(crate) fn next(parser: &mut Parser) -> Result<Option<Word>, lexopt::Error> {
    Ok(match parser.next()? {
        None => None,
        Some(Arg::Long(name)) => Some(Word::Option(name.to_owned())),
        Some(Arg::Short('h')) => Some(Word::Option("help".into())),
        Some(Arg::Value(file)) => Some(Word::File(file)),
        Some(other @ Arg::Short(_)) => return Err(other.unexpected()),
    })
}

impl Options {
    pub(crate) fn new() -> Self {
        Self {
            files: Vec::new(),
            namespace: DEFAULT_NAMESPACE.into(),
            assume_ports: Vec::new(),
            assume_workloads: false,
            enforced: Vec::new(),
            format: Format::Human,
            settings: Settings::default(),
        }
    }

    /// Handles a word that is not an option of the program itself.
    pub(crate) fn take(&mut self, word: Word, parser: &mut Parser) -> Result<(), lexopt::Error> {
        let option = match word {
            Word::Option(option) => option,
            Word::File(file) => {
                self.files.push(file);
                return Ok(());
            }
        };
        let mut value = || parser.value().and_then(ValueExt::string);
        match option.as_str() {
            "namespace" => self.namespace = namespace(&value()?)?,
            "assume-ports" => self.assume_ports = ports(&value()?)?,
            "assume-workloads" => self.assume_workloads = true,
            "enforce" => self.enforced.push(namespace(&value()?)?),
            "trust-domain" => self.settings.trust_domain = domain(&value()?)?,
            "path-anchor" => {
                self.settings.path_anchor =
                    one_of(&value()?, &[("full", PathAnchor::Full), ("start", PathAnchor::Start)])?;
            }
            "header-anchor" => {
                self.settings.header_anchor = one_of(
                    &value()?,
                    &[("full", HeaderAnchor::Full), ("search", HeaderAnchor::Search)],
                )?;
            }
            "cluster-domain" => self.settings.cluster_domain = domain(&value()?)?,
            "format" => self.format = one_of(&value()?, &[("human", Format::Human), ("json", Format::Json)])?,
            _ => return Err(lexopt::Error::UnexpectedOption(format!("--{option}"))),
        }
        Ok(())
    }

    /// Returns an error if the command line has no files.
    pub(crate) fn complete(self) -> Result<Self, Stop> {
        if self.files.is_empty() {
            let reason = "no input: specify files, folders, or `-` for standard input";
            return Err(Stop::Refused(reason.into()));
        }
        Ok(self)
    }
}

/// Returns the choice with the name `value`.
pub(crate) fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices.iter().find(|(name, _)| *name == value);
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("`{value}` is not one of `{}`", names.join("`, `"))
    })
}

pub(crate) fn namespace(value: &str) -> Result<String, String> {
    if is_dns_label(value) {
        Ok(value.into())
    } else {
        Err(format!("`{value}` is not a namespace, expected a DNS label"))
    }
}

fn domain(value: &str) -> Result<String, String> {
    if is_dns_subdomain(value) {
        Ok(value.into())
    } else {
        Err(format!("`{value}` is not a DNS domain"))
    }
}

fn ports(value: &str) -> Result<Vec<u16>, String> {
    value.split(',').map(port).collect()
}

pub(crate) fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(0) | Err(_) => Err(format!("`{value}` is not a port between 1 and 65535")),
        Ok(port) => Ok(port),
    }
}
