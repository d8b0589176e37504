//! Text as the content or an attribute of XML and HTML.

/// `text` with every sign of markup escaped, for content and for quoted attributes. Characters that
/// no XML 1.0 document may hold are left out: they could not be escaped either.
pub fn escape_markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // Escaped everywhere, so that `]]>` never stands in content.
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A bare carriage return would come back as a line feed.
            '\r' => escaped.push_str("&#13;"),
            c if is_xml_char(c) => escaped.push(c),
            _ => {}
        }
    }
    escaped
}

/// The production `Char` of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_open_or_close_markup() {
        let hostile = "a<b>&\"c\"'d']]>\u{0}\u{8}\u{FFFE}\r\n\te";
        assert_eq!(
            escape_markup(hostile),
            "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;]]&gt;&#13;\n\te"
        );
    }

    #[test]
    fn letters_of_all_scripts_stay() {
        let six = "张伟 Hùng น้ำ ကျွန်တော့် ຂ້ອຍ ខ្ញុំ\u{200B}សុខា";
        assert_eq!(escape_markup(six), six);
    }
}
