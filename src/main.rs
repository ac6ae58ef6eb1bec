//! The program `lab`: parses the command line, listens to signals, runs one verb, shows its error, exits with its code.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli.start_tracing();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return cli::failure::show(&error.into()),
    };
    let done = runtime.block_on(async {
        let cancel = cli::interrupt::listen(cli.cleans_up());
        cli.run(&cancel).await
    });
    // Background connections need no orderly end, so the program does not wait for them.
    runtime.shutdown_background();
    match done {
        Ok(code) => code.into(),
        Err(error) => cli::failure::show(&error),
    }
}
