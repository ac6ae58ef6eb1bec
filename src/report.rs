//! Formats results: tables for people, JSON and test reports for programs. Never decides anything.

mod case;
pub mod fit;
pub mod junit;
pub mod run;
pub mod runs;
pub mod steps;
pub mod table;
pub mod tap;
pub mod topology;
pub mod up;
