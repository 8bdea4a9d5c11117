//! Draws the live view: a pure function of its panels.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use reports::words::units;
use reports::words::units::NO_FIGURE;

use super::panels::{Panel, Panels};
use crate::measure::snapshot::{FinishedWork, OngoingWork};
use crate::terminal::sparkline::sparkline;

/// Lines of a panel with its frame.
const PANEL_LINES: u16 = 8;
/// Notes that are shown.
const NOTES: usize = 3;
/// Width of the names in front of figures.
const NAMES: usize = 11;
/// The letters of a bar of a partition.
const BAR: usize = 10;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, panels: &Panels) {
    let count = panels.panels.len();
    let mut rows = vec![Constraint::Length(2)];
    rows.extend(std::iter::repeat_n(Constraint::Length(PANEL_LINES), count));
    rows.extend([Constraint::Fill(1), Constraint::Length(1)]);
    let areas = Layout::vertical(rows).split(frame.area());
    frame.render_widget(head(panels), areas[0]);
    for (panel, area) in panels.panels.iter().zip(&areas[1..]) {
        draw_panel(frame, panel, *area);
    }
    let notes = panels.notes.iter().rev().take(NOTES).rev();
    let notes: Vec<Line<'_>> = notes.map(|it| Line::raw(it.as_str())).collect();
    frame.render_widget(Paragraph::new(notes), areas[count + 1]);
    let hint = "Ctrl-C ends it and keeps what was measured";
    frame.render_widget(Paragraph::new(hint).style(faint()), areas[count + 2]);
}

fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn head(panels: &Panels) -> Paragraph<'_> {
    let (done, all) = panels.runs;
    let seconds = panels.elapsed.as_secs();
    let title = Style::new().add_modifier(Modifier::BOLD);
    Paragraph::new(vec![Line::from(vec![
        Span::styled(format!("[{done}/{all}] {}", panels.experiment), title),
        Span::raw(format!("  {}:{:02}  ", seconds / 60, seconds % 60)),
        Span::styled(panels.doing.as_str(), faint()),
    ])])
}

fn draw_panel(frame: &mut Frame<'_>, panel: &Panel, area: Rect) {
    let (state, colour) =
        if panel.is_running { ("running", Color::Green) } else { ("over", Color::DarkGray) };
    let (valid, all) = panel.valid;
    let title =
        format!(" {} · run {} {state} · {valid} of {all} valid ", panel.variant, panel.repeat + 1);
    let block = Block::bordered().title(title).border_style(Style::new().fg(colour));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines(panel, usize::from(inner.width))), inner);
}

fn lines(panel: &Panel, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(NAMES);
    let rate = panel.rates.last().copied().unwrap_or(0.0);
    let nanos = |it: Option<u64>| it.map_or(NO_FIGURE.to_owned(), |it| units::duration(it as f64));
    let progress = match panel.events {
        Some(events) => format!(
            "{} of {} events, {:.0} %",
            units::count(panel.read),
            units::count(events),
            panel.read as f64 * 100.0 / events.max(1) as f64
        ),
        None => format!("{} events", units::count(panel.read)),
    };
    let figures = format!("{}, backlog {}", units::rate(rate), units::count(panel.unread));
    let (p50, p99) = panel.latency_ns;
    vec![
        named("read", progress),
        named("rate", figures),
        named("", sparkline(&panel.rates, room)),
        named("latency", format!("p50 {}, p99 {}", nanos(p50), nanos(p99))),
        latest(panel),
        match panel.partitions.as_slice() {
            [] => named("splits", bars(&panel.splits, room)),
            partitions => named("partitions", bars(partitions, room)),
        },
    ]
}

fn named(name: &str, text: String) -> Line<'static> {
    Line::from(vec![Span::styled(format!("{name:<NAMES$}"), faint()), Span::raw(text)])
}

/// The newest batch or checkpoint that is complete; how long the one after it has been in progress,
/// or awaited.
fn latest(panel: &Panel) -> Line<'static> {
    let waiting = units::duration(panel.waiting.as_nanos() as f64);
    let begun = panel.begun.map(|begun| match begun {
        OngoingWork::Batch { id, offsets } => {
            ("batch", format!("{id} of {}", units::count(offsets)))
        }
        OngoingWork::Checkpoint { id } => ("checkpoint", id.to_string()),
    });
    let next = match &begun {
        _ if !panel.is_running => String::new(),
        Some((_, which)) => format!("; {which} running for {waiting}"),
        None => format!("; next awaited for {waiting}"),
    };
    match &panel.latest {
        None => match begun.filter(|_| panel.is_running) {
            Some((name, which)) => named(name, format!("{which} running for {waiting}")),
            None => named("", String::new()),
        },
        Some(FinishedWork::Batch { id, records, took_ns }) => named(
            "batch",
            format!(
                "{id}: {} records in {}{next}",
                units::count(*records),
                units::duration(*took_ns as f64)
            ),
        ),
        Some(FinishedWork::Checkpoint { id, bytes, took_ns }) => named(
            "checkpoint",
            format!(
                "{id}: {} in {}{next}",
                units::bytes(*bytes as f64),
                units::duration(*took_ns as f64)
            ),
        ),
    }
}

/// A bar and a share for each, as far as there is room, from 0 to the largest; after them how many
/// there are besides.
fn bars(loads: &[u64], room: usize) -> String {
    let total: u64 = loads.iter().sum();
    let largest = loads.iter().copied().max().unwrap_or(0).max(1);
    let bar = |load: &u64| {
        let filled = (*load as f64 / largest as f64 * BAR as f64).round() as usize;
        let share = *load as f64 * 100.0 / total.max(1) as f64;
        format!("{}{} {share:>3.0} %", "█".repeat(filled), "░".repeat(BAR - filled))
    };
    let each = BAR + 8;
    let fitting = (room / each).clamp(1, loads.len().max(1));
    let shown: Vec<String> = loads.iter().take(fitting).map(bar).collect();
    let besides = loads.len().saturating_sub(fitting);
    let more = if besides > 0 { format!(" +{besides}") } else { String::new() };
    format!("{}{more}", shown.join("  "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use reports::schema::{ExchangeLoad, RunResult};

    use super::super::{Panels, Step};
    use super::*;
    use crate::measure::snapshot::Snapshot;

    /// A session in which one engine is over and the other is on.
    fn session() -> Panels {
        let mut panels = Panels::new(10);
        panels.begin_named("latency of keyed-count", "pipelined", 0, Some(2_000));
        panels.end();
        let mut result = RunResult {
            experiment: "latency of keyed-count".into(),
            variant: "pipelined".into(),
            valid: true,
            records_in: 2_000,
            exchanges: vec![ExchangeLoad {
                exchange: "source -> count".into(),
                placement: "key-groups".into(),
                records: vec![1_500, 500],
                max_over_mean: 1.5,
                bytes: 0,
            }],
            ..RunResult::default()
        };
        result.latency_ns.from_planned.p50 = Some(1_200_000);
        panels.result(&result);
        panels.step(Step::Done);
        panels.begin_named("latency of keyed-count", "microbatch", 0, Some(2_000));
        for (look, read) in [(0, 0), (1, 100), (2, 400), (3, 600)] {
            let seen = Snapshot {
                read: vec![read, read],
                unread: 12,
                p50_ns: Some(50_000_000),
                p99_ns: None,
                latest: Some(FinishedWork::Batch { id: 6, records: 1_000, took_ns: 2_500_000 }),
                begun: (read > 400).then_some(OngoingWork::Batch { id: 7, offsets: 200 }),
            };
            panels.look(&seen, Duration::from_millis(look * 100));
        }
        panels.elapsed = Duration::from_secs(65);
        panels.note("invalid: keyed-count on pipelined: The engine did not keep up.");
        panels
    }

    fn drawn(panels: &Panels, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, panels)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn both_engines_are_shown() {
        let expected = "\
[1/10] latency of keyed-count  1:05

┌ pipelined · run 1 over · 1 of 1 valid ───────────────────────────────┐
│read       2,000 of 2,000 events, 100 %                               │
│rate       0 records/s, backlog 0                                     │
│                                                                      │
│latency    p50 1.20 ms, p99 –                                         │
│                                                                      │
│partitions ██████████  75 %  ███░░░░░░░  25 %                         │
└──────────────────────────────────────────────────────────────────────┘
┌ microbatch · run 1 running · 0 of 0 valid ───────────────────────────┐
│read       1,200 of 2,000 events, 60 %                                │
│rate       4,000 records/s, backlog 12                                │
│           ▃█▆                                                        │
│latency    p50 50.0 ms, p99 –                                         │
│batch      6: 1,000 records in 2.50 ms; 7 of 200 running for 0 ns     │
│splits     ██████████  50 %  ██████████  50 %                         │
└──────────────────────────────────────────────────────────────────────┘
invalid: keyed-count on pipelined: The engine did not keep up.

Ctrl-C ends it and keeps what was measured";
        let lines = drawn(&session(), 72, 21);
        let expected: Vec<&str> = expected.lines().collect();
        assert_eq!(lines, expected, "{}", lines.join("\n"));
    }

    #[test]
    fn any_terminal_is_large_enough() {
        let mut many = session();
        for variant in 0..30 {
            many.begin_named("latency of keyed-count", &format!("variant {variant}"), 0, None);
        }
        for panels in [session(), many, Panels::new(0)] {
            for (width, height) in [(1, 1), (10, 3), (40, 12), (72, 21), (300, 100)] {
                assert_eq!(drawn(&panels, width, height).len(), usize::from(height));
            }
        }
    }

    #[test]
    fn partitions_beyond_the_edge_are_counted() {
        assert_eq!(bars(&[3, 1, 0, 0], 40), "██████████  75 %  ███░░░░░░░  25 % +2");
        assert_eq!(bars(&[], 40), "");
        assert_eq!(bars(&[5], 0), "██████████ 100 %");
    }
}
