//! From manifests with SMI objects to a mesh's own configuration.

use crate::input::Input;
use crate::options::{self, Options, Word};
use crate::report::{self, Format, Message};
use crate::{Exit, Stop};
use lexopt::{Parser, ValueExt};
use smi_adapter::adapter::{MeshAdapter, MeshAdapterExt};
use smi_adapter::plan::Observed;
use smi_adapter::yaml;
use smi_adapter_istio::{Istio, Regex};
use smi_adapter_linkerd::{Linkerd, SplitMode};
use std::ffi::OsString;
use std::io::{Read, Write};

const HELP: &str = "\
Writes a mesh's own configuration for SMI objects, as YAML to standard output.

translate --mesh MESH [OPTION…] FILE…

  --mesh MESH              the mesh: istio or linkerd
  --gateway NS/NAME        Istio: let splits ask for this gateway; may come more than once
  --external-host HOST     Istio: let splits name this host outside the cluster as their root; may come more than once
  --envoy-filters          Istio: say regular expressions of traffic targets by EnvoyFilters
  --tcp-routes             Linkerd: the cluster serves TCPRoute v1alpha2
  --profiles               Linkerd: write ServiceProfiles instead of routes

";

/// Runs the program. It writes native objects to `out`, and to `err` what authors should know.
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

    // With nothing observed in a cluster, the plan is to write everything.
    let planned = adapter.plan(&input.snapshot, &options.settings, &Observed::default());
    let text = yaml::write(planned.manifests.iter().map(|manifest| &manifest.object));

    let mut diagnostics = std::mem::take(&mut input.assumed);
    diagnostics.extend(planned.diagnostics);
    diagnostics.sort();
    let mut messages = std::mem::take(&mut input.messages);
    messages.extend(input.locate(diagnostics));
    messages.extend(input.left_alone());

    // Whoever reads only the beginning of the output still learns of the errors.
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    tell(&messages, planned.manifests.len(), &*adapter, options.report, err)?;
    written?;
    Ok(if report::has_errors(&messages) {
        Exit::Errors
    } else {
        Exit::Done
    })
}

fn tell(
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

/// What is asked.
struct Task {
    adapter: Box<dyn MeshAdapter>,
    options: Options,
}

/// Reads the command line; `None` asks for help.
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
            let reason = format!("there is no mesh `{other}` here, only `istio` and `linkerd`");
            return Err(Stop::Refused(reason));
        }
        None => return Err(Stop::Refused("`--mesh` is missing; it is `istio` or `linkerd`".into())),
    };
    let options = options.complete()?;
    Ok(Some(Task { adapter, options }))
}
