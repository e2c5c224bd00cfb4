//! The program `explain`, which shows where a request goes and why:
//! `cargo run --example explain -- --to SERVICE:PORT FILE…`

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    smi_examples::explain::run(arguments, &mut io::stdin(), &mut io::stdout(), &mut io::stderr()).into()
}
