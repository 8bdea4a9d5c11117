//! Marks stand where the figures of their chart put them, on the axis that a reader reads them by.

mod fixture;

use fixture::check::axes::{self, Axis};
use fixture::check::marks::legend;
use fixture::check::shapes::{self, Kind, Shape};
use fixture::consistency::consistent;
use fixture::drawn::{result, sweep};
use fixture::kinds::{Case, TYPICAL};
use fixture::recovery::recovered;
use fixture::skew::{Shape as SkewShape, skewed};
use fixture::{BACK_TO_BACK, INTERVAL, PIPELINED};
use reports::chart::{self, Chart};
use roxmltree::Document;
use serde_json::json;

/// Figures of a quarter of a pixel are told apart, so this share of an axis is close.
const CLOSE: f64 = 0.004;
/// Colours of the first three variants of a result, in the order in which they first ran.
const COLOURS: [(&str, &str); 3] =
    [(PIPELINED, "#0072B2"), (BACK_TO_BACK, "#D55E00"), (INTERVAL, "#009E73")];

/// Few figures, so that each can be followed.
const SMALL: Case = Case { bins: 4, batches: 3, ..TYPICAL };

/// A chart taken apart.
struct Drawing {
    stem: String,
    axes: Vec<Axis>,
    /// What a reader points at, in the order of drawing.
    tips: Vec<Shape>,
    shapes: Vec<Shape>,
    legend: Vec<(String, String)>,
    /// Rows of its table of figures, without the heading.
    rows: Vec<Vec<String>>,
}

impl Drawing {
    fn of(chart: &Chart) -> Self {
        let document = Document::parse(&chart.svg).unwrap();
        let (tips, shapes) = shapes::of(&document).into_iter().partition(Shape::is_tip);
        let rows = chart.data().unwrap().lines().skip(1).map(cells).collect();
        let axes = axes::of(&chart.stem, &document);
        Self { stem: chart.stem.clone(), axes, tips, shapes, legend: legend(&document), rows }
    }

    fn number(&self, row: usize, column: usize) -> f64 {
        self.rows[row][column].parse().unwrap()
    }

    #[track_caller]
    fn is_close(&self, axis: &Axis, drawn: f64, figure: f64) {
        let span = axis.ticks[axis.ticks.len() - 1].1 - axis.ticks[0].1;
        let what = format!("{}: {drawn} is drawn, the figure is {figure}", self.stem);
        assert!((drawn - figure).abs() <= CLOSE * span, "{what}");
    }
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

fn drawing(stem: &str) -> Drawing {
    let charts = chart::all(&result(SMALL)).unwrap();
    Drawing::of(charts.iter().find(|it| it.stem == stem).expect(stem))
}

#[test]
fn throughput_has_a_dot_for_each_run_and_a_bar_to_its_median() {
    let it = drawing("keyed-count-throughput");
    let axis = &it.axes[0];
    assert_eq!(it.tips.len(), it.rows.len());
    for (row, tip) in it.tips.iter().enumerate() {
        it.is_close(axis, axis.value(tip.bounds().0), it.number(row, 2) / 1e6);
    }
    for (variant, colour) in COLOURS {
        let own: Vec<usize> =
            (0..it.rows.len()).filter(|row| it.rows[*row][0] == variant).collect();
        let mut figures: Vec<f64> = own.iter().map(|row| it.number(*row, 2) / 1e6).collect();
        figures.sort_by(f64::total_cmp);
        let is_bar =
            |shape: &&Shape| matches!(shape.kind, Kind::Rectangle { .. }) && shape.colour == colour;
        let bars: Vec<&Shape> = it.shapes.iter().filter(is_bar).collect();
        assert_eq!(bars.len(), 1, "{variant} in {colour}");
        let (left, _, right, _) = bars[0].bounds();
        it.is_close(axis, axis.value(left), 0.0);
        it.is_close(axis, axis.value(right), figures[figures.len() / 2]);
    }
}

#[test]
fn cost_has_a_bar_for_each_experiment_and_variant() {
    let it = drawing("cost-per-record");
    assert_eq!(it.tips.len(), it.rows.len());
    assert_eq!(it.rows.len(), 6, "two experiments of three variants");
    for (row, tip) in it.tips.iter().enumerate() {
        it.is_close(&it.axes[0], it.axes[0].value(tip.bounds().2), it.number(row, 2));
    }
    assert_eq!(it.legend, COLOURS.map(|(name, colour)| (name.to_owned(), colour.to_owned())));
}

#[test]
fn parts_of_latency_are_as_long_as_their_means_and_stand_one_behind_the_other() {
    let it = drawing("keyed-count-latency-latency-parts");
    let axis = &it.axes[0];
    let parts: Vec<usize> = (0..it.rows.len()).filter(|row| it.number(*row, 3) > 0.0).collect();
    assert_eq!((it.tips.len(), parts.len()), (48, 48), "three variants, two bars, eight parts");
    for (tip, row) in it.tips.iter().zip(parts) {
        let (left, _, right, _) = tip.bounds();
        it.is_close(axis, axis.value(right) - axis.value(left), it.number(row, 3));
        let is_first = row % 8 == 0;
        it.is_close(axis, if is_first { axis.value(left) } else { 0.0 }, 0.0);
        assert!(is_first || it.tips[row - 1].bounds().2 == left, "no gap before {tip:?}");
    }
}

#[test]
fn a_subtask_has_its_parts_in_the_shares_of_its_time() {
    let it = drawing("keyed-count-latency-pipeline-anatomy");
    let axis = &it.axes[0];
    assert_eq!(it.tips.len(), it.rows.len());
    for (row, tip) in it.tips.iter().enumerate() {
        let times = [2, 3, 4].map(|column| it.number(row, column));
        let all: f64 = times.iter().sum();
        let (_, top, _, bottom) = tip.bounds();
        for (time, (name, colour)) in times.iter().zip(&it.legend) {
            let is_part = |shape: &&Shape| {
                let (_, above, _, below) = shape.bounds();
                (above, below) == (top, bottom) && shape.colour == *colour
            };
            let part = it.shapes.iter().find(is_part).map_or((0.0, 0.0), |shape| {
                let (left, _, right, _) = shape.bounds();
                (axis.value(left), axis.value(right))
            });
            it.is_close(axis, part.1 - part.0, time / all * 100.0);
            assert!(["busy", "back-pressured", "idle"].contains(&name.as_str()));
        }
    }
    assert_eq!(it.legend.len(), 3);
}

#[test]
fn a_batch_is_as_high_as_it_is_long() {
    let it = drawing("keyed-count-latency-batch-anatomy");
    assert_eq!(it.tips.len(), it.rows.len());
    for (row, tip) in it.tips.iter().enumerate() {
        // A panel for each of two variants, three batches in each.
        let axis = &it.axes[row / 3];
        it.is_close(axis, axis.value(tip.bounds().1), it.number(row, 3) + it.number(row, 5));
    }
}

#[test]
fn a_task_is_as_wide_as_it_is_long_and_begins_when_it_began() {
    let it = drawing("keyed-count-latency-batch-slots");
    assert_eq!(it.tips.len(), it.rows.len());
    let panels: Vec<String> = it.rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    let mut panel = 0;
    for (row, tip) in it.tips.iter().enumerate() {
        panel += usize::from(row > 0 && panels[row] != panels[row - 1]);
        let axis = &it.axes[panel];
        let (left, _, right, _) = tip.bounds();
        it.is_close(axis, axis.value(left), it.number(row, 6));
        it.is_close(axis, axis.value(right), it.number(row, 6) + it.number(row, 7));
    }
}

#[test]
fn a_partition_is_as_high_as_its_share() {
    let it = drawing("keyed-count-partition-load");
    assert_eq!(it.tips.len(), it.rows.len());
    let panels = it.axes.len();
    let partitions = it.rows.len() / panels;
    for (row, tip) in it.tips.iter().enumerate() {
        let panel = row / partitions;
        let axis = &it.axes[panel];
        let own = panel * partitions..(panel + 1) * partitions;
        let all: f64 = own.map(|row| it.number(row, 4)).sum();
        let is_column = |shape: &&Shape| {
            let ((a, _, c, d), (left, _, right, bottom)) = (tip.bounds(), shape.bounds());
            matches!(shape.kind, Kind::Rectangle { .. }) && a < left && right < c && bottom == d
        };
        let columns: Vec<&Shape> = it.shapes.iter().filter(is_column).collect();
        assert_eq!(columns.len(), 1, "partition {row}");
        it.is_close(axis, axis.value(columns[0].bounds().1), it.number(row, 4) / all * 100.0);
    }
}

#[test]
fn lines_go_through_their_figures_in_the_colours_of_their_variants() {
    for (stem, plots) in [
        ("keyed-count-latency-latency-histogram", 1),
        ("keyed-count-latency-throughput-over-time", 2),
        ("keyed-count-latency-partition-load-per-batch", 1),
    ] {
        let it = drawing(stem);
        assert_eq!((it.tips.len(), it.axes.len()), (it.rows.len(), plots), "{stem}");
        for (row, tip) in it.tips.iter().enumerate() {
            let is_second = it.rows[row][0] != it.rows[0][0];
            let axis = &it.axes[usize::from(is_second)];
            let (x, y, ..) = tip.bounds();
            it.is_close(axis, axis.value(y), it.number(row, 3));
            let colour = COLOURS.iter().find(|known| known.0 == it.rows[row][1]).unwrap().1;
            let goes_through = |shape: &Shape| match &shape.kind {
                Kind::Line(points) => points.contains(&(x, y)) && shape.colour == colour,
                _ => false,
            };
            assert!(it.shapes.iter().any(goes_through), "{stem}: {tip:?} in {colour}");
        }
    }
}

#[test]
fn percentiles_are_drawn_once_for_each_variant_in_its_colour() {
    let it = drawing("keyed-count-latency-latency-from-planned");
    assert_eq!(it.tips.len(), it.rows.len());
    for (variant, colour) in COLOURS {
        let own = (0..it.rows.len()).filter(|row| it.rows[*row][0] == variant);
        let places: Vec<(f64, f64)> =
            own.map(|row| (it.tips[row].bounds().0, it.tips[row].bounds().1)).collect();
        let is_median = |shape: &Shape| {
            matches!(&shape.kind, Kind::Line(points) if *points == places) && shape.colour == colour
        };
        assert!(it.shapes.iter().any(is_median), "{variant} in {colour}");
        let is_end = |shape: &Shape| {
            let end = places[places.len() - 1];
            matches!(shape.kind, Kind::Circle { x, y, .. } if (x, y) == end)
                && shape.colour == colour
        };
        assert!(it.shapes.iter().any(is_end), "{variant} ends in {colour}");
    }
}

#[test]
fn a_cell_of_a_map_has_the_colour_of_the_variant_that_is_ahead() {
    let intervals = [0, 10, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 1_000_000.0].map(|it| json!(it));
    let swept = sweep(SMALL, &[("rate", &rates), ("batch_interval_ms", &intervals)]);
    let it = Drawing::of(&chart::all(&swept).unwrap()[0]);
    let ahead: Vec<&Vec<String>> = it.rows.iter().filter(|row| !row[3].is_empty()).collect();
    assert_eq!((it.rows.len(), it.tips.len()), (6, ahead.len()));
    for (tip, row) in it.tips.iter().zip(ahead) {
        let colour = &it.legend.iter().find(|(name, _)| *name == row[2]).unwrap().1;
        let is_cell = |shape: &&Shape| shape.bounds() == tip.bounds() && shape.colour == *colour;
        assert_eq!(it.shapes.iter().filter(is_cell).count(), 1, "{tip:?} in {colour}");
    }
}

#[test]
fn rates_and_latencies_of_a_failure_go_through_their_figures() {
    let chart = chart::of_recovery(&recovered()).unwrap().remove(0);
    let it = Drawing::of(&chart);
    assert_eq!((it.axes.len(), it.tips.len()), (4, it.rows.len()), "two engines, two plots each");
    let engines: Vec<&String> = it.rows.iter().map(|row| &row[0]).collect();
    for (row, tip) in it.tips.iter().enumerate() {
        let is_latency = it.rows[row][2] == "latency_max_ns";
        let axis = &it.axes[2 * usize::from(engines[row] != engines[0]) + usize::from(is_latency)];
        let (x, y, ..) = tip.bounds();
        let figure = it.number(row, 4);
        match is_latency {
            // Logarithmic.
            true => assert!((axis.value_of_log(y) / figure - 1.0).abs() < 0.02, "{tip:?}"),
            false => it.is_close(axis, axis.value(y), figure / 1e3),
        }
        let place = ["none", "at-least-once", "exactly-once"]
            .iter()
            .position(|known| *known == it.rows[row][1]);
        let colour = COLOURS[place.unwrap()].1;
        let goes_through = |shape: &Shape| {
            matches!(&shape.kind, Kind::Line(points) if points.contains(&(x, y)))
                && shape.colour == colour
        };
        assert!(it.shapes.iter().any(goes_through), "{tip:?} in {colour}");
    }
}

#[test]
fn an_unjustified_share_is_as_long_as_its_bar_and_its_range_as_the_line_over_it() {
    let it = Drawing::of(&chart::of_consistency(&consistent()).unwrap().remove(0));
    assert_eq!((it.rows.len(), it.tips.len()), (12, 12));
    for (row, tip) in it.tips.iter().enumerate() {
        let (left, top, right, bottom) = tip.bounds();
        it.is_close(&it.axes[0], it.axes[0].value(left), 0.0);
        it.is_close(&it.axes[0], it.axes[0].value(right), it.number(row, 4) * 100.0);
        let colour = &it.legend.iter().find(|(name, _)| *name == it.rows[row][1]).unwrap().1;
        let is_bar = |shape: &Shape| {
            matches!(shape.kind, Kind::Rectangle { .. })
                && shape.bounds() == tip.bounds()
                && shape.colour == *colour
        };
        assert!(it.shapes.iter().any(is_bar), "{tip:?} in {colour}");
        let [low, high] = [5, 6].map(|column| it.number(row, column) * 100.0);
        let is_range = |shape: &&Shape| {
            let (_, y, ..) = shape.bounds();
            matches!(&shape.kind, Kind::Line(points) if points.len() == 2) && y > top && y < bottom
        };
        let ranges: Vec<&Shape> = it.shapes.iter().filter(is_range).collect();
        assert_eq!(ranges.len(), 1, "{tip:?}");
        let (left, _, right, _) = ranges[0].bounds();
        it.is_close(&it.axes[0], it.axes[0].value(left), low);
        it.is_close(&it.axes[0], it.axes[0].value(right), high);
    }
}

/// Five drawings of five kinds as they are, an element a line: what they look like is reviewed here.
#[test]
fn five_drawings_to_review() {
    let readable = |chart: &Chart| chart.svg.replace("><", ">\n<");
    let charts = chart::all(&result(SMALL)).unwrap();
    for (name, stem) in
        [("bars", "keyed-count-throughput"), ("stacked_bars", "keyed-count-latency-latency-parts")]
    {
        let chart = charts.iter().find(|it| it.stem == stem).unwrap();
        insta::assert_snapshot!(name, readable(chart));
    }
    let intervals = [0, 10, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 1_000_000.0].map(|it| json!(it));
    let curve = chart::all(&sweep(SMALL, &[("batch_interval_ms", &intervals)])).unwrap();
    insta::assert_snapshot!("lines", readable(&curve[0]));
    let map = sweep(SMALL, &[("rate", &rates), ("batch_interval_ms", &intervals)]);
    insta::assert_snapshot!("map", readable(&chart::all(&map).unwrap()[0]));
    let shape = SkewShape { placements: &["ring"], partitions: 3, windows: 4, loads: (1, 3) };
    let heat = chart::of_skew(&skewed(shape)).unwrap();
    insta::assert_snapshot!("columns_and_heat_map", readable(&heat[0]));
}
