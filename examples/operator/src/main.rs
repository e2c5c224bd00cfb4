//! An operator that implements SMI on a mesh. `smi-operator --help` shows its options, and `smi-operator manifests`
//! prints what installs it.

mod manifests;
mod options;
mod serve;

use kube::{Client, Config};
use options::{Command, Options};
use smi_controller::Controller;
use smi_controller::prometheus_client::registry::Registry;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let command = match options::read(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}; `--help` lists the options");
            return ExitCode::FAILURE;
        }
    };
    match command {
        Command::Help => print!("{}", options::HELP),
        Command::Manifests(options, image) => print!("{}", manifests::manifests(&options, &image)),
        Command::Run(options) => {
            tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
            let ran = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .map_err(Into::into)
                .and_then(|runtime| runtime.block_on(run(options)));
            if let Err(error) = ran {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Runs the controller until SIGTERM or SIGINT.
async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::infer().await?;
    // The controller has pauses of its own.
    config.default_retry = false;
    let client = Client::try_from(config)?;
    let mut registry = Registry::default();
    let mut controller = Controller::new(client, options.mesh)
        .settings(options.settings)
        .metrics(&mut registry);
    if let Some(lease) = options.lease {
        controller = controller.lease(lease);
    }
    if options.dry_run {
        controller = controller.read_only();
    }
    let handle = controller.handle();
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", options.port)).await?;
    tokio::spawn(serve::serve(listener, handle.clone(), registry));
    if options.dry_run {
        tokio::spawn(serve::print(handle));
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    controller
        .run(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    Ok(())
}
