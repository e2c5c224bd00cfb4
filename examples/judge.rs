//! The program `judge`, which tests an adapter in any language against the laws of the conformance kit:
//! `cargo run --release --example judge -- -- COMMAND [ARG…]`

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    smi_examples::judge::run(arguments, &mut io::stdout(), &mut io::stderr()).into()
}
