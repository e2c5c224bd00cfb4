//! The command line.

use lexopt::{Arg, Parser, ValueExt};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::object::is_dns_label;
use smi_adapter::settings::{Enforcement, Scope, Settings};
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_controller::LeaseName;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Keeps a mesh equal to what the SMI objects in a cluster say.

usage: smi-operator [OPTION…]             runs the operator
       smi-operator manifests [OPTION…]   prints what `kubectl apply -f -` installs, for an operator with these options

  --mesh istio|linkerd   the mesh (required)
  --owner NAME           value of the label `app.kubernetes.io/managed-by` of what is written (default: smi-operator)
  --namespace NS         a namespace to follow, instead of all; can be repeated
  --no-access            leave access control alone; pods need not be watched then
  --lease NS/NAME        write only while holding this Lease, so that several replicas can run
  --dry-run              write nothing; print what would be written
  --port PORT            port of /livez, /readyz and /metrics (default: 8080)
  --image IMAGE          container image (only with `manifests`; default: smi-operator:latest)
  --help                 show this text

The cluster is that of the pod, or of the kubeconfig file in `KUBECONFIG` or `~/.kube/config`. Logs are JSON lines on
standard error.
";

/// The task of one run of the program.
pub(crate) enum Command {
    Help,
    Manifests(Options, String),
    Run(Options),
}

/// The options of an operator.
pub(crate) struct Options {
    pub(crate) mesh: Arc<dyn MeshAdapter>,
    pub(crate) settings: Settings,
    pub(crate) lease: Option<LeaseName>,
    pub(crate) dry_run: bool,
    pub(crate) port: u16,
    /// The options as they were given, without those for `manifests` only.
    pub(crate) arguments: Vec<String>,
}

/// Reads the arguments of the program.
pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_args(arguments);
    let (mut is_manifests, mut image) = (false, None);
    let (mut mesh, mut lease, mut dry_run, mut port) = (None, None, false, 8080);
    let mut namespaces = BTreeSet::new();
    let mut settings = Settings::default();
    settings.owner = "smi-operator"
        .parse()
        .map_err(|error| lexopt::Error::Custom(Box::new(error)))?;
    let mut given = Vec::new();
    while let Some(argument) = parser.next()? {
        let name = match argument {
            Arg::Value(value) if value == "manifests" && !is_manifests => {
                is_manifests = true;
                continue;
            }
            Arg::Long(name) => name.to_owned(),
            Arg::Short('h') => "help".to_owned(),
            other => return Err(other.unexpected()),
        };
        match name.as_str() {
            "help" => return Ok(Command::Help),
            "no-access" => settings.enforcement = Enforcement::Off,
            "dry-run" => dry_run = true,
            "mesh" | "owner" | "namespace" | "lease" | "port" | "image" => {
                let value = parser.value()?.string()?;
                match name.as_str() {
                    "mesh" => mesh = Some(adapter(&value)?),
                    "owner" => {
                        settings.owner = value.parse().map_err(|error| lexopt::Error::Custom(Box::new(error)))?;
                    }
                    "namespace" if is_dns_label(&value) => _ = namespaces.insert(value.clone()),
                    "namespace" => return Err(format!("`{value}` is not a valid name of a namespace").into()),
                    "lease" => lease = Some(lease_name(&value)?),
                    "port" => port = value.parse().map_err(|_| format!("`{value}` is not a port"))?,
                    _ => image = Some(value.clone()),
                }
                if name != "image" {
                    given.push(format!("--{name}={value}"));
                }
                continue;
            }
            _ => return Err(Arg::Long(&name).unexpected()),
        }
        given.push(format!("--{name}"));
    }
    if !namespaces.is_empty() {
        settings.scope = Scope::Namespaces(namespaces);
    }
    let options = Options {
        mesh: mesh.ok_or("`--mesh` is missing")?,
        settings,
        lease,
        dry_run,
        port,
        arguments: given,
    };
    match (is_manifests, image) {
        (true, image) => Ok(Command::Manifests(
            options,
            image.unwrap_or_else(|| "smi-operator:latest".to_owned()),
        )),
        (false, None) => Ok(Command::Run(options)),
        (false, Some(_)) => Err("`--image` is only for `manifests`".into()),
    }
}

fn adapter(mesh: &str) -> Result<Arc<dyn MeshAdapter>, String> {
    match mesh {
        "istio" => Ok(Arc::new(Istio::default())),
        "linkerd" => Ok(Arc::new(Linkerd::default())),
        _ => Err(format!("`{mesh}` is not a known mesh: use `istio` or `linkerd`")),
    }
}

fn lease_name(lease: &str) -> Result<LeaseName, String> {
    let name = lease
        .split_once('/')
        .filter(|(namespace, name)| is_dns_label(namespace) && is_dns_label(name));
    let name = name.map(|(namespace, name)| LeaseName::new(namespace, name));
    name.ok_or_else(|| format!("`{lease}` is not a lease: use `namespace/name`"))
}
