//! Tests of the programs from the outside: arguments and files in, text and an exit status out.
#![cfg(test)]

mod arguments;
mod bad_input;
mod chapter;
mod explanations;
mod judgements;
mod natives;
mod run;
mod walkthroughs;
