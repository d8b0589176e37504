//! Which stretch of a recording its picture shows, and where in the picture a place of it lies: plain
//! arithmetic, in milliseconds and points.

/// The shortest stretch that is shown, in milliseconds.
const LEAST_MS: u64 = 2_000;
/// A place that is followed comes in again at this part of the picture.
const ENTERS: f64 = 0.1;

/// A stretch of a recording; never empty, and never outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    whole_ms: u64,
    from_ms: u64,
    shown_ms: u64,
}

impl View {
    /// All of a recording of this length.
    pub fn whole(whole_ms: u64) -> Self {
        let whole_ms = whole_ms.max(1);
        Self {
            whole_ms,
            from_ms: 0,
            shown_ms: whole_ms,
        }
    }

    /// The first place that is shown.
    pub fn start_ms(self) -> u64 {
        self.from_ms
    }

    /// The first place behind what is shown.
    pub fn until_ms(self) -> u64 {
        self.from_ms.saturating_add(self.shown_ms)
    }

    /// The length of what is shown.
    pub fn shown_ms(self) -> u64 {
        self.shown_ms
    }

    /// The length of the recording.
    pub fn whole_ms(self) -> u64 {
        self.whole_ms
    }

    /// Whether all of the recording is shown.
    pub fn is_whole(self) -> bool {
        self.shown_ms >= self.whole_ms
    }

    /// Whether a place is shown.
    pub fn holds(self, ms: u64) -> bool {
        (self.from_ms..self.until_ms()).contains(&ms)
    }

    /// Where a place lies in a picture that is so many points wide, from its left edge; outside of it where
    /// the place is not shown.
    pub fn x(self, ms: u64, width: f32) -> f32 {
        let part = (ms as f64 - self.from_ms as f64) / self.shown_ms as f64;
        (part * f64::from(width)) as f32
    }

    /// The place that lies so many points from the left edge of a picture of this width.
    pub fn ms(self, x: f32, width: f32) -> u64 {
        let part = f64::from(x / width.max(1.0)).clamp(0.0, 1.0);
        self.from_ms
            .saturating_add((part * self.shown_ms as f64) as u64)
            .min(self.whole_ms)
    }

    /// From so many times nearer, or farther below 1; the place stays where it is in the picture.
    pub fn zoomed(self, factor: f32, around_ms: u64) -> Self {
        if !factor.is_finite() || factor <= 0.0 {
            return self;
        }
        let least = LEAST_MS.min(self.whole_ms);
        let shown = (self.shown_ms as f64 / f64::from(factor)).round() as u64;
        let shown_ms = shown.clamp(least, self.whole_ms);
        let around = around_ms.clamp(self.from_ms, self.until_ms());
        let part = around.saturating_sub(self.from_ms) as f64 / self.shown_ms as f64;
        let before = (part * shown_ms as f64).round() as u64;
        Self { shown_ms, ..self }.beginning(around.saturating_sub(before))
    }

    /// So many milliseconds on, or back below 0.
    pub fn moved(self, by_ms: i64) -> Self {
        self.beginning(self.from_ms.saturating_add_signed(by_ms))
    }

    /// So many points of a picture of this width on, or back below 0.
    pub fn moved_by(self, points: f32, width: f32) -> Self {
        let by = f64::from(points / width.max(1.0)) * self.shown_ms as f64;
        self.moved(by.round() as i64)
    }

    /// Such that this place is shown: as it is where it is shown already.
    pub fn following(self, ms: u64) -> Self {
        if self.holds(ms) {
            return self;
        }
        let before = (ENTERS * self.shown_ms as f64) as u64;
        self.beginning(ms.saturating_sub(before))
    }

    fn beginning(self, from_ms: u64) -> Self {
        let last = self.whole_ms.saturating_sub(self.shown_ms);
        Self {
            from_ms: from_ms.min(last),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f32 = 800.0;
    /// Two hours.
    const LONG: u64 = 7_200_000;

    #[test]
    fn a_place_and_its_point_are_found_from_each_other_from_afar_and_from_near() {
        let whole = View::whole(LONG);
        assert!(whole.is_whole() && whole.holds(0) && !whole.holds(LONG));
        assert_eq!(whole.ms(400.0, WIDTH), LONG / 2);
        assert!((whole.x(LONG / 4, WIDTH) - 200.0).abs() < 0.01);
        let near = whole.zoomed(360.0, 3_600_000);
        assert_eq!(near.shown_ms(), 20_000);
        for ms in [near.start_ms(), 3_600_000, near.until_ms() - 1] {
            let back = near.ms(near.x(ms, WIDTH), WIDTH);
            assert!(back.abs_diff(ms) <= 1, "{ms}: {back}");
        }
        assert!(near.x(near.start_ms() - 1_000, WIDTH) < 0.0);
        assert!(near.x(near.until_ms() + 1_000, WIDTH) > WIDTH);
        // Outside of the picture is its edge.
        assert_eq!(near.ms(-50.0, WIDTH), near.start_ms());
        assert_eq!(near.ms(9_000.0, WIDTH), near.until_ms());
    }

    #[test]
    fn what_is_looked_at_stays_where_it_is_and_the_ends_are_never_passed() {
        let whole = View::whole(LONG);
        let (at, part) = (1_800_000, 0.25);
        let mut view = whole;
        for _ in 0..8 {
            view = view.zoomed(1.5, at);
            assert!((view.x(at, WIDTH) - WIDTH * part).abs() < 0.5, "{view:?}");
        }
        for _ in 0..8 {
            view = view.zoomed(1.0 / 1.5, at);
        }
        assert!(view.shown_ms().abs_diff(LONG) < 100, "{view:?}");
        assert_eq!(view.zoomed(0.01, at), whole);
        assert_eq!(whole.zoomed(1e9, 0).shown_ms(), LEAST_MS);
        let end = whole.zoomed(10.0, LONG);
        assert_eq!((end.until_ms(), end.shown_ms()), (LONG, LONG / 10));
        for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(end.zoomed(odd, 5), end);
        }
        // A recording that is shorter than the shortest stretch.
        let short = View::whole(300);
        assert_eq!(short.zoomed(4.0, 100), short);
        assert_eq!(View::whole(0).zoomed(2.0, 0), View::whole(1));
    }

    #[test]
    fn it_is_moved_to_the_ends_and_no_farther_and_follows_what_leaves_it() {
        let view = View::whole(100_000).zoomed(10.0, 50_000);
        assert_eq!((view.start_ms(), view.until_ms()), (45_000, 55_000));
        assert_eq!(view.moved(-1_000).start_ms(), 44_000);
        assert_eq!(view.moved(i64::MIN).start_ms(), 0);
        assert_eq!(view.moved(i64::MAX).until_ms(), 100_000);
        assert_eq!(view.moved_by(WIDTH / 2.0, WIDTH).start_ms(), 50_000);
        assert_eq!(View::whole(100_000).moved(5_000), View::whole(100_000));
        assert_eq!(view.following(54_999), view);
        let on = view.following(55_000);
        assert_eq!((on.start_ms(), on.shown_ms()), (54_000, 10_000));
        assert_eq!(view.following(200).start_ms(), 0);
        assert_eq!(view.following(99_999).until_ms(), 100_000);
    }
}
