//! The options that both programs have.

use crate::Stop;
use crate::report::Format;
use lexopt::{Arg, Parser, ValueExt};
use smi_adapter::object::{DEFAULT_NAMESPACE, is_dns_label, is_dns_subdomain};
use smi_adapter::settings::{HeaderAnchor, PathAnchor, Settings};
use std::ffi::OsString;

/// What `--help` says of them.
pub(crate) const HELP: &str = "\
FILE… are manifests in YAML or JSON: files, folders (with all they hold; links to folders are not followed), or
- for standard input. SMI objects, Services, Namespaces, Pods and what makes Pods count; the rest is left alone.

  --namespace NS           namespace of objects that name none (default: default)
  --assume-ports P[,P…]    assume Services that splits refer to and FILE… do not hold, with these TCP ports
  --assume-workloads       assume a Deployment for each destination that nothing in FILE… runs as, with the ports of
                           --assume-ports
  --enforce NS             a namespace that is enforced already; may come more than once
  --path-anchor full|start     how much of a path a `pathRegex` must match (default: full)
  --header-anchor full|search  how much of a value a header filter must match (default: full)
  --cluster-domain D       DNS domain of the cluster (default: cluster.local)
  --trust-domain D         trust domain of the mesh (default: cluster.local)
  --report human|json      form of what is told on standard error; json is one object a line (default: human)
  --help                   this text

Exit status: 0 done; 1 it could not run (one line of text says why); 2 done, and there are errors in FILE…
";

/// What both programs are asked.
pub(crate) struct Options {
    pub(crate) files: Vec<OsString>,
    pub(crate) namespace: String,
    pub(crate) assume_ports: Vec<u16>,
    pub(crate) assume_workloads: bool,
    pub(crate) enforced: Vec<String>,
    pub(crate) report: Format,
    pub(crate) settings: Settings,
}

/// One word of a command line.
pub(crate) enum Word {
    /// An option, without its hyphens.
    Option(String),
    /// Something else: a file.
    File(OsString),
}

/// The next word, free of the parser, so that the value of an option can be asked for.
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
            report: Format::Human,
            settings: Settings::default(),
        }
    }

    /// Takes a word that the program itself does not know.
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
            "report" => self.report = one_of(&value()?, &[("human", Format::Human), ("json", Format::Json)])?,
            _ => return Err(lexopt::Error::UnexpectedOption(format!("--{option}"))),
        }
        Ok(())
    }

    /// Refuses a command line without files.
    pub(crate) fn complete(self) -> Result<Self, Stop> {
        if self.files.is_empty() {
            let reason = "no input: name files, folders, or `-` for standard input";
            return Err(Stop::Refused(reason.into()));
        }
        Ok(self)
    }
}

/// The choice that `value` names.
pub(crate) fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices.iter().find(|(name, _)| *name == value);
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("`{value}` is none of `{}`", names.join("`, `"))
    })
}

pub(crate) fn namespace(value: &str) -> Result<String, String> {
    if is_dns_label(value) {
        Ok(value.into())
    } else {
        Err(format!("`{value}` is no namespace: it must be a DNS label"))
    }
}

fn domain(value: &str) -> Result<String, String> {
    if is_dns_subdomain(value) {
        Ok(value.into())
    } else {
        Err(format!("`{value}` is no DNS domain"))
    }
}

fn ports(value: &str) -> Result<Vec<u16>, String> {
    value.split(',').map(port).collect()
}

pub(crate) fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(0) | Err(_) => Err(format!("`{value}` is no port between 1 and 65535")),
        Ok(port) => Ok(port),
    }
}
