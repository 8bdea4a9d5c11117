//! Crossover map: over two axes, who is ahead and by how much.

use super::sweep_points::{at, axis_caption, metrics, variants, winner};
use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, sweep_circumstances};
use crate::draw::legend::Legend;
use crate::draw::style::{AXIS, FIGURE, GREY, GRID, LABEL, MARGIN, Palette, Text, WHITE, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{Better, Metric, Sweep, Verdict};
use crate::words::summary::Experiment;
use crate::words::units::{ratio, setting, significant};

const CELL_HEIGHT: f64 = 40.0;
const LABELS_WIDTH: f64 = 110.0;
const AXIS_HEIGHT: f64 = 48.0;
const CAPTION_HEIGHT: f64 = 22.0;
/// A factor from which a cell has its full colour.
const FULL: f64 = 10.0;
/// Opacities of a cell: of a factor of 1, and how much more of one from [`FULL`] on. More, and the
/// text in it would not stand out on dark backgrounds.
const FAINTEST: f64 = 0.12;
const SPAN: f64 = 0.28;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
const IN_CELL: Text = LABEL;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "crossover-map", draw: Draw::Sweep(draw) };

/// A cell for each point of a sweep with two axes; `None` for another kind.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(sweep: &Sweep, experiments: &[Experiment<'_>], palette: &Palette) -> Outcome {
    let ([across, down], Some(first)) = (sweep.axes.as_slice(), experiments.first()) else {
        return Ok(None);
    };
    let metric = metrics(first.measures)[1];
    let title = title(sweep, experiments, metric);
    let about = format!("{} {}", metric.name, sweep_circumstances(sweep, experiments));
    let header = Header::new(&title, &about);
    let (columns, rows) = (across.values.len(), down.values.len());
    let legend = Legend::of(variants(experiments), palette);
    let body = legend.height() + CAPTION_HEIGHT + rows as f64 * CELL_HEIGHT + AXIS_HEIGHT;
    let svg = render((WIDTH, header.height() + body), &format!("Map. {title}."), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&[&across.name, &down.name, "ahead", "factor", "sure"]);
        legend.draw(canvas, header.height())?;
        let top = header.height() + legend.height();
        canvas.text(&axis_caption(&down.name), (MARGIN, top + 6.0), Anchor::Left, AXIS)?;
        let (left, top) = (MARGIN + LABELS_WIDTH, top + CAPTION_HEIGHT);
        let width = (WIDTH - MARGIN - left) / columns as f64;
        for (row, value) in down.values.iter().enumerate() {
            let y = top + row as f64 * CELL_HEIGHT;
            let text = wrap(&setting(value), AXIS, LABELS_WIDTH - 12.0, 2);
            let head = y + (CELL_HEIGHT - text.len() as f64 * AXIS.line) / 2.0;
            canvas.lines(&text, (left - 8.0, head), Anchor::Right, AXIS)?;
            for column in 0..columns {
                let x = left + column as f64 * width;
                let cell = Cell::of(at(sweep, column * rows + row, experiments), metric);
                cell.draw(canvas, (x, y), width, palette)?;
                let (ahead, factor, is_sure) = cell.figures();
                let [a, b] = [&across.values[column], value].map(|it| setting(it).replace(',', ""));
                canvas.row(&[&a, &b, &ahead, &factor, &is_sure]);
            }
        }
        let bottom = top + rows as f64 * CELL_HEIGHT;
        for (column, value) in across.values.iter().enumerate() {
            let x = left + (column as f64 + 0.5) * width;
            canvas.text(&setting(value), (x, bottom + 13.0), Anchor::Centre, AXIS)?;
        }
        canvas.text(&axis_caption(&across.name), (left, bottom + 33.0), Anchor::Left, AXIS)
    })?;
    Ok(Some(Drawing {
        title,
        caption: format!(
            "A cell has the colour of the variant that is ahead, the fuller the larger its factor \
             over the next one (full from {} on), by medians over valid runs. Grey: no difference \
             shown, or one alone has a valid run; brackets: fewer than five pairs, so no verdict.",
            ratio(FULL)
        ),
        svg,
    }))
}

/// What a cell says.
enum Cell<'a> {
    Empty,
    Alone(&'a str),
    Tie,
    Ahead { name: &'a str, factor: f64, is_sure: bool },
}

impl<'a> Cell<'a> {
    fn of(experiment: Option<&Experiment<'a>>, metric: &Metric) -> Self {
        let Some(experiment) = experiment else { return Cell::Empty };
        let Some((name, factor)) = winner(experiment, metric) else {
            let mut valid = experiment.variants.iter().filter(|it| it.valid().next().is_some());
            return valid.next().map_or(Cell::Empty, |variant| Cell::Alone(variant.name));
        };
        let compared = experiment.comparisons.iter().filter(|it| it.metric == metric.path);
        let of_winner: Vec<Verdict> =
            compared.filter(|it| it.a == name || it.b == name).map(|it| it.verdict).collect();
        match of_winner.as_slice() {
            verdicts if verdicts.contains(&Verdict::Tie) || factor == 1.0 => Cell::Tie,
            verdicts => {
                let is_sure = !verdicts.is_empty() && !verdicts.contains(&Verdict::None);
                Cell::Ahead { name, factor, is_sure }
            }
        }
    }

    /// Who is ahead, by which factor, and whether there are enough pairs for a verdict.
    fn figures(&self) -> (&'a str, f64, bool) {
        match *self {
            Cell::Empty => ("", f64::NAN, false),
            // Nobody is ahead of a variant that has no valid run.
            Cell::Alone(_) => ("", f64::NAN, false),
            Cell::Tie => ("tie", f64::NAN, true),
            Cell::Ahead { name, factor, is_sure } => (name, factor, is_sure),
        }
    }

    fn draw(
        &self,
        canvas: &Canvas<'_>,
        (x, y): (f64, f64),
        width: f64,
        palette: &Palette,
    ) -> Result<(), ReportError> {
        let corners = ((x + 1.0, y + 1.0), (x + width - 1.0, y + CELL_HEIGHT - 1.0));
        let middle = (x + width / 2.0, y + CELL_HEIGHT / 2.0);
        let (fill, text, style) = match self {
            Cell::Empty => (Paint::fill(WHITE), "–".to_owned(), DETAIL),
            Cell::Tie => (Paint::fill(GRID), "tie".to_owned(), DETAIL),
            Cell::Alone(name) => (Paint::fill(GRID), format!("only {name}"), DETAIL),
            Cell::Ahead { name, factor, is_sure } => {
                let share = (factor.ln() / FULL.ln()).clamp(0.0, 1.0);
                let fill = Paint::fill(palette.colour(name)).with_opacity(FAINTEST + SPAN * share);
                let text = match is_sure {
                    true => ratio(*factor),
                    false => format!("({}x)", significant(*factor)),
                };
                (fill, text, IN_CELL)
            }
        };
        canvas.rectangle(corners.0, corners.1, fill)?;
        if let Cell::Ahead { name, factor, .. } = self {
            canvas.tip_over(corners.0, corners.1, &format!("{name} by {}", ratio(*factor)));
        }
        let lines = wrap(&text, style, width - 6.0, 2);
        let top = middle.1 - lines.len() as f64 * style.line / 2.0;
        canvas.lines(&lines, (middle.0, top), Anchor::Centre, style)
    }
}

fn title(sweep: &Sweep, experiments: &[Experiment<'_>], metric: &Metric) -> String {
    let mut ahead: Vec<(&str, usize, f64)> = Vec::new();
    let mut ties = 0;
    for point in 0..sweep.points.len() {
        match Cell::of(at(sweep, point, experiments), metric) {
            Cell::Ahead { name, factor, .. } => match ahead.iter_mut().find(|it| it.0 == name) {
                Some(known) => *known = (name, known.1 + 1, known.2.max(factor)),
                None => ahead.push((name, 1, factor)),
            },
            Cell::Tie => ties += 1,
            Cell::Empty | Cell::Alone(_) => {}
        }
    }
    let better = if metric.better == Better::More { "Higher" } else { "Lower" };
    let of = sweep.points.len();
    let mut each: Vec<String> = ahead
        .iter()
        .map(|(name, count, most)| {
            format!("{name} at {count} of {of} points (up to {})", ratio(*most))
        })
        .collect();
    if ties > 0 {
        each.push(format!("no difference at {ties} of {of} points"));
    }
    if each.is_empty() {
        return format!("{}: no point has valid runs of two variants", metric.name);
    }
    format!("{better} {}: {}", metric.name, each.join(", "))
}
