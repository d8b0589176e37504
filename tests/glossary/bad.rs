//! Tables that are refused with the place, and tables with doubtful cells that are mended and told:
//! one file and one test a case.

use mekong_interview::domain::Lang;
use mekong_interview::glossary::{Glossary, ProblemKind};

use super::fixture;

/// A table that cannot be read: the message says where, and there is a next step.
fn refused(name: &str, wanted: &str) {
    let error = fixture(name).unwrap_err();
    assert_eq!(error.to_string(), wanted);
    assert!(!error.help().is_empty());
}

#[test]
fn the_same_id_twice() {
    let wanted = "line 4: the id 'ransom' stands already in line 2";
    refused("duplicate-id.csv", wanted);
}

#[test]
fn no_column_of_ids() {
    refused("no-id-column.csv", "the header has no column 'id'");
}

#[test]
fn a_single_language() {
    let wanted = "the header names fewer than two languages";
    refused("one-language.csv", wanted);
}

#[test]
fn a_column_twice() {
    let wanted = "the header has the column 'zh' twice (column 4)";
    refused("duplicate-column.csv", wanted);
}

#[test]
fn a_row_without_an_id() {
    refused("no-id.csv", "line 3, column 1: the row has no id");
}

#[test]
fn a_row_with_too_many_cells() {
    let wanted = "line 3 cannot be read as CSV: it has 4 cells where the header has 3";
    refused("ragged.csv", wanted);
}

#[test]
fn letters_of_an_old_code_page() {
    let wanted = "the glossary is not UTF-8 (line 2, column 13 of the text)";
    refused("not-utf8.csv", wanted);
}

#[test]
fn a_quote_that_never_closes_makes_one_long_cell() {
    let wanted = "line 2, column 3: the cell has more than 500 characters";
    refused("long-cell.csv", wanted);
}

#[test]
fn a_file_that_is_not_there() {
    let absent = fixture("absent.csv").unwrap_err();
    assert!(absent.to_string().ends_with("absent.csv"), "{absent}");
}

/// A table that is read: what is doubtful in it, each with its line, column and kind.
fn doubtful(name: &str, wanted: &[(u64, usize, ProblemKind)]) -> Glossary {
    let glossary = fixture(name).unwrap();
    let place = |p: &mekong_interview::glossary::Problem| (p.line, p.column, p.kind);
    let found: Vec<_> = glossary.problems().iter().map(place).collect();
    assert_eq!(found, wanted);
    glossary
}

/// The words of the first term in `lang`.
fn words(glossary: &Glossary, lang: Lang) -> &[String] {
    &glossary.terms()[0].entries[&lang].admitted
}

#[test]
fn a_column_that_nobody_knows() {
    let known = [(1, 4, ProblemKind::UnknownColumn)];
    let glossary = doubtful("doubtful-unknown-column.csv", &known);
    assert_eq!(glossary.len(), 1);
}

#[test]
fn a_review_that_nobody_knows() {
    let known = [(2, 4, ProblemKind::UnknownReview)];
    doubtful("doubtful-unknown-review.csv", &known);
}

#[test]
fn an_empty_row() {
    let known = [(2, 0, ProblemKind::EmptyRow)];
    assert_eq!(doubtful("doubtful-empty-row.csv", &known).len(), 1);
}

#[test]
fn one_term_in_two_rows() {
    let known = [(3, 0, ProblemKind::DuplicateTerm)];
    assert_eq!(doubtful("doubtful-duplicate-term.csv", &known).len(), 2);
}

#[test]
fn a_space_that_nobody_sees() {
    let known = [(2, 2, ProblemKind::HiddenCharacters)];
    let glossary = doubtful("doubtful-hidden-space.csv", &known);
    assert_eq!(words(&glossary, Lang::Zh), ["赎金"]);
}

#[test]
fn a_change_of_direction_that_nobody_sees() {
    let known = [(2, 3, ProblemKind::HiddenCharacters)];
    let glossary = doubtful("doubtful-hidden-direction.csv", &known);
    assert_eq!(words(&glossary, Lang::Km), ["ប្រាក់លោះ"]);
    let told = glossary.problems()[0].to_string();
    let wanted = "line 2, column 3: hidden characters were removed (U+202E)";
    assert_eq!(told, wanted);
}

#[test]
fn a_formula_of_a_spreadsheet() {
    let known = [(2, 3, ProblemKind::FormulaCharacters)];
    let glossary = doubtful("doubtful-formula.csv", &known);
    let wanted = ["HYPERLINK(\"x\")", "tiền"];
    assert_eq!(words(&glossary, Lang::Vi), wanted);
}

#[test]
fn a_formula_behind_a_plus_sign() {
    let known = [(2, 3, ProblemKind::FormulaCharacters)];
    let glossary = doubtful("doubtful-formula-plus.csv", &known);
    assert_eq!(words(&glossary, Lang::Vi), ["khám xét"]);
}

#[test]
fn letters_of_two_scripts_in_a_word() {
    let known = [(2, 2, ProblemKind::MixedScript)];
    doubtful("doubtful-mixed-script.csv", &known);
}

#[test]
fn a_term_without_a_letter() {
    let known = [(2, 4, ProblemKind::NoLetters)];
    let glossary = doubtful("doubtful-no-letters.csv", &known);
    assert!(!glossary.terms()[0].entries.contains_key(&Lang::Km));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_header() {
    assert_eq!(doubtful("doubtful-byte-order-mark.csv", &[]).len(), 1);
}
