//! What a check has found.

/// One sentence for each finding.
pub type Findings = Vec<String>;

/// Rows that one finding names.
pub const NAMED_ROWS: usize = 5;
