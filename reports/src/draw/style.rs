//! The look that all charts share: sizes, colours, fonts.

use std::sync::Once;

use plotters::style::{FontStyle, IntoFont, RGBColor, register_font};

use crate::schema::CompareResult;

/// Width of every chart, CSS pixels.
pub(crate) const WIDTH: f64 = 820.0;
/// Empty border at the left and right.
pub(crate) const MARGIN: f64 = 16.0;

/// Title: size and distance between lines.
pub(crate) const TITLE: Text = Text { size: 17.0, line: 22.0, weight: Weight::SemiBold, ink: INK };
/// Subtitle under the title.
pub(crate) const SUBTITLE: Text =
    Text { size: 12.5, line: 17.0, weight: Weight::Regular, ink: GREY };
/// Axis labels and captions.
pub const AXIS: Text = Text { size: 12.0, line: 15.0, weight: Weight::Regular, ink: GREY };
/// Labels at the data.
pub const LABEL: Text = Text { size: 12.5, line: 15.5, weight: Weight::SemiBold, ink: INK };
/// Figures beside labels.
pub(crate) const FIGURE: Text = Text { size: 12.0, line: 15.0, weight: Weight::Regular, ink: INK };

/// Text and axes: not quite black.
pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Second voice; 5.7 : 1 against white.
pub(crate) const GREY: RGBColor = RGBColor(0x5f, 0x66, 0x6d);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xe8);
/// Base lines.
pub(crate) const BASE: RGBColor = RGBColor(0x9a, 0xa0, 0xa6);
/// Marks that belong to several variants at once.
pub(crate) const SHARED: RGBColor = RGBColor(0x7a, 0x86, 0x91);
/// Background.
pub(crate) const WHITE: RGBColor = RGBColor(0xff, 0xff, 0xff);

/// Okabe and Ito's palette, told apart by colour-blind readers, without black and yellow.
const OKABE_ITO: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];

/// A kind of text. Sizes in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Font size.
    pub size: f64,
    /// Distance between two lines.
    pub line: f64,
    /// Weight.
    pub weight: Weight,
    /// Colour.
    pub ink: RGBColor,
}

/// The two weights of the vendored font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 600.
    SemiBold,
}

impl Weight {
    /// plotters knows normal and bold; SemiBold is registered as bold.
    pub(crate) fn font_style(self) -> FontStyle {
        match self {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        }
    }
}

/// Name under which the vendored font is registered and measured.
pub(crate) const FONT: &str = "Inter";
/// What an SVG asks the reader's system for.
pub(crate) const FONT_FAMILIES: &str = "Inter, Helvetica, Arial, sans-serif";
/// plotters writes a font size of 1 / 1.24 of the size it is given.
pub(crate) const PLOTTERS_FONT_SIZE: f64 = 1.24;

/// Allowance for readers whose system has another font than the one measured: DejaVu Sans, the
/// widest of the usual ones, takes this much more room; its only bold weight more than semi-bold.
pub const fn other_fonts(weight: Weight) -> f64 {
    match weight {
        Weight::Regular => 1.15,
        Weight::SemiBold => 1.23,
    }
}

/// Makes the vendored font known to plotters, the first time it is called.
pub(crate) fn register_fonts() {
    static KNOWN: Once = Once::new();
    KNOWN.call_once(|| {
        let regular = include_bytes!("../../assets/Inter-Regular.otf");
        let semi_bold = include_bytes!("../../assets/Inter-SemiBold.otf");
        // A refused font only loosens the layout: plotters then measures nothing, see `text_width`.
        let _ = register_font(FONT, FontStyle::Normal, regular);
        let _ = register_font(FONT, FontStyle::Bold, semi_bold);
    });
}

/// Width of one line in CSS pixels, a little generous.
pub fn text_width(text: &str, style: Text) -> f64 {
    // Else the first chart that a process draws would be laid out by the fallback below.
    register_fonts();
    // Measured large: plotters gives whole pixels.
    const MEASURED: f64 = 16.0;
    let size = style.size * PLOTTERS_FONT_SIZE * MEASURED;
    let font = (FONT, size).into_font().style(style.weight.font_style());
    match font.box_size(text) {
        Ok((width, _)) => f64::from(width) / MEASURED * other_fonts(style.weight),
        Err(_) => text.chars().count() as f64 * style.size * 0.6,
    }
}

/// Engines that have a colour of their own: the first and the second.
const OWN_COLOURS: [&str; 2] = ["pipelined", "microbatch"];

/// A colour for every variant, the same in all charts of a report. The first variant of each model
/// has the colour of its model in all reports, in whatever order they ran.
#[derive(Clone, Debug)]
pub(crate) struct Palette {
    /// Variants with the places of their colours.
    variants: Vec<(String, usize)>,
}

impl Palette {
    /// Colours variants in the order in which they first ran.
    pub(crate) fn of(result: &CompareResult) -> Palette {
        Self::of_names(result.runs.iter().map(|run| run.variant.as_str()))
    }

    /// Colours these, in their order.
    pub(crate) fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Palette {
        let mut distinct: Vec<&str> = Vec::new();
        for name in names {
            if !distinct.contains(&name) {
                distinct.push(name);
            }
        }
        // The colour of a model that is not there is free.
        let engine = |name: &str| name.split([',', ' ']).next().unwrap_or_default().to_owned();
        let first = |own: &str| distinct.iter().position(|name| engine(name) == own);
        let owners = OWN_COLOURS.map(first);
        let taken = |place: &usize| owners.get(*place).is_some_and(Option::is_some);
        let mut free = (0..).filter(|place: &usize| !taken(&(place % OKABE_ITO.len())));
        let variants = distinct.iter().enumerate().map(|(index, name)| {
            let own = owners.iter().position(|owner| *owner == Some(index));
            ((*name).to_owned(), own.unwrap_or_else(|| free.next().unwrap_or(index)))
        });
        Palette { variants: variants.collect() }
    }

    /// The variant's colour; colours repeat from the seventh variant on.
    pub(crate) fn colour(&self, variant: &str) -> RGBColor {
        match self.variants.iter().find(|(known, _)| known == variant) {
            Some((_, place)) => OKABE_ITO[place % OKABE_ITO.len()],
            None => SHARED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_its_colour_in_whatever_order_variants_ran() {
        let places = |names: &[&str]| {
            Palette::of_names(names.iter().copied()).variants.into_iter().map(|it| it.1).collect()
        };
        let both: Vec<usize> =
            places(&["pipelined", "microbatch", "microbatch, batch_interval_ms=50"]);
        assert_eq!(both, [0, 1, 2]);
        let swapped: Vec<usize> =
            places(&["microbatch, batch_interval_ms=0", "pipelined", "microbatch", "sequential"]);
        assert_eq!(swapped, [1, 0, 2, 3]);
        let alone: Vec<usize> = places(&["sequential", "microbatch", "sequential, x=1"]);
        assert_eq!(alone, [0, 1, 2], "the colour of a model that is not there is free");
    }
}
