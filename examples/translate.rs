//! The program `translate`, which translates SMI manifests to the configuration of a mesh:
//! `cargo run --example translate -- --mesh istio FILE…`

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    smi_examples::translate::run(arguments, &mut io::stdin(), &mut io::stdout(), &mut io::stderr()).into()
}
