//! Speed on demand (not committed).
use super::decode::Model;
use std::time::Instant;
#[test]
#[ignore]
fn speed() {
    let path = std::path::PathBuf::from(std::env::var("SPEED_MODEL").unwrap());
    let header = super::check_model(&path).unwrap();
    for threads in [1, 2] {
        let mut m = Model::load(&path, header, threads).unwrap();
        for (seconds, full) in [(3.0_f32, false), (6.0, false), (12.0, false), (12.0, true)] {
            let pcm: Vec<f32> = (0..(seconds * 16000.0) as usize).map(|i| ((i as f32) * 0.1 * (1.0 + (i as f32 * 0.0001).sin())).sin() * 0.2).collect();
            let w = if full { header.audio_ctx } else { super::sound::window_for(pcm.len(), header.audio_ctx) };
            let (mut hear, mut imp, mut tok) = (f64::MAX, f64::MAX, f64::MAX);
            for _ in 0..4 {
                let t = Instant::now(); m.hear(&pcm, w).unwrap(); hear = hear.min(t.elapsed().as_secs_f64());
                let t = Instant::now(); m.impression(&[crate::domain::Lang::Zh]).unwrap(); imp = imp.min(t.elapsed().as_secs_f64());
                let t = Instant::now(); m.speed_tokens(40); tok = tok.min(t.elapsed().as_secs_f64() / 40.0);
            }
            let tokens = seconds as f64 * 6.0 + 3.0;
            println!("threads {threads} {seconds}s window {w}: hear {:.0} ms, impression {:.1} ms, token {:.1} ms, rtf (6 tokens/s) {:.3}, (30 tokens/s) {:.3}", hear*1e3, imp*1e3, tok*1e3, (hear+imp+tok*tokens)/seconds as f64, (hear+imp+tok*(seconds as f64*30.0+3.0))/seconds as f64);
        }
    }
}
