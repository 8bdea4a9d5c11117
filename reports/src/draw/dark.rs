//! Charts for dark backgrounds: the same drawing with every colour's lightness turned round.

/// Lightness that white becomes: not quite black.
const DARKEST: f64 = 0.085;
/// Lightness that black becomes: not quite white.
const LIGHTEST: f64 = 0.96;

/// The drawing for a dark background. Hues stay, so a variant keeps its colour's name.
pub fn dark(svg: &str) -> String {
    let mut turned = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(at) = rest.find('#') {
        let (before, from) = rest.split_at(at);
        turned.push_str(before);
        let digits = from.get(1..7).filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            // Only what stands in quotes as an attribute's value; labels keep their numbers.
            Some(colour) if before.ends_with('"') && from[7..].starts_with('"') => {
                turned.push_str(&format!("#{:06X}", turn(colour)));
                rest = &from[7..];
            }
            _ => {
                turned.push('#');
                rest = &from[1..];
            }
        }
    }
    turned + rest
}

/// Turns the lightness of a colour round, in hue, saturation and lightness.
fn turn(colour: u32) -> u32 {
    let part = |shift: u32| f64::from((colour >> shift) & 0xff) / 255.0;
    let (red, green, blue) = (part(16), part(8), part(0));
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let (lightness, chroma) = (f64::midpoint(most, least), most - least);
    let target = LIGHTEST - lightness * (LIGHTEST - DARKEST);
    // The chroma that lightness leaves room for, used to the same share.
    let room = |lightness: f64| 1.0 - (2.0 * lightness - 1.0).abs();
    let share = if room(lightness) > 0.0 { chroma / room(lightness) } else { 0.0 };
    let wanted = share * room(target);
    let scaled = |part: f64| {
        let hue = if chroma > 0.0 { (part - lightness) / chroma } else { 0.0 };
        ((target + hue * wanted).clamp(0.0, 1.0) * 255.0).round() as u32
    };
    (scaled(red) << 16) | (scaled(green) << 8) | scaled(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_turns_round_and_hues_stay() {
        assert_eq!(turn(0xff_ffff), 0x16_1616);
        assert_eq!(turn(0x00_0000), 0xf5_f5f5);
        let [red, green, blue] = [16, 8, 0].map(|shift| (turn(0x00_72b2) >> shift) & 0xff);
        assert!(red < green && green < blue && blue > 0xe0, "still blue, and lighter");
    }

    #[test]
    fn only_colours_change() {
        let svg = "<text fill=\"#222222\">run #123456 \"#12\"</text><path stroke=\"#FFFFFF\"/>";
        let turned = dark(svg);
        assert!(turned.contains(">run #123456 \"#12\"</text>"), "{turned}");
        assert!(turned.contains("stroke=\"#161616\"") && !turned.contains("#222222"), "{turned}");
    }
}
