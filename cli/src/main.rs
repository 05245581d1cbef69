//! The `vmaf` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    vmaftiny_cli::command::main()
}
