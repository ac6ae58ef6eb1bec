//! How results look: tables for people, JSON for programs. Owns formatting; never decides anything.

mod case;
pub mod junit;
pub mod run;
pub mod runs;
pub mod steps;
pub mod table;
pub mod tap;
pub mod topology;
pub mod up;
