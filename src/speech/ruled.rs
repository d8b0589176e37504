//! A model that follows written rules, for tests of what is done with a model's texts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::Error;
use super::decode::{Network, Weights};
use super::fixture::TINY;
use super::ggml::Header;
use super::special::{Special, Token};
use super::text_tokens::assemble;
use crate::domain::{Cancel, Lang};

/// The sizes of a model with room for a long text, and a window of 30 s.
const ROOMY: Header = Header {
    audio_ctx: 1500,
    text_ctx: 448,
    ..TINY
};

/// Denials as people say them three times.
pub const DENIALS: [(Lang, &str); 6] = [
    (Lang::Zh, "我真的什么都不知道，"),
    (Lang::Vi, "Không biết, "),
    (Lang::Th, "ไม่ทราบครับ "),
    (Lang::My, "ကျွန်တော် ဘာမှ မသိပါဘူး၊ "),
    (Lang::Lo, "ຂ້ອຍບໍ່ຮູ້ຫຍັງເລີຍ "),
    (Lang::Km, "ខ្ញុំមិនដឹងអ្វីទាំងអស់ "),
];

/// After each text the pieces that may follow and their probabilities; an empty piece is the end.
pub type Rules = &'static [(&'static str, &'static [(&'static str, f32)])];

/// What is written each time that sound is heard.
#[derive(Clone, Copy)]
pub struct Hearing {
    /// The text.
    pub rules: Rules,
    /// The probability that nobody speaks.
    pub no_speech: f32,
    /// The language that is spoken.
    pub lang: Lang,
}

/// A model that follows rules.
pub struct Ruled {
    header: Header,
    /// The first time, the second ... The last one from then on.
    hearings: Vec<Hearing>,
    pieces: Vec<&'static str>,
    /// Sound that was heard so far.
    pub heard: AtomicUsize,
    /// Steps of writing so far.
    pub steps: AtomicUsize,
    /// Where the last text's opening stood, and what it was.
    pub opening: Mutex<(usize, Vec<Token>)>,
}

struct Hand {
    model: Arc<Ruled>,
    held: Vec<Token>,
    /// Tokens before the text.
    lead: usize,
    logits: Vec<f32>,
    /// Of the last step.
    texts: Vec<Vec<Token>>,
}

impl Hearing {
    /// Somebody speaks Chinese.
    pub fn of(rules: Rules) -> Self {
        Self {
            rules,
            no_speech: 0.0,
            lang: Lang::Zh,
        }
    }
}

impl Ruled {
    /// One that writes the same of all sound, and no more than some 60 tokens.
    pub fn new(rules: Rules) -> Arc<Self> {
        Self::of(vec![Hearing::of(rules)], TINY)
    }

    /// One that writes something else each time.
    pub fn hearing(hearings: Vec<Hearing>) -> Arc<Self> {
        Self::of(hearings, ROOMY)
    }

    fn of(hearings: Vec<Hearing>, header: Header) -> Arc<Self> {
        let rules = hearings.iter().flat_map(|h| h.rules);
        let pieces = rules.flat_map(|(_, next)| next.iter().map(|n| n.0));
        let mut pieces: Vec<&str> = pieces.filter(|p| !p.is_empty()).collect();
        pieces.sort_unstable();
        pieces.dedup();
        Arc::new(Self {
            header,
            hearings,
            pieces,
            heard: AtomicUsize::new(0),
            steps: AtomicUsize::new(0),
            opening: Mutex::default(),
        })
    }

    /// The scores of what may follow these tokens.
    fn scores(&self, held: &[Token]) -> Vec<f32> {
        let time = self.heard.load(Ordering::Relaxed).saturating_sub(1);
        let hearing = self.hearings[time.min(self.hearings.len() - 1)];
        let text = assemble(held.iter().map(|&t| self.bytes_of(t))).text;
        let next = hearing.rules.iter().find(|(before, _)| *before == text);
        let special = Special::of(&ROOMY);
        let at = |token: Token| usize::try_from(token).unwrap();
        let mut logits = vec![-30.0; ROOMY.vocabulary as usize];
        for (piece, p) in next.map_or(&[("", 1.0)][..], |(_, next)| next) {
            let known = self.pieces.iter().position(|known| known == piece);
            logits[known.unwrap_or(at(special.end))] = p.ln();
        }
        // Those of all text tokens together are 1.
        let odds = hearing.no_speech / (1.0 - hearing.no_speech);
        logits[at(special.no_speech)] = odds.ln().max(-30.0);
        logits[at(special.language(hearing.lang))] = -20.0;
        logits
    }
}

impl Weights for Ruled {
    fn header(&self) -> &Header {
        &self.header
    }

    fn bytes_of(&self, token: Token) -> &[u8] {
        let at = usize::try_from(token).unwrap();
        self.pieces.get(at).map_or(&[], |p| p.as_bytes())
    }

    fn decoder_bytes(&self) -> u64 {
        0
    }

    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
        Ok(Box::new(Hand {
            model: self,
            held: Vec::new(),
            lead: 0,
            logits: Vec::new(),
            texts: Vec::new(),
        }))
    }
}

impl Network for Hand {
    fn set_threads(&mut self, _: usize) {}

    fn hear(&mut self, _: &[f32], _: u32, _: &Cancel) -> Result<(), Error> {
        self.model.heard.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        let model = Arc::clone(&self.model);
        model.steps.fetch_add(1, Ordering::Relaxed);
        match past {
            0 | 1 => {
                self.held.clear();
                self.lead = past + tokens.len();
                *model.opening.lock().unwrap() = (past, tokens.to_vec());
            }
            _ => {
                assert!(past - self.lead <= self.held.len());
                assert!(past + tokens.len() <= model.header.text_ctx as usize);
                self.held.truncate(past - self.lead);
                self.held.extend_from_slice(tokens);
            }
        }
        self.logits = model.scores(&self.held);
        self.texts = vec![self.held.clone()];
        Ok(&self.logits)
    }

    fn grows(&self) -> bool {
        true
    }

    fn grow(&mut self, texts: &[(usize, Token)]) -> Result<&[f32], Error> {
        self.model.steps.fetch_add(1, Ordering::Relaxed);
        let grown = texts.iter().map(|(of, token)| {
            let mut text = self.texts[*of].clone();
            text.push(*token);
            text
        });
        self.texts = grown.collect();
        let each = self.texts.iter();
        self.logits = each.flat_map(|text| self.model.scores(text)).collect();
        Ok(&self.logits)
    }
}
