//! The STIX 2.1 patterning language (§9): from text to tree, what is wrong with it, and one text for patterns that mean the same.

pub mod check;
pub mod foreign;
pub mod normal;
pub mod parse;
pub mod parts;
pub mod regex;
pub mod sought;
pub mod token;
pub mod tree;
mod vocabulary;
