//! Where a request goes, whether it is let in there, and why.

mod access;

use crate::input::Input;
use crate::options::{self, Options, Word};
use crate::report;
use crate::{Exit, Stop};
use lexopt::{Parser, ValueExt};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef, is_dns_label};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, Routing, RoutingQuery, Traffic};
use smi_adapter::resolve::resolve;
use smi_adapter::semantics::{Trace, route};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{Read, Write};

const HELP: &str = "\
Says where a request goes, and whether it is let in by the workloads there; and why, one step a line, each with the
rule that it follows.

explain --to SERVICE:PORT [OPTION…] FILE…

  --to SERVICE:PORT        who is called: `name` or `name.namespace` of a Service, and a port of it
  --from NS/SA             who calls: a service account (default: somebody without identity). NS is also where a SERVICE
                           without namespace is looked for
  --path P                 path of the request, with the query if there is one (default: /)
  --method M               method of the request (default: GET)
  --header NAME=VALUE      header of the request; may come more than once. Without a `host` header one is added, as
                           clients do: SERVICE:PORT, or SERVICE on port 80
  --tcp                    plain TCP instead of an HTTP request

";

/// Runs the program. It writes the answer to `out`, and to `err` what authors of the objects that had a part in
/// it should know.
pub fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let outcome = explain(Parser::from_args(arguments), stdin, out, err);
    crate::exit(outcome, err)
}

fn explain(parser: Parser, stdin: &mut dyn Read, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let Some((question, options)) = parse(parser)? else {
        write!(out, "{HELP}{}", options::HELP)?;
        return Ok(Exit::Done);
    };
    let query = question.query(&options.namespace)?;
    let mut input = Input::read(&options, stdin)?;
    let (routing, trace) = route(&input.snapshot, &options.settings, &query);

    // The trace says what decided; the diagnostics say what their authors could do about it. Where nothing is
    // called, no split was looked at, and one of them may know why.
    let nowhere = routing == Routing::Exactly(Distribution::all_to(Endpoint::Nowhere));
    let Destination::Service { key: called, .. } = &query.to;
    let in_question =
        |object: &ObjectRef| nowhere && object.kind == Kind::TRAFFIC_SPLIT && object.key.namespace == called.namespace;
    let let_in = access::knocks(&input.snapshot, &options.settings, &query, &routing);
    let traces = std::iter::once(&trace).chain(let_in.iter().map(|(_, _, trace)| trace));
    let seen: BTreeSet<&ObjectRef> = traces.flat_map(Trace::steps).map(|step| &step.object).collect();
    let mut diagnostics = std::mem::take(&mut input.assumed);
    diagnostics.extend(resolve(&input.snapshot, &options.settings).diagnostics);
    diagnostics.retain(|said: &Diagnostic| seen.contains(&said.object) || in_question(&said.object));
    diagnostics.sort();
    let mut messages = std::mem::take(&mut input.messages);
    messages.extend(input.locate(diagnostics));

    report::line(out, &routing.to_string())?;
    for step in trace.steps() {
        report::line(out, &step.to_string())?;
    }
    for (query, access, trace) in let_in {
        report::line(out, &format!("{}:{} {access}", query.to, query.port))?;
        for step in trace.steps() {
            report::line(out, &format!("  {step}"))?;
        }
    }
    out.flush()?;
    report::write(&messages, options.report, err)?;
    Ok(if report::has_errors(&messages) {
        Exit::Errors
    } else {
        Exit::Done
    })
}

/// What is asked.
#[derive(Default)]
struct Question {
    from: Option<Identity>,
    to: Option<(String, u16)>,
    path: Option<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    tcp: bool,
}

/// Reads the command line; `None` asks for help.
fn parse(mut parser: Parser) -> Result<Option<(Question, Options)>, Stop> {
    let mut options = Options::new();
    let mut question = Question::default();
    while let Some(word) = options::next(&mut parser)? {
        let Word::Option(option) = &word else {
            options.take(word, &mut parser)?;
            continue;
        };
        let mut value = || parser.value().and_then(ValueExt::string);
        match option.as_str() {
            "help" => return Ok(None),
            "from" => question.from = Some(identity(&value()?)?),
            "to" => question.to = Some(destination(&value()?)?),
            "path" => question.path = Some(value()?),
            "method" => question.method = Some(value()?),
            "header" => question.headers.push(header(&value()?)?),
            "tcp" => question.tcp = true,
            _ => options.take(word, &mut parser)?,
        }
    }
    Ok(Some((question, options.complete()?)))
}

impl Question {
    fn query(self, default_namespace: &str) -> Result<RoutingQuery, Stop> {
        let Some((service, port)) = self.to else {
            return Err(Stop::Refused(
                "`--to` is missing: whom to call, as `name.namespace:port`".into(),
            ));
        };
        let is_http = self.path.is_some() || self.method.is_some() || !self.headers.is_empty();
        if self.tcp && is_http {
            let reason = "`--tcp` goes with none of `--path`, `--method` and `--header`";
            return Err(Stop::Refused(reason.into()));
        }
        let traffic = if self.tcp {
            Traffic::Tcp
        } else {
            let mut headers = self.headers;
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
                headers.insert(0, ("host".into(), host(&service, port)));
            }
            Traffic::Http(Request {
                method: self.method.unwrap_or_else(|| "GET".into()),
                path: self.path.unwrap_or_else(|| "/".into()),
                headers,
            })
        };
        let local = self.from.as_ref().map_or(default_namespace, |from| &from.namespace);
        let (name, namespace) = service.split_once('.').unwrap_or((&service, local));
        let key = ObjectKey::new(namespace, name);
        Ok(RoutingQuery {
            from: self.from,
            to: Destination::Service { key, port },
            traffic,
        })
    }
}

/// The authority of a request: clients leave the default port of HTTP out.
fn host(service: &str, port: u16) -> String {
    if port == 80 {
        service.into()
    } else {
        format!("{service}:{port}")
    }
}

fn identity(value: &str) -> Result<Identity, lexopt::Error> {
    match value.split_once('/') {
        Some((namespace, service_account)) if is_dns_label(namespace) && !service_account.is_empty() => Ok(Identity {
            namespace: namespace.into(),
            service_account: service_account.into(),
        }),
        _ => Err(format!("`{value}` is no service account: write `namespace/name`").into()),
    }
}

fn destination(value: &str) -> Result<(String, u16), lexopt::Error> {
    let Some((service, port)) = value.split_once(':') else {
        return Err(format!("`{value}` has no port: write `name:port` or `name.namespace:port`").into());
    };
    let port = options::port(port)?;
    if service.split('.').count() > 2 || !service.split('.').all(is_dns_label) {
        return Err(format!("`{service}` is no service: write `name` or `name.namespace`").into());
    }
    Ok((service.into(), port))
}

fn header(value: &str) -> Result<(String, String), lexopt::Error> {
    match value.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err(format!("`{value}` is no header: write `name=value`").into()),
    }
}
