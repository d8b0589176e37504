//! What a decoder-only model is asked: the wording of a request, and the chat template around it.
//!
//! The request, with all that was said in it, never passes through the template. A mark that no text
//! holds is rendered in its place, and the two sides of the mark are what the template wrote.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error as JinjaError, ErrorKind, context};

use crate::domain::{Lang, LangPair};

/// Stands for the request while the template is rendered: two private-use characters.
const MARK: &str = "\u{f8ff}\u{e0c5}";
/// Steps that a template may take; those of real models take some hundreds.
const STEPS: u64 = 100_000;
/// Longest that a template may make of one request, in bytes.
const LONGEST_FRAME: usize = 64 << 10;

/// What stands before and after a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// Before, markup included.
    pub before: String,
    /// After, up to where the answer begins.
    pub after: String,
}

impl Frame {
    /// Renders a model's own template (Jinja, as transformers runs it) around one request of the user.
    pub fn render(template: &str, bos: &str, eos: &str) -> Result<Self, String> {
        let rendered = environment()?
            .render_str(
                template,
                context! {
                    messages => [context! { role => "user", content => MARK }],
                    add_generation_prompt => true,
                    // An answer is wanted, not thoughts about one.
                    enable_thinking => false,
                    bos_token => bos,
                    eos_token => eos,
                },
            )
            .map_err(|e| format!("its chat template cannot be used ({e})"))?;
        let mut parts = rendered.split(MARK);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(before), Some(after), None) if rendered.len() <= LONGEST_FRAME => Ok(Self {
                before: before.to_owned(),
                after: after.to_owned(),
            }),
            _ => Err("its chat template does not hold a request exactly once".to_owned()),
        }
    }
}

/// Jinja as transformers sets it up for chat templates.
fn environment() -> Result<Environment<'static>, String> {
    let mut jinja = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    jinja.set_syntax(syntax.map_err(|e| e.to_string())?);
    jinja.set_fuel(Some(STEPS));
    jinja.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    jinja.add_function("raise_exception", |problem: String| -> Result<Value, _> {
        Err(JinjaError::new(ErrorKind::InvalidOperation, problem))
    });
    // Some templates tell the model the date, which no translation needs.
    jinja.add_function("strftime_now", |_: String| String::new());
    Ok(jinja)
}

/// The request to translate `text`, with what must be written for some terms of it (source, target).
///
/// Chinese wording for pairs with Chinese where the model was trained with it (Hunyuan's model card).
pub(super) fn request(
    text: &str,
    pair: LangPair,
    terms: &[(String, String)],
    chinese: bool,
) -> String {
    let chinese = chinese && (pair.from == Lang::Zh || pair.to == Lang::Zh);
    let mut request = String::new();
    if !terms.is_empty() {
        request.push_str(if chinese {
            "参考下面的翻译：\n"
        } else {
            "Use these translations of terms:\n"
        });
        for (source, target) in terms {
            let means = if chinese { "翻译成" } else { "->" };
            request.push_str(&format!("{source} {means} {target}\n"));
        }
        request.push('\n');
    }
    if chinese {
        let to = chinese_name(pair.to);
        request.push_str(&format!("把下面的文本翻译成{to}，不要额外解释。\n\n"));
    } else {
        let to = pair.to.name();
        request.push_str(&format!(
            "Translate the following segment into {to}, without additional explanation.\n\n"
        ));
    }
    request.push_str(text);
    request
}

/// The request to a model without a chat template: a line to be continued.
pub(super) fn line(text: &str, pair: LangPair) -> String {
    let (from, to) = (pair.from.name(), pair.to.name());
    format!("Translate this from {from} to {to}:\n{from}: {text}\n{to}:")
}

fn chinese_name(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "中文",
        Lang::Vi => "越南语",
        Lang::Th => "泰语",
        Lang::My => "缅甸语",
        Lang::Lo => "老挝语",
        Lang::Km => "高棉语",
        Lang::En => "英语",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{%- for message in messages %}\n{{- '<|im_start|>' + message.role + '\\n' + \
        message.content.strip() + '<|im_end|>\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n\
        {{- '<|im_start|>assistant\\n' }}\n{%- endif %}";

    #[test]
    fn a_template_frames_the_request() {
        let frame = Frame::render(CHATML, "", "").unwrap();
        assert_eq!(frame.before, "<|im_start|>user\n");
        assert_eq!(frame.after, "<|im_end|>\n<|im_start|>assistant\n");
    }

    #[test]
    fn a_template_that_fails_loses_the_request_or_never_ends_is_an_error() {
        for bad in [
            "{{ raise_exception('no') }}",
            "hello",
            "{{ messages[0].content }}{{ messages[0].content }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 9999999 }}{{ messages[0].content }}",
            "{% if %}",
        ] {
            assert!(Frame::render(bad, "", "").is_err(), "{bad}");
        }
    }

    #[test]
    fn terms_stand_in_the_request_in_all_languages() {
        let terms = [("人口贩运".to_owned(), "ການຄ້າມະນຸດ".to_owned())];
        for lang in Lang::SIX.into_iter().filter(|lang| *lang != Lang::Zh) {
            for chinese in [true, false] {
                let pair = LangPair::new(Lang::Zh, lang);
                let request = request("你好", pair, &terms, chinese);
                assert!(request.contains("ການຄ້າມະນຸດ") && request.ends_with("\n\n你好"));
            }
            let english = request("x", LangPair::new(lang, Lang::En), &[], true);
            assert!(english.contains("English"), "{english}");
        }
    }
}
