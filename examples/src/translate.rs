//! The program `translate`: translates SMI manifests to the configuration of a mesh.

use crate::input::Input;
use crate::options::{self, Options, Word};
use crate::report::{self, Format, Message};
use crate::{Exit, Stop, wording};
use lexopt::{Parser, ValueExt};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::yaml;
use smi_adapter_istio::{Istio, Regex};
use smi_adapter_linkerd::{Linkerd, SplitMode};
use std::ffi::OsString;
use std::io::{Read, Write};

const HELP: &str = "\
Translates SMI objects to the configuration of a mesh, and writes it to standard output as YAML.

translate --mesh MESH [OPTION…] FILE…

  --mesh MESH              the mesh: istio or linkerd
  --gateway NS/NAME        Istio: allow splits to select this gateway; can be repeated
  --external-host HOST     Istio: allow splits to use this host outside the cluster as their root; can be repeated
  --envoy-filters          Istio: express regular expressions in access control with EnvoyFilters
  --tcp-routes             Linkerd: the cluster serves TCPRoute v1alpha2
  --profiles               Linkerd: write ServiceProfiles instead of routes

";

/// Runs the program. Writes native objects to `out`, and messages for the authors of manifests to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let outcome = translate(Parser::from_args(arguments), stdin, out, err);
    crate::exit(outcome, err)
}

fn translate(parser: Parser, stdin: &mut dyn Read, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(Task { adapter, options }) = parse(parser)? else {
        write!(out, "{HELP}{}", options::HELP)?;
        return Ok(Exit::Done);
    };
    let mut input = Input::read(&options, stdin)?;

    // Native objects in the input are reviewed like those of a cluster. The output contains every desired object, with
    // or without them.
    let ignored = input.natives.recognize(&*adapter);
    let observed = input.natives.observed(&*adapter, &options.settings);
    let mut planned = adapter.plan(&input.snapshot, &options.settings, &observed);
    for manifest in &mut planned.manifests {
        manifest.object.metadata.creation_timestamp = None;
    }
    let text = yaml::write(planned.manifests.iter().map(|manifest| &manifest.object));

    let mut diagnostics = std::mem::take(&mut input.assumed);
    diagnostics.extend(planned.diagnostics);
    diagnostics.sort();
    let mut messages = std::mem::take(&mut input.messages);
    messages.extend(input.unreported(diagnostics));
    messages.extend(input.natives.stale(&planned.plan));
    messages.extend(ignored);
    if matches!(options.format, Format::Human) {
        messages = wording::once_for_all_namespaces(messages);
    }

    // The messages are written even if the reader of the output closes it early.
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    write_messages(&messages, planned.manifests.len(), &*adapter, options.format, err)?;
    written?;
    Ok(if report::has_errors(&messages) {
        Exit::Errors
    } else {
        Exit::Done
    })
}

fn write_messages(
    messages: &[Message],
    objects: usize,
    adapter: &dyn MeshAdapter,
    format: Format,
    err: &mut dyn Write,
) -> Result<(), Stop> {
    report::write(messages, format, err)?;
    if matches!(format, Format::Human) {
        let (objects, mesh, counts) = (
            report::plural(objects, "object"),
            adapter.name(),
            report::count(messages),
        );
        writeln!(err, "{objects} written for {mesh}; {counts}")?;
    }
    Ok(())
}

/// The task on the command line.
struct Task {
    adapter: Box<dyn MeshAdapter>,
    options: Options,
}

/// Parses the command line. Returns `None` for `--help`.
fn parse(mut parser: Parser) -> Result<Option<Task>, Stop> {
    let mut options = Options::new();
    let mut mesh = None;
    let (mut istio, mut linkerd) = (Istio::default(), Linkerd::default());
    while let Some(word) = options::next(&mut parser)? {
        match word {
            Word::Option(option) if option == "help" => return Ok(None),
            Word::Option(option) if option == "mesh" => mesh = Some(parser.value()?.string()?),
            Word::Option(option) if option == "gateway" => _ = istio.gateways.insert(parser.value()?.string()?),
            Word::Option(option) if option == "external-host" => {
                istio.external_hosts.insert(parser.value()?.string()?);
            }
            Word::Option(option) if option == "envoy-filters" => istio.regex = Regex::EnvoyFilter,
            Word::Option(option) if option == "tcp-routes" => linkerd.tcp_routes = true,
            Word::Option(option) if option == "profiles" => linkerd.split_mode = SplitMode::ServiceProfile,
            other => options.take(other, &mut parser)?,
        }
    }
    let adapter: Box<dyn MeshAdapter> = match mesh.as_deref() {
        Some("istio") => Box::new(istio),
        Some("linkerd") => Box::new(linkerd),
        Some(other) => {
            let reason = format!("unknown mesh `{other}`, expected `istio` or `linkerd`");
            return Err(Stop::Refused(reason));
        }
        None => {
            let reason = "`--mesh` is missing, expected `istio` or `linkerd`";
            return Err(Stop::Refused(reason.into()));
        }
    };
    let options = options.complete()?;
    Ok(Some(Task { adapter, options }))
}
