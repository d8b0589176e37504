//! Mekong Interview: an interview is a recording plus rows in a store; worker threads fill in rows;
//! screens and exports read rows.

pub mod domain;
pub mod glossary;
pub mod text;
