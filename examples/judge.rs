//! Whether any program is an adapter that keeps the laws: `cargo run --release --example judge -- -- COMMAND [ARG…]`

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    smi_examples::judge::run(arguments, &mut io::stdout(), &mut io::stderr()).into()
}
