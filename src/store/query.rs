//! What a person types as a question: words, phrases in quotes, `word*`, `-word`, AND, OR, NOT, NEAR,
//! brackets. There is no wrong question: what cannot be an operator is a word, or nothing.

use super::terms::{self, End, Phrase, Side};

/// Characters of a query beyond this many are not looked at.
const MOST_CHARACTERS: usize = 1_000;
/// Words of a query beyond this many are not looked at.
const MOST_PHRASES: usize = 32;
/// Brackets inside brackets beyond this depth are passed over.
const DEEPEST: usize = 16;
/// How far apart the two sides of NEAR may stand, in words, or letters of a script without spaces.
const NEAR: u32 = 10;
const FARTHEST: u32 = 100;

/// A question, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Tokens side by side.
    Phrase(Phrase),
    /// All of these.
    And(Vec<Node>),
    /// Any of these.
    Or(Vec<Node>),
    /// The first without the second.
    Not(Box<Node>, Box<Node>),
    /// Phrases with no more than so many tokens between them.
    Near(Vec<Phrase>, u32),
}

/// Reads what was typed; `None` where it has no word that may occur.
pub(super) fn read(typed: &str) -> Option<Node> {
    let pieces = with_whole_numbers(pieces(typed));
    let mut rest: &[Piece] = &pieces;
    let mut found = Vec::new();
    // A closing bracket too many ends one round of several.
    while !rest.is_empty() {
        found.extend(alternatives(&mut rest, 0));
        rest = rest.get(1..).unwrap_or_default();
    }
    if found.is_empty() && pieces.iter().all(|p| matches!(p, Piece::Operator(..))) {
        // Nothing but operators: then they are the words.
        return all(terms::phrases(&cut(typed), MOST_PHRASES)
            .into_iter()
            .map(Node::Phrase)
            .collect());
    }
    all(found)
}

/// Whether a question is nothing but words and phrases, without operators and brackets.
pub(super) fn is_plain(typed: &str) -> bool {
    pieces(typed).iter().all(|p| matches!(p, Piece::Word(_)))
}

/// The first so many characters that are looked at.
pub(super) fn cut(typed: &str) -> String {
    typed.chars().take(MOST_CHARACTERS).collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Word(Node),
    /// The piece that follows must not occur.
    Without,
    Operator(Operator),
    Open,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    And,
    Or,
    Not,
    Near(u32),
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' | '＂'
    )
}

/// Cuts what was typed into words, quoted phrases, operators and brackets.
fn pieces(typed: &str) -> Vec<Piece> {
    let typed = cut(typed);
    let mut found = Vec::new();
    let mut words = 0usize;
    let mut rest = typed.as_str();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let mut take = |nodes: Vec<Node>, found: &mut Vec<Piece>| {
            words = words.saturating_add(nodes.len());
            if words <= MOST_PHRASES {
                found.extend(all(nodes).map(Piece::Word));
            }
        };
        match c {
            _ if c.is_whitespace() => rest = after,
            '(' | '（' => {
                found.push(Piece::Open);
                rest = after;
            }
            ')' | '）' => {
                found.push(Piece::Close);
                rest = after;
            }
            _ if is_quote(c) => {
                let end = after.find(is_quote).unwrap_or(after.len());
                let (inside, tail) = after.split_at(end);
                let mut phrase = terms::one_phrase(inside);
                rest = tail
                    .get(tail.chars().next().map_or(0, char::len_utf8)..)
                    .unwrap_or_default();
                if let Some(starless) = rest.strip_prefix('*') {
                    phrase.iter_mut().for_each(|p| p.end = End::GoesOn);
                    rest = starless;
                }
                take(phrase.into_iter().map(Node::Phrase).collect(), &mut found);
            }
            '-' if after.starts_with(|c: char| !c.is_whitespace() && c != '-') => {
                found.push(Piece::Without);
                rest = after;
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || is_quote(c) || "()（）".contains(c))
                    .unwrap_or(rest.len());
                let (word, tail) = rest.split_at(end);
                rest = tail;
                if let Some(operator) = operator(word) {
                    found.push(Piece::Operator(operator));
                } else {
                    take(word_nodes(word), &mut found);
                }
            }
        }
    }
    found
}

/// A number that is typed in groups, as telephone numbers are, is asked for as one number too.
fn with_whole_numbers(pieces: Vec<Piece>) -> Vec<Piece> {
    let words = |piece: &Piece| match piece {
        Piece::Word(node) => node.wanted().into_iter().cloned().collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for run in pieces.chunk_by(|a, b| is_number(a) && is_number(b)) {
        let groups: Vec<Phrase> = run.iter().flat_map(words).collect();
        // An operator before it means its first group alone.
        let alone = matches!(found.last(), None | Some(Piece::Word(_) | Piece::Open));
        match terms::one_number(&groups).filter(|_| alone) {
            Some(number) => {
                let groups = groups.into_iter().map(Node::Phrase).collect();
                let either = all(groups).into_iter().chain([Node::Phrase(number)]);
                found.push(Piece::Word(Node::Or(either.collect())));
            }
            None => found.extend(run.iter().cloned()),
        }
    }
    found
}

fn is_number(piece: &Piece) -> bool {
    let Piece::Word(node) = piece else {
        return false;
    };
    let mut tokens = node.wanted().into_iter().flat_map(|p| &p.tokens);
    tokens.all(|(token, _)| terms::is_number(token))
}

fn word_nodes(word: &str) -> Vec<Node> {
    let mut phrases = terms::phrases(word, MOST_PHRASES);
    if word.ends_with('*')
        && let Some(last) = phrases.last_mut()
    {
        last.end = End::GoesOn;
    }
    phrases.into_iter().map(Node::Phrase).collect()
}

fn operator(word: &str) -> Option<Operator> {
    match word {
        "AND" => Some(Operator::And),
        "OR" => Some(Operator::Or),
        "NOT" => Some(Operator::Not),
        "NEAR" => Some(Operator::Near(NEAR)),
        _ => {
            let far = word.strip_prefix("NEAR/")?.parse::<u32>().ok()?;
            Some(Operator::Near(far.min(FARTHEST)))
        }
    }
}

/// Reads sides of OR up to the end or a closing bracket, which it leaves.
fn alternatives(rest: &mut &[Piece], depth: usize) -> Option<Node> {
    let mut sides = Vec::new();
    loop {
        sides.extend(together(rest, depth));
        match rest.split_first() {
            Some((Piece::Operator(Operator::Or), tail)) => *rest = tail,
            _ => break,
        }
    }
    match sides.len() {
        0 | 1 => sides.pop(),
        _ => Some(Node::Or(sides)),
    }
}

/// Reads what must occur together, up to OR, a closing bracket or the end.
fn together(rest: &mut &[Piece], depth: usize) -> Option<Node> {
    let (mut keep, mut drop): (Vec<Node>, Vec<Node>) = (Vec::new(), Vec::new());
    let mut without = false;
    let mut near: Option<u32> = None;
    while let Some((piece, tail)) = rest.split_first() {
        let node = match piece {
            Piece::Operator(Operator::Or) | Piece::Close => break,
            Piece::Operator(operator) => {
                without |= *operator == Operator::Not;
                near = match operator {
                    Operator::Near(far) => Some(*far),
                    _ => None,
                };
                *rest = tail;
                continue;
            }
            Piece::Without => {
                without = true;
                *rest = tail;
                continue;
            }
            Piece::Word(node) => {
                *rest = tail;
                Some(node.clone())
            }
            Piece::Open => {
                *rest = tail;
                let inside = if depth < DEEPEST {
                    alternatives(rest, depth + 1)
                } else {
                    None
                };
                if let Some((Piece::Close, tail)) = rest.split_first() {
                    *rest = tail;
                }
                inside
            }
        };
        let (without, near) = (std::mem::take(&mut without), near.take());
        match node {
            None => {}
            Some(node) if without => drop.push(node),
            Some(node) => match (near, keep.pop()) {
                (Some(far), Some(before)) => keep.extend(side_by_side(before, node, far)),
                (_, before) => keep.extend(before.into_iter().chain([node])),
            },
        }
    }
    let keep = all(keep)?;
    match any(drop) {
        None => Some(keep),
        Some(drop) => Some(Node::Not(Box::new(keep), Box::new(drop))),
    }
}

/// NEAR of two phrases, or of a NEAR and a further phrase; of anything else only that both occur.
fn side_by_side(before: Node, after: Node, far: u32) -> Vec<Node> {
    match (before, after) {
        (Node::Phrase(a), Node::Phrase(b)) => vec![Node::Near(vec![a, b], far)],
        (Node::Near(mut phrases, before), Node::Phrase(b)) => {
            phrases.push(b);
            vec![Node::Near(phrases, before.max(far))]
        }
        (before, after) => vec![before, after],
    }
}

fn all(mut nodes: Vec<Node>) -> Option<Node> {
    if nodes.len() > 1 {
        return Some(Node::And(nodes));
    }
    nodes.pop()
}

fn any(mut nodes: Vec<Node>) -> Option<Node> {
    if nodes.len() > 1 {
        return Some(Node::Or(nodes));
    }
    nodes.pop()
}

impl Node {
    /// The question in the query language of FTS5: every phrase on either of `sides`.
    pub fn expression(&self, sides: &[Side], open: bool) -> String {
        let joined = |nodes: &[Node], word: &str| {
            let parts: Vec<String> = nodes
                .iter()
                .map(|n| format!("({})", n.expression(sides, open)))
                .collect();
            parts.join(word)
        };
        let either = |make: &dyn Fn(Side) -> String| {
            let parts: Vec<String> = sides.iter().map(|side| make(*side)).collect();
            parts.join(" OR ")
        };
        match self {
            Node::Phrase(phrase) => either(&|side| phrase.expression(side, open)),
            Node::And(nodes) => joined(nodes, " AND "),
            Node::Or(nodes) => joined(nodes, " OR "),
            Node::Not(keep, drop) => {
                // What must not occur may do so on no side.
                format!(
                    "({}) NOT ({})",
                    keep.expression(sides, open),
                    drop.expression(&Side::BOTH, open)
                )
            }
            Node::Near(phrases, far) => either(&|side| {
                let parts: Vec<String> = phrases.iter().map(|p| p.expression(side, open)).collect();
                format!("NEAR({}, {far})", parts.join(" "))
            }),
        }
    }

    /// The phrases that a line may hold to be found; not those after NOT.
    pub fn wanted(&self) -> Vec<&Phrase> {
        match self {
            Node::Phrase(phrase) => vec![phrase],
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().flat_map(Node::wanted).collect(),
            Node::Not(keep, _) => keep.wanted(),
            Node::Near(phrases, _) => phrases.iter().collect(),
        }
    }

    /// The question with every phrase that may occur changed by `change`.
    pub fn map(&self, change: &mut dyn FnMut(&Phrase) -> Node) -> Node {
        let mut each = |nodes: &[Node]| nodes.iter().map(|n| n.map(change)).collect();
        match self {
            Node::Phrase(phrase) => change(phrase),
            Node::And(nodes) => Node::And(each(nodes)),
            Node::Or(nodes) => Node::Or(each(nodes)),
            Node::Not(keep, drop) => Node::Not(Box::new(keep.map(change)), drop.clone()),
            Node::Near(phrases, _) => Node::And(phrases.iter().map(change).collect()),
        }
    }

    /// The question without diacritics.
    pub fn bare(&self) -> Node {
        match self {
            Node::Near(phrases, far) => {
                Node::Near(phrases.iter().map(Phrase::bare).collect(), *far)
            }
            Node::And(nodes) => Node::And(nodes.iter().map(Node::bare).collect()),
            Node::Or(nodes) => Node::Or(nodes.iter().map(Node::bare).collect()),
            Node::Not(keep, drop) => Node::Not(Box::new(keep.bare()), drop.clone()),
            Node::Phrase(phrase) => Node::Phrase(phrase.bare()),
        }
    }

    /// Whether any phrase may go on behind its last token, which nobody asked for.
    pub fn may_go_on(&self) -> bool {
        self.wanted().iter().any(|p| p.end == End::MayGoOn)
    }

    /// Whether a line that has it has all of it on one side.
    pub fn is_on_one_side(&self) -> bool {
        match self {
            Node::Phrase(_) | Node::Near(..) => true,
            Node::Or(nodes) => nodes.iter().all(Node::is_on_one_side),
            Node::And(_) | Node::Not(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Side, read};

    #[test]
    fn a_number_in_groups_is_one_number_too() {
        let whole = "(\"0912\") AND (\"345\") AND (\"678\")) OR (\"0912345678\"";
        for typed in ["0912 345 678", "0912-345-678", "０９１２ ၃၄၅ ៦៧៨"] {
            let found = read(typed).map(|n| n.expression(&[Side::Said], true));
            assert_eq!(found, Some(format!("({whole})")), "{typed}");
        }
        let found = read("\"0912 345\"").map(|n| n.expression(&[Side::Said], true));
        assert_eq!(found.as_deref(), Some("(\"0912 345\") OR (\"0912345\")"));
    }

    #[test]
    fn every_phrase_is_asked_for_on_both_sides() {
        let both = read("张伟 NEAR lan -hoa").map(|n| n.expression(&Side::BOTH, false));
        let t = '\u{E002}';
        let near = format!("NEAR(\"张伟\" \"lan\", 10) OR NEAR(\"{t}张伟\" \"{t}lan\", 10)");
        let hoa = format!("\"hoa\" OR \"{t}hoa\"");
        assert_eq!(both, Some(format!("({near}) NOT ({hoa})")));
    }

    #[test]
    fn operators_quotes_and_brackets_are_read() {
        for (typed, asked) in [
            ("lan", "\"lan\""),
            ("lan hoa", "(\"lan\") AND (\"hoa\")"),
            ("lan AND hoa", "(\"lan\") AND (\"hoa\")"),
            ("lan and", "(\"lan\") AND (\"and\")"),
            ("\"lan hoa\"", "\"lan hoa\""),
            ("“lan hoa", "\"lan hoa\""),
            ("lan*", "\"lan\" *"),
            ("lan OR hoa mai", "(\"lan\") OR ((\"hoa\") AND (\"mai\"))"),
            ("lan NEAR hoa", "NEAR(\"lan\" \"hoa\", 10)"),
            (
                "lan NEAR/3 hoa NEAR mai",
                "NEAR(\"lan\" \"hoa\" \"mai\", 10)",
            ),
            ("AND lan OR", "\"lan\""),
            ("张伟", "\"张伟\""),
            ("张", "\"张\""),
            ("สมชาย", "\"สม มช ชา าย\" *"),
            ("(lan", "\"lan\""),
            (") lan", "\"lan\""),
            ("AND", "\"and\""),
            ("0912-34", "(\"0912\") AND (\"34\")"),
            ("E12345678", "\"e 12345678\""),
        ] {
            let found = read(typed).map(|n| n.expression(&[Side::Said], true));
            assert_eq!(found.as_deref(), Some(asked), "{typed}");
        }
        for nothing in ["", "-", "\"", "()", "-lan", "NOT lan", "*", "🙂"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
