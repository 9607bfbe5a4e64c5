//! What can be read on what (WCAG 2.2, 1.4.3 and 1.4.11).

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// Least contrast of text.
pub const TEXT: f64 = 4.5;
/// Least contrast of borders and marks.
pub const MARK: f64 = 3.0;

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/// Relative luminance, from 0 (black) to 1 (white).
pub fn luminance(color: Rgb) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast of two colours, from 1 to 21.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    let (light, dark) = if one > other {
        (one, other)
    } else {
        (other, one)
    };
    (light + 0.05) / (dark + 0.05)
}

/// Whether white shows better than black on it.
pub fn is_dark(color: Rgb) -> bool {
    contrast(color, WHITE) > contrast(color, BLACK)
}

/// A colour between two, `percent` of the way from the first to the second.
pub fn mix(from: Rgb, to: Rgb, percent: u16) -> Rgb {
    let [r, g, b] = from;
    let [to_r, to_g, to_b] = to;
    let part = |from: u8, to: u8| {
        let sum = u16::from(from) * (100 - percent.min(100)) + u16::from(to) * percent.min(100);
        u8::try_from(sum / 100).unwrap_or(u8::MAX)
    };
    [part(r, to_r), part(g, to_g), part(b, to_b)]
}

/// The colour itself if it has enough contrast to all of `backs`, else the nearest to it, on the
/// way to black or white, that has; the better of those two if neither has.
pub fn readable(color: Rgb, backs: &[Rgb], least: f64) -> Rgb {
    let worst = |color: Rgb| {
        let ratios = backs.iter().map(|back| contrast(color, *back));
        ratios.fold(f64::INFINITY, f64::min)
    };
    let end = if worst(WHITE) > worst(BLACK) {
        WHITE
    } else {
        BLACK
    };
    let steps = (0..=20).map(|step| mix(color, end, step * 5));
    let mut good = steps.filter(|color| worst(*color) >= least);
    good.next().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_the_guidelines_say() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 0.001);
        assert!((contrast(WHITE, WHITE) - 1.0).abs() < 0.001);
        // #767676 is the lightest grey that may be text on white.
        assert!(contrast([0x76; 3], WHITE) >= TEXT);
        assert!(contrast([0x77; 3], WHITE) < TEXT);
    }

    #[test]
    fn what_can_be_read_is_left_alone() {
        assert_eq!(
            readable([0x1b, 0x1f, 0x33], &[WHITE], TEXT),
            [0x1b, 0x1f, 0x33]
        );
    }

    #[test]
    fn any_text_can_be_read_on_any_card() {
        let steps = [0, 51, 102, 119, 128, 153, 204, 255];
        let colors = || {
            steps.into_iter().flat_map(move |r| {
                steps
                    .into_iter()
                    .flat_map(move |g| steps.into_iter().map(move |b| [r, g, b]))
            })
        };
        for back in colors() {
            for color in [back, [255, 0, 0], [0, 0, 255], [119, 119, 119]] {
                let found = readable(color, &[back], TEXT);
                assert!(
                    contrast(found, back) >= TEXT,
                    "{color:?} on {back:?}: {found:?}"
                );
            }
        }
    }
}
