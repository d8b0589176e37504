//! How high a voice is in a line: the middle of its pitch.
//!
//! By autocorrelation of 40 ms, each lag by the energy of its own samples (Talkin 1995); of lags nearly as
//! alike as the best the shortest, so that an octave below is not taken for the voice.

/// Samples compared.
const WINDOW: usize = 640;
/// Samples between two looks, 20 ms.
const HOP: usize = 320;
/// From 400 Hz to 60 Hz, in samples at 16 kHz.
const LAGS: std::ops::Range<usize> = 40..267;
/// From this likeness on, of 1, a sound has a pitch.
const VOICED: f32 = 0.6;
/// A shorter lag is taken at this share of the best likeness.
const NEARLY: f32 = 0.9;
/// Energy below this share of the loudest is a pause.
const QUIET: f32 = 0.02;
/// Looks with a pitch that a line needs.
const LEAST: usize = 8;

/// Natural logarithm of the middle pitch, in hertz; none where too little is voiced. `pcm` is 16 kHz
/// sound.
pub(super) fn pitch(pcm: &[f32]) -> Option<f32> {
    let looks: Vec<&[f32]> = pcm.windows(WINDOW + LAGS.end).step_by(HOP).collect();
    let energies: Vec<f32> = looks.iter().map(|look| energy(&look[..WINDOW])).collect();
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    let heard = looks.iter().zip(&energies);
    let heard = heard.filter(|(_, energy)| **energy > QUIET * loudest);
    let mut found: Vec<f32> = heard.filter_map(|(look, _)| lag(look)).collect();
    if found.len() < LEAST {
        return None;
    }
    found.sort_by(f32::total_cmp);
    let middle = found.get(found.len() / 2)?;
    Some((16_000.0 / middle).ln())
}

fn energy(samples: &[f32]) -> f32 {
    product(samples, samples)
}

/// The sum of products, in lanes that a processor does at once; both are whole lanes long.
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// After how many samples the sound comes again.
fn lag(look: &[f32]) -> Option<f32> {
    let here = &look[..WINDOW];
    let own = energy(here);
    let mut later = f64::from(energy(&look[LAGS.start..LAGS.start + WINDOW]));
    let alike: Vec<f32> = LAGS
        .map(|lag| {
            let both = product(here, &look[lag..lag + WINDOW]);
            let likeness = both / (own * later.max(0.0) as f32 + 1e-9).sqrt();
            // The next one begins a sample later.
            let square = |at: usize| look.get(at).map_or(0.0, |x| f64::from(x * x));
            later += square(lag + WINDOW) - square(lag);
            likeness
        })
        .collect();
    let best = alike.iter().copied().max_by(f32::total_cmp)?;
    if best < VOICED {
        return None;
    }
    let peak = |w: &[f32]| w[1] >= NEARLY * best && w[1] >= w[0] && w[1] >= w[2];
    let first = alike.windows(3).position(peak).map(|i| i + 1);
    let at = first.or_else(|| alike.iter().position(|x| *x == best))?;
    Some((LAGS.start + at) as f32)
}
