//! The program `lab`: all of it is in the library, so that a change is compiled once.

fn main() -> std::process::ExitCode {
    replication_lab::cli::main()
}
