//! Every chart with typical figures, a single one, ten thousand, none that differ, runs that are
//! invalid, six decades and long names: whole, inside the drawing, and without texts that overlap.

mod fixture;

use fixture::PIPELINED;
use fixture::check::check_chart;
use fixture::drawn::{result, sweep};
use fixture::kinds::{CASES, Case, TYPICAL};
use reports::chart::{self, Chart};
use reports::draw::png::png;
use reports::schema::CompareResult;
use serde_json::json;

/// Checks every chart, light and dark, and that drawing again gives the same bytes.
fn draw(case: &str, result: &CompareResult) -> Vec<Chart> {
    let charts = chart::all(result).expect("charts are drawn");
    assert!(!charts.is_empty(), "{case}");
    for chart in &charts {
        println!("{case}: {}", chart.stem);
        check_chart(case, chart);
    }
    assert_eq!(chart::all(result).unwrap(), charts, "{case}");
    charts
}

#[test]
fn every_chart_is_whole_in_every_case() {
    for case in CASES {
        let charts = draw(case.name, &result(case));
        let stems: Vec<&str> = charts.iter().map(|chart| chart.stem.as_str()).collect();
        let mut wanted = vec![
            "keyed-count-throughput",
            "keyed-count-latency-latency-histogram",
            "keyed-count-latency-latency-over-time",
            "keyed-count-latency-throughput-over-time",
            "keyed-count-latency-latency-parts",
            "keyed-count-latency-pipeline-anatomy",
            "cost-per-record",
        ];
        // Only micro-batches have an anatomy, and here theirs are the invalid runs.
        let of_batches = ["batch-anatomy", "batch-slots", "partition-load-per-batch"]
            .map(|it| format!("keyed-count-latency-{it}"));
        wanted.extend(of_batches.iter().filter(|_| case.valid).map(String::as_str));
        for stem in wanted {
            assert!(stems.contains(&stem), "{}: {stem} of {stems:?}", case.name);
        }
        for stem in &of_batches {
            assert_eq!(stems.contains(&stem.as_str()), case.valid, "{}: {stem}", case.name);
        }
    }
}

#[test]
fn the_figures_of_a_chart_are_those_of_its_results() {
    let small = Case { bins: 4, batches: 3, ..TYPICAL };
    let intervals = [0, 10, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 1_000_000.0].map(|it| json!(it));
    let one_axis = sweep(small, &[("batch_interval_ms", &intervals)]);
    let two_axes = sweep(small, &[("rate", &rates), ("batch_interval_ms", &intervals)]);
    for result in [result(small), one_axis, two_axes] {
        for chart in chart::all(&result).unwrap() {
            insta::assert_snapshot!(format!("figures_of_{}", chart.stem), chart.data().unwrap());
        }
    }
}

#[test]
fn sweeps_are_curves_or_maps() {
    let intervals = [0, 10, 100, 1_000].map(|it| json!(it));
    let rates = [10_000.0, 100_000.0, 1_000_000.0].map(|it| json!(it));
    let modes = ["uniform", "zipf", "hot-set"].map(|it| json!(it));
    for case in CASES {
        for (axes, stem) in [
            (vec![("batch_interval_ms", &intervals[..])], "latency-by-batch-interval"),
            (vec![("buffer_timeout_ms", &intervals[..])], "latency-by-buffer-timeout"),
            (vec![("rate", &rates[..])], "rate-latency-curve"),
            (vec![("key_distribution", &modes[..])], "sweep"),
            (vec![("rate", &rates[..]), ("batch_interval_ms", &intervals[..])], "crossover-map"),
        ] {
            let names: Vec<&str> = axes.iter().map(|axis| axis.0).collect();
            let folder = format!("{} over {}", case.name, names.join(" and "));
            let charts = draw(&folder, &sweep(case, &axes));
            assert_eq!(charts.len(), 1, "{}", case.name);
            assert_eq!(charts[0].stem, stem, "{}", case.name);
        }
    }
}

/// The typical chart of that name, damaged, and then checked.
fn check_damaged(stem: &str, damage: impl Fn(&str) -> String) {
    let charts = chart::all(&result(TYPICAL)).unwrap();
    let chart = charts.into_iter().find(|it| it.stem == stem).expect(stem);
    let svg = damage(&chart.svg);
    assert_ne!(svg, chart.svg, "it is damaged");
    check_chart("damaged", &Chart { svg, ..chart });
}

const BARS: &str = "keyed-count-throughput";
const PARTS: &str = "keyed-count-latency-latency-parts";
/// A part of a bar in the typical drawing of [`PARTS`], and another of them.
const PART: &str = "height=\"88\" opacity=\"1\" fill=\"#E69F00\"";
const OTHER: &str = "height=\"88\" opacity=\"1\" fill=\"#56B4E9\"";

#[test]
#[should_panic(expected = "covers")]
fn texts_that_overlap_are_noticed() {
    check_damaged(BARS, |svg| {
        let label = |nth: usize| {
            let node = svg.split("<text ").nth(nth).unwrap();
            node.split(" dy=").next().unwrap().to_owned()
        };
        svg.replacen(&label(1), &label(2), 1)
    });
}

#[test]
#[should_panic(expected = "leaves the drawing")]
fn a_label_outside_the_drawing_is_noticed() {
    check_damaged(BARS, |svg| svg.replacen("<text x=\"64\"", "<text x=\"-64\"", 1));
}

#[test]
#[should_panic(expected = "Axis")]
fn a_tick_with_a_wrong_value_is_noticed() {
    check_damaged(BARS, |svg| svg.replacen("\n2\n</text>", "\n2.5\n</text>", 1));
}

#[test]
#[should_panic(expected = "has its label elsewhere")]
fn a_tick_beside_its_grid_line_is_noticed() {
    check_damaged(BARS, |svg| {
        svg.replacen("points=\"1567,", "points=\"1577,", 1).replacen(" 1567,", " 1577,", 1)
    });
}

#[test]
#[should_panic(expected = "is not in the colour of")]
fn parts_that_have_each_others_colour_are_noticed() {
    check_damaged(PARTS, |svg| svg.replace(PART, "@").replace(OTHER, PART).replace('@', OTHER));
}

#[test]
#[should_panic(expected = "nothing is drawn at")]
fn a_dot_that_is_missing_is_noticed() {
    check_damaged(BARS, |svg| {
        let kept = svg.lines().filter(|line| !line.starts_with("<circle"));
        kept.map(|line| format!("{line}\n")).collect()
    });
}

#[test]
fn a_sweep_says_who_is_ahead_where() {
    let result = sweep(TYPICAL, &[("rate", &[json!(1_000.0), json!(2_000.0)])]);
    let charts = draw("title", &result);
    assert!(charts[0].title.contains("p99 latency"), "{}", charts[0].title);
    assert!(charts[0].svg.contains("over\u{a0}rate"), "the subtitle names the axis");
    assert!(!charts[0].svg.contains("200,000"), "and not one of its values");
}

#[test]
fn a_sweep_of_one_variant_says_where_its_figure_goes() {
    let mut result = sweep(TYPICAL, &[("rate", &[json!(1_000.0), json!(2_000.0)])]);
    result.runs.retain(|run| run.variant == PIPELINED);
    let title = &draw("one variant", &result)[0].title;
    assert_eq!(title, "p99 latency of pipelined: 484 µs at rate=1,000, 433 µs at rate=2,000");
}

#[test]
fn values_can_be_pointed_at() {
    let charts = draw("tips", &result(TYPICAL));
    let histogram = charts.iter().find(|it| it.stem.ends_with("histogram")).unwrap();
    assert!(histogram.svg.contains("<title>pipelined: "), "a tip on every point");
    let anatomy = charts.iter().find(|it| it.stem.ends_with("batch-anatomy")).unwrap();
    assert!(anatomy.svg.contains("<title>batch 6: 4000 records, "), "{}", anatomy.svg);
}

#[test]
fn a_picture_has_twice_the_size() {
    let charts = draw("png", &result(TYPICAL));
    let chart = &charts[0];
    let picture = png(&chart.svg).unwrap();
    assert_eq!(&picture[1..4], b"PNG");
    let side = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    let height = chart.svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!((side(16), side(20)), (1_640, 2 * height.parse::<u32>().unwrap()));
    assert_eq!(png(&chart.svg).unwrap(), picture, "the same each time");
    assert!(png("no svg").is_err());
}
