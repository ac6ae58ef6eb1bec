//! The program as others use it: started with arguments, heard on its outputs.

use serde_json::Value;
use tokio::process::Command;

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `lab` to its end. What the environment says of it counts for nothing.
pub async fn lab(arguments: &[&str]) -> Ran {
    let ran = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .env_remove("LAB_POSTGRES")
        .env_remove("LAB_LOG")
        .output()
        .await;
    let ran = ran.expect("the program starts");
    Ran {
        code: ran.status.code(),
        stdout: String::from_utf8(ran.stdout).expect("text"),
        stderr: String::from_utf8_lossy(&ran.stderr).into_owned(),
    }
}

impl Ran {
    /// The document on standard output of a run that ended with `code`.
    #[track_caller]
    pub fn document(&self, code: i32) -> Value {
        assert_eq!(
            self.code,
            Some(code),
            "it wrote:\n{}{}",
            self.stdout,
            self.stderr
        );
        self.document_of_any_code()
    }

    /// The document on standard output, however the run ended.
    #[track_caller]
    pub fn document_of_any_code(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON, {error}:\n{}", self.stdout))
    }
}
