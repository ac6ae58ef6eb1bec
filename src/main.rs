//! The program `lab`: parses, listens to signals, runs one verb, shows its error, and exits with its code.

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
    // Background connections have nothing left to say, so nobody waits for them.
    runtime.shutdown_background();
    match done {
        Ok(code) => code.into(),
        Err(error) => cli::failure::show(&error),
    }
}
