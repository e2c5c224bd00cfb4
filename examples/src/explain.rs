//! The program `explain`: shows where a request goes, whether the workloads there allow it, and why.

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
Shows where a request goes, whether the workloads there allow it, and why: one step per line, each with the rule that
decides it.

explain --to SERVICE:PORT [OPTION…] FILE…

  --to SERVICE:PORT        the destination: a Service, as `name` or `name.namespace`, and one of its ports
  --from NS/SA             service account of the client (default: a client without identity). A SERVICE without a
                           namespace is looked up in NS
  --path P                 path of the request, with its query, if any (default: /)
  --method M               method of the request (default: GET)
  --header NAME=VALUE      header of the request; can be repeated. Without a `host` header, one is added, as clients
                           do: SERVICE:PORT, or SERVICE for port 80
  --tcp                    plain TCP instead of an HTTP request

";

/// Runs the program. Writes the answer to `out`, and the diagnostics of all objects that contribute to it to `err`.
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
    for namespace in input.natives.enforced(&options.settings) {
        input.snapshot.insert_enforced(namespace);
    }
    let (routing, trace) = route(&input.snapshot, &options.settings, &query);

    // The trace lists the objects that decided; their diagnostics help authors to fix them. If the destination does not
    // exist, no split was evaluated, but the diagnostics of a split in the same namespace may explain why.
    let nowhere = routing == Routing::Exactly(Distribution::all_to(Endpoint::Nowhere));
    let Destination::Service { key: called, .. } = &query.to;
    let may_explain =
        |object: &ObjectRef| nowhere && object.kind == Kind::TrafficSplit && object.key.namespace == called.namespace;
    let decisions = access::decisions(&input.snapshot, &options.settings, &query, &routing);
    let traces = std::iter::once(&trace).chain(decisions.iter().map(|(_, _, trace)| trace));
    let seen: BTreeSet<&ObjectRef> = traces.flat_map(Trace::steps).map(|step| &step.object).collect();
    let mut diagnostics = std::mem::take(&mut input.assumed);
    diagnostics.extend(resolve(&input.snapshot, &options.settings).diagnostics);
    diagnostics.retain(|diagnostic: &Diagnostic| seen.contains(&diagnostic.object) || may_explain(&diagnostic.object));
    diagnostics.sort();
    let mut messages = std::mem::take(&mut input.messages);
    messages.extend(input.unreported(diagnostics));

    report::line(out, &routing.to_string())?;
    for step in trace.steps() {
        report::line(out, &step.to_string())?;
    }
    for (query, decision, trace) in decisions {
        report::line(out, &format!("{}:{} {decision}", query.to, query.port))?;
        for step in trace.steps() {
            report::line(out, &format!("  {step}"))?;
        }
    }
    out.flush()?;
    report::write(&messages, options.format, err)?;
    Ok(if report::has_errors(&messages) {
        Exit::Errors
    } else {
        Exit::Done
    })
}

/// The request or connection on the command line.
#[derive(Default)]
struct Question {
    from: Option<Identity>,
    to: Option<(String, u16)>,
    path: Option<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    tcp: bool,
}

/// Parses the command line. Returns `None` for `--help`.
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
                "`--to` is missing, expected a service as `name.namespace:port`".into(),
            ));
        };
        let is_http = self.path.is_some() || self.method.is_some() || !self.headers.is_empty();
        if self.tcp && is_http {
            let reason = "`--tcp` cannot be used with `--path`, `--method` or `--header`";
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

/// Returns the authority of a request. Clients omit the default port of HTTP.
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
        _ => Err(format!("`{value}` is not a service account, expected `namespace/name`").into()),
    }
}

fn destination(value: &str) -> Result<(String, u16), lexopt::Error> {
    let Some((service, port)) = value.split_once(':') else {
        return Err(format!("`{value}` has no port, expected `name:port` or `name.namespace:port`").into());
    };
    let port = options::port(port)?;
    if service.split('.').count() > 2 || !service.split('.').all(is_dns_label) {
        return Err(format!("`{service}` is not a service, expected `name` or `name.namespace`").into());
    }
    Ok((service.into(), port))
}

fn header(value: &str) -> Result<(String, String), lexopt::Error> {
    match value.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err(format!("`{value}` is not a header, expected `name=value`").into()),
    }
}
